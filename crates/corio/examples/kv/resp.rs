//! RESP2, the wire format of Redis: requests in, replies out. Bytes only, no sockets.
//!
//! ```text
//!   *2\r\n $3\r\n GET\r\n $3\r\n key\r\n      a request: an array of bulk strings
//!   GET "a key"\r\n                           the same, inline: for people with telnet
//!   +OK  -ERR no  :7  $3\r\nabc  $-1  *2 …    replies: text, error, number, bytes, none, array
//! ```

mod number;

mod request;

mod reply;

pub use number::{append_integer, integer};
pub use reply::Reply;
pub use request::{Args, Parser, REQUEST_MAX};
