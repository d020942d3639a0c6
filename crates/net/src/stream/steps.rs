//! The operations of a stream, one step each: what a future and its poll form have in common.
//!
//! A future comes with a waiter of its own, a poll form with the one that all poll forms share;
//! nothing else tells them apart. What takes more than one attempt counts what it has done in the
//! caller's hand, so `Pending` forgets nothing. Each makes the attempts of `ops`; what has nothing to
//! move needs no readiness and waits for nothing.

use std::io::{self, IoSlice, IoSliceMut};
use std::task::{Context, Poll, ready};

use corio_reactor::Waiter;

use crate::kind::{Connection, Reads, Writes};
use crate::ops;

/// What a read into a full vector asks for at least: a page's worth, two short messages.
const READ_BUF_MIN: usize = 4096;
#[inline]
pub(crate) fn read<S: Reads>(
    waiter: &mut Waiter<'_, S>,
    context: &mut Context<'_>,
    buffer: &mut [u8],
) -> Poll<io::Result<usize>> {
    if buffer.is_empty() {
        return Poll::Ready(Ok(0));
    }
    waiter.poll_with(context, |socket| ops::recv(socket, buffer))
}

pub(crate) fn read_vectored<S: Reads>(
    waiter: &mut Waiter<'_, S>,
    context: &mut Context<'_>,
    buffers: &mut [IoSliceMut<'_>],
) -> Poll<io::Result<usize>> {
    if buffers.iter().all(|buffer| buffer.is_empty()) {
        return Poll::Ready(Ok(0));
    }
    waiter.poll_with(context, |socket| ops::recv_vectored(socket, buffers))
}

pub(crate) fn peek<S: Connection>(
    waiter: &mut Waiter<'_, S>,
    context: &mut Context<'_>,
    buffer: &mut [u8],
) -> Poll<io::Result<usize>> {
    if buffer.is_empty() {
        return Poll::Ready(Ok(0));
    }
    waiter.poll_with(context, |socket| ops::peek(socket, buffer))
}

pub(crate) fn read_buf<S: Reads>(
    waiter: &mut Waiter<'_, S>,
    context: &mut Context<'_>,
    buffer: &mut Vec<u8>,
) -> Poll<io::Result<usize>> {
    waiter.poll_with(context, |socket| {
        if buffer.len() == buffer.capacity() {
            buffer.reserve(READ_BUF_MIN);
        }
        ops::recv_spare(socket, buffer)
    })
}

/// One read an attempt: the budget of the task is asked before each, however fast the peer is.
pub(crate) fn read_exact<S: Reads>(
    waiter: &mut Waiter<'_, S>,
    context: &mut Context<'_>,
    buffer: &mut [u8],
    filled: &mut usize,
) -> Poll<io::Result<()>> {
    check_progress(*filled, buffer.len());
    while *filled < buffer.len() {
        let rest = &mut buffer[*filled..];
        // Not through `read`, so that the attempt of each is compiled into it.
        match ready!(waiter.poll_with(context, |source| ops::recv(source, rest)))? {
            0 => return Poll::Ready(Err(ended_early(*filled, buffer.len()))),
            n => *filled += n,
        }
    }
    Poll::Ready(Ok(()))
}

/// One read an attempt, as [`read_exact`].
pub(crate) fn read_to_end<S: Reads>(
    waiter: &mut Waiter<'_, S>,
    context: &mut Context<'_>,
    buffer: &mut Vec<u8>,
    appended: &mut usize,
) -> Poll<io::Result<usize>> {
    loop {
        match ready!(read_buf(waiter, context, buffer))? {
            0 => return Poll::Ready(Ok(*appended)),
            n => *appended += n,
        }
    }
}

#[inline]
pub(crate) fn write<S: Writes>(
    waiter: &mut Waiter<'_, S>,
    context: &mut Context<'_>,
    bytes: &[u8],
) -> Poll<io::Result<usize>> {
    if bytes.is_empty() {
        return Poll::Ready(Ok(0));
    }
    waiter.poll_with(context, |socket| ops::send(socket, bytes))
}

pub(crate) fn write_vectored<S: Writes>(
    waiter: &mut Waiter<'_, S>,
    context: &mut Context<'_>,
    bytes: &[IoSlice<'_>],
) -> Poll<io::Result<usize>> {
    if bytes.iter().all(|slice| slice.is_empty()) {
        return Poll::Ready(Ok(0));
    }
    waiter.poll_with(context, |socket| ops::send_vectored(socket, bytes))
}

/// One write an attempt, as [`read_exact`]; and no more in one poll than one call may move: for a peer that
/// reads as fast as this writes, the system takes all there is.
#[inline]
pub(crate) fn write_all<S: Writes>(
    waiter: &mut Waiter<'_, S>,
    context: &mut Context<'_>,
    bytes: &[u8],
    written: &mut usize,
) -> Poll<io::Result<()>> {
    check_progress(*written, bytes.len());
    let until = bytes.len().min(written.saturating_add(ops::MOVED_PER_CALL_MAX));
    while *written < until {
        let rest = &bytes[*written..until];
        // Not through `write`, as in `read_exact`.
        match ready!(waiter.poll_with(context, |target| ops::send(target, rest)))? {
            0 => return Poll::Ready(Err(took_nothing(bytes.len() - *written))),
            n => *written += n,
        }
    }
    if until < bytes.len() {
        context.waker().wake_by_ref();
        return Poll::Pending;
    }
    Poll::Ready(Ok(()))
}

/// A count that fits no buffer of this length is of another operation.
#[inline]
#[track_caller]
fn check_progress(done: usize, length: usize) {
    assert!(
        done <= length,
        "{done} of {length} bytes cannot have been moved: the count begins at 0 and stays with the \
         buffer it was begun with"
    );
}

#[cold]
fn ended_early(filled: usize, wanted: usize) -> io::Error {
    let message =
        format!("the stream ended after {filled} of the {wanted} bytes that were expected");
    io::Error::new(io::ErrorKind::UnexpectedEof, message)
}

/// A socket never says that it took nothing of something; a loop that trusts it would never end.
#[cold]
fn took_nothing(left: usize) -> io::Error {
    let message = format!("the system took none of the {left} bytes that were left to write");
    io::Error::new(io::ErrorKind::WriteZero, message)
}
