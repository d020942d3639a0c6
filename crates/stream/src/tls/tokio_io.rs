//! Tokio's `AsyncRead` and `AsyncWrite` of a TLS stream, over whatever has the traits of `futures_io`.
//!
//! Only the traits: nothing of tokio runs, and what is read and written belongs to the loop or the pool it
//! belongs to anyway.

use corio_base::{tokio_read, tokio_write};
use futures_io::{AsyncRead, AsyncWrite};

use super::TlsStream;

tokio_read!([S: AsyncRead + AsyncWrite + Unpin] TlsStream<S>);
tokio_write!([S: AsyncRead + AsyncWrite + Unpin] TlsStream<S>, vectored: true);
