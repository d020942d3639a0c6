//! Tokio's `AsyncRead` and `AsyncWrite`, for libraries that ask for those.
//!
//! Only the traits: nothing of tokio runs, and the streams belong to the loops they belong to anyway.
//! They are the `futures_io` traits in `traits`, under other names.

use corio_base::{tokio_read, tokio_write};

use crate::kind::{Connection, Reads, Writes};
use crate::split::{OwnedReadHalf, OwnedWriteHalf, ReadHalf, WriteHalf};
use crate::stream::ByteStream;

tokio_read!([S: Reads] ByteStream<S>);
tokio_write!([S: Writes] ByteStream<S>, vectored: true);
tokio_read!([S: Reads] &ByteStream<S>);
tokio_write!([S: Writes] &ByteStream<S>, vectored: true);
tokio_read!([S: Connection] ReadHalf<'_, S>);
tokio_write!([S: Connection] WriteHalf<'_, S>, vectored: true);
tokio_read!([S: Connection] OwnedReadHalf<S>);
tokio_write!([S: Connection] OwnedWriteHalf<S>, vectored: true);
