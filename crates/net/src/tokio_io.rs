//! Tokio's `AsyncRead` and `AsyncWrite`, for libraries that ask for those.
//!
//! Only the traits: nothing of tokio runs, and the streams belong to the loops they belong to anyway.
//! They are poll forms, as the `futures_io` traits in `traits`.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::kind::{Connection, Reads, Writes};
use crate::split::{OwnedReadHalf, OwnedWriteHalf, ReadHalf, WriteHalf};
use crate::stream::ByteStream;
use crate::traits::async_write;

/// The step of reading into tokio's buffer: the part of it that nothing was written to yet is zeroed,
/// once, and then read into.
fn read<S: Reads>(
    stream: &ByteStream<S>,
    context: &mut Context<'_>,
    buffer: &mut ReadBuf<'_>,
) -> Poll<io::Result<()>> {
    let n = ready!(stream.poll_read(context, buffer.initialize_unfilled()))?;
    buffer.advance(n);
    Poll::Ready(Ok(()))
}

macro_rules! async_read {
    ($type:ty, $bound:ident, $stream:ident => $whole:expr) => {
        impl<S: $bound> AsyncRead for $type {
            fn poll_read(
                self: Pin<&mut Self>,
                context: &mut Context<'_>,
                buffer: &mut ReadBuf<'_>,
            ) -> Poll<io::Result<()>> {
                let $stream = &*self;
                read(&$whole, context, buffer)
            }
        }
    };
}

macro_rules! writes {
    ($type:ty, $bound:ident, $stream:ident => $whole:expr) => {
        async_write!(poll_shutdown; $type, $bound, $stream => $whole;
            fn is_write_vectored(&self) -> bool {
                true
            }
        );
    };
}

async_read!(ByteStream<S>, Reads, stream => stream);
writes!(ByteStream<S>, Writes, stream => stream);
async_read!(&ByteStream<S>, Reads, stream => stream);
writes!(&ByteStream<S>, Writes, stream => stream);
async_read!(ReadHalf<'_, S>, Connection, half => half.0);
writes!(WriteHalf<'_, S>, Connection, half => half.0);
async_read!(OwnedReadHalf<S>, Connection, half => half.0);
writes!(OwnedWriteHalf<S>, Connection, half => half.stream);
