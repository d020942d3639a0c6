//! Unix sockets: connections and datagrams between processes of one machine.
//!
//! | file | what it is |
//! |---|---|
//! | `address` | paths, abstract names, and the system's form of both |
//! | `file` | the file that a bound socket leaves behind, and who removes it |
//! | `stream` | [`UnixStream`]: connecting, pairs |
//! | `peer` | [`UCred`]: who the peer is |
//! | `listener` | [`UnixListener`]: binding |
//! | `datagram` | [`UnixDatagram`]: binding, and sending to a path |

pub(crate) mod address;
mod file;

mod datagram;
mod listener;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod peer;
mod stream;

pub use datagram::UnixDatagram;
pub use listener::UnixListener;
#[cfg(any(target_os = "linux", target_os = "android"))]
pub use peer::UCred;
pub use stream::UnixStream;

pub(crate) use file::SocketFile;
pub(crate) use stream::begin;
