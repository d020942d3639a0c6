//! The system calls of a stream, one each, and what each says about the next one.
//!
//! Sockets have calls of their own, pipes are read and written as files: `Kind::IS_SOCKET` decides,
//! when the program is compiled.
//!
//! Called by the futures and the poll forms alike. None of them waits, and none retries.

use std::io::{self, IoSlice, IoSliceMut};
use std::ops::Range;

use corio_reactor::After;
use rustix::buffer::spare_capacity;
use rustix::net::{RecvFlags, SendAncillaryBuffer};

use crate::kind::{Reads, Socket, Writes};
use crate::sys::SEND_FLAGS;

/// What an attempt gives to [`corio_reactor::Io::with`].
pub(crate) type Attempt = io::Result<(usize, After)>;

#[inline]
pub(crate) fn recv<S: Reads>(source: &S, buffer: &mut [u8]) -> Attempt {
    let wanted = buffer.len();
    let n = if S::IS_SOCKET {
        rustix::net::recv(source, buffer, RecvFlags::empty())?.0
    } else {
        rustix::io::read(source, buffer)?
    };
    Ok((n, After::stream(n, wanted)))
}

/// Reads into what the vector has room for; it must have some.
pub(crate) fn recv_spare<S: Reads>(source: &S, buffer: &mut Vec<u8>) -> Attempt {
    let wanted = buffer.capacity() - buffer.len();
    let n = if S::IS_SOCKET {
        rustix::net::recv(source, spare_capacity(buffer), RecvFlags::empty())?.0
    } else {
        rustix::io::read(source, spare_capacity(buffer))?
    };
    Ok((n, After::stream(n, wanted)))
}

pub(crate) fn recv_vectored<S: Reads>(source: &S, buffers: &mut [IoSliceMut<'_>]) -> Attempt {
    // A short read says that nothing is left only if the system took all the buffers.
    let taken = one_call(buffers.iter().map(|buffer| buffer.len()));
    let buffers = &mut buffers[taken];
    let wanted = buffers.iter().map(|buffer| buffer.len()).sum();
    let n = rustix::io::readv(source, buffers)?;
    Ok((n, After::stream(n, wanted)))
}

/// Takes nothing out, so it never says that nothing is left.
pub(crate) fn peek<S: Socket>(socket: &S, buffer: &mut [u8]) -> Attempt {
    let (n, _) = rustix::net::recv(socket, buffer, RecvFlags::PEEK)?;
    Ok((n, After::MaybeMore))
}

#[inline]
pub(crate) fn send<S: Writes>(target: &S, bytes: &[u8]) -> Attempt {
    let n = if S::IS_SOCKET {
        rustix::net::send(target, bytes, SEND_FLAGS)?
    } else {
        rustix::io::write(target, bytes)?
    };
    Ok((n, After::stream(n, bytes.len())))
}

pub(crate) fn send_vectored<S: Writes>(target: &S, bytes: &[IoSlice<'_>]) -> Attempt {
    let bytes = &bytes[one_call(bytes.iter().map(|slice| slice.len()))];
    let wanted = bytes.iter().map(|slice| slice.len()).sum();
    let n = if S::IS_SOCKET {
        let control = &mut SendAncillaryBuffer::default();
        rustix::net::sendmsg(target, bytes, control, SEND_FLAGS)?
    } else {
        rustix::io::writev(target, bytes)?
    };
    Ok((n, After::stream(n, wanted)))
}

/// `IOV_MAX` of every Unix there is.
const SLICES_MAX: usize = 1024;

/// Which of the slices with these lengths one call takes; the others are left for the next one. Begins
/// with one that is not empty, lest a call that moves nothing look like the end.
fn one_call(mut lengths: impl ExactSizeIterator<Item = usize>) -> Range<usize> {
    let all = lengths.len();
    let first = lengths.position(|length| length > 0).unwrap_or(all);
    first..all.min(first + SLICES_MAX)
}
