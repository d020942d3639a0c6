//! Byte streams over the `futures_io` traits, in any executor: copying, frames, and a stream in memory.
//!
//! ```
//! use corio_io::prelude::*;
//!
//! # fn main() -> std::io::Result<()> {
//! # corio_base::park::block_on(async {
//! let (mut near, far) = corio_io::duplex(64);
//! near.write_all(b"one\ntwo\n").await?;
//! drop(near);
//!
//! let mut lines = corio_io::BufReader::new(far).lines();
//! while let Some(line) = lines.next().await {
//!     println!("{}", line?);
//! }
//! # Ok(())
//! # })
//! # }
//! ```
//!
//! | to | use |
//! |---|---|
//! | move all bytes of one stream into another | [`copy`], [`copy_buf`] |
//! | join two connections, as a proxy does | [`copy_bidirectional`] |
//! | test a protocol without sockets | [`duplex`] |
//! | read and write messages | [`Framed`], [`FramedRead`], [`FramedWrite`] with [`Lines`] or [`LengthDelimited`] |
//! | make few large reads and writes out of many small ones | [`BufReader`], [`BufWriter`], [`LineWriter`] |
//! | know the system's number of an error that says more | [`raw_os_error`] |
//! | have ends of pipes that do nothing | [`empty`], [`sink`], [`repeat`] |
//!
//! What the futures crates keep well is theirs: the buffers and the small streams are re-exported from
//! `futures-util`, and so are the extension traits, in [`prelude`], with `read_exact`, `write_all`, `split`
//! and their like. Three things about them are worth knowing:
//!
//! - `read_line` loses what it has read so far when it is dropped half-way. `lines()` and
//!   [`FramedRead`] keep it: poll them in a `select!`, not `read_line`.
//! - `lines()` and `read_until` take lines of any length. Where the peer is not trusted, take
//!   [`Lines::max`].
//! - A dropped [`BufWriter`] throws away what it has not written: `flush` or `close` it first.
//!
//! | module | what it is |
//! |---|---|
//! | `pump` | one direction of a copy |
//! | `copy` | [`copy`] |
//! | `bidirectional` | [`copy_bidirectional`], and [`CopyError`] |
//! | `duplex` | [`duplex`] |
//! | `os_error` | [`raw_os_error`] |
//! | [`framed`] | frames: the contract of a codec, two codecs, and the streams of frames |
//! | [`future`] | the futures by name |
#![forbid(unsafe_code)]

mod bidirectional;
mod copy;
mod pump;

mod duplex;
pub mod framed;

mod deeds;
mod os_error;

pub use bidirectional::{CopyError, Side, copy_bidirectional, copy_bidirectional_with_capacity};
pub use copy::{copy, copy_with_capacity};
pub use duplex::{DuplexStream, duplex};
pub use framed::{Framed, FramedRead, FramedWrite, LengthDelimited, Lines};
pub use os_error::raw_os_error;
pub use pump::COPY_BUFFER_BYTES;

#[doc(no_inline)]
pub use futures_io::{AsyncBufRead, AsyncRead, AsyncSeek, AsyncWrite};
#[doc(no_inline)]
pub use futures_util::io::{
    AllowStdIo, AsyncBufReadExt, AsyncReadExt, AsyncSeekExt, AsyncWriteExt, BufReader, BufWriter,
    Cursor, Empty, LineWriter, Repeat, Sink, copy_buf, empty, repeat, sink,
};

/// The traits with the methods: `use corio_io::prelude::*`.
///
/// Those that take a value by itself, as `lines` and `take` do, hide a type's own methods of that name that only
/// borrow: `(&mut reader).lines()` is the own one again.
pub mod prelude {
    #[doc(no_inline)]
    pub use futures_util::io::{
        AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncSeek, AsyncSeekExt,
        AsyncWrite, AsyncWriteExt,
    };
    #[doc(no_inline)]
    pub use futures_util::{Sink, SinkExt, Stream, StreamExt};
}

/// The futures of this crate, by name, to be kept in a field. All are `Unpin`.
pub mod future {
    pub use crate::bidirectional::CopyBidirectional;
    pub use crate::copy::Copy;
    pub use crate::duplex::{Read, Write, WriteAll};
}
