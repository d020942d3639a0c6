//! What the tests share: polling by hand, and streams that follow a script.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use corio_io::{AsyncRead, AsyncWrite};

pub(crate) use corio_base::park::block_on;

pub(crate) use crate::wakes::Wakes;

/// Polls `future` once, with a waker that does nothing.
pub(crate) fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// One attempt of a scripted stream.
pub(crate) enum Says {
    /// These bytes are read; so many are written.
    Bytes(&'static [u8]),
    Takes(usize),
    /// Not ready, once; it wakes at once.
    Waits,
    Fails(io::ErrorKind),
}

/// A stream that does what its two scripts say; at their ends it reads 0 bytes and takes all.
#[derive(Default)]
pub(crate) struct Scripted {
    pub(crate) reads: VecDeque<Says>,
    pub(crate) writes: VecDeque<Says>,
    pub(crate) written: Vec<u8>,
    pub(crate) flushes: usize,
    pub(crate) is_closed: bool,
}

impl Scripted {
    pub(crate) fn reading(reads: impl IntoIterator<Item = Says>) -> Scripted {
        Scripted { reads: reads.into_iter().collect(), ..Scripted::default() }
    }

    pub(crate) fn writing(writes: impl IntoIterator<Item = Says>) -> Scripted {
        Scripted { writes: writes.into_iter().collect(), ..Scripted::default() }
    }
}

impl AsyncRead for Scripted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        match self.reads.pop_front() {
            None => Poll::Ready(Ok(0)),
            Some(Says::Bytes(bytes)) => {
                let n = bytes.len().min(buffer.len());
                buffer[..n].copy_from_slice(&bytes[..n]);
                if n < bytes.len() {
                    self.reads.push_front(Says::Bytes(&bytes[n..]));
                }
                Poll::Ready(Ok(n))
            }
            Some(Says::Takes(_)) => unreachable!("a script of reads"),
            Some(Says::Waits) => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Some(Says::Fails(kind)) => Poll::Ready(Err(kind.into())),
        }
    }
}

impl AsyncWrite for Scripted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        assert!(!self.is_closed, "written after it was closed");
        let most = match self.writes.pop_front() {
            None => bytes.len(),
            Some(Says::Takes(most)) => most.min(bytes.len()),
            Some(Says::Bytes(_)) => unreachable!("a script of writes"),
            Some(Says::Waits) => {
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            Some(Says::Fails(kind)) => return Poll::Ready(Err(kind.into())),
        };
        self.written.extend_from_slice(&bytes[..most]);
        Poll::Ready(Ok(most))
    }

    fn poll_flush(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.flushes += 1;
        Poll::Ready(Ok(()))
    }

    fn poll_close(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.is_closed = true;
        Poll::Ready(Ok(()))
    }
}
