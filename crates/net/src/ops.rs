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

/// Sends what is left of `bytes` after the first `written`, and counts it there, until the system
/// takes no more (`WouldBlock`) or all of it is sent.
#[inline]
pub(crate) fn send_all(
    bytes: &[u8],
    written: &mut usize,
    mut send: impl FnMut(&[u8]) -> Attempt,
) -> io::Result<((), After)> {
    let mut after = After::MaybeMore;
    while *written < bytes.len() {
        let (n, said) = send(&bytes[*written..])?;
        if n == 0 {
            return Err(took_nothing(bytes.len() - *written));
        }
        *written += n;
        after = said;
    }
    Ok(((), after))
}

/// A socket never says that it took nothing of something; a loop that trusts it would never end.
#[cold]
fn took_nothing(left: usize) -> io::Error {
    let message = format!("the system took none of the {left} bytes that were left to write");
    io::Error::new(io::ErrorKind::WriteZero, message)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sending_all_counts_on_from_where_it_was_held_up() {
        let mut sent = Vec::new();
        let mut room = 3;
        let mut written = 0;
        let mut send = |rest: &[u8]| {
            let n = rest.len().min(room).min(2);
            room -= n;
            if n == 0 {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            sent.extend_from_slice(&rest[..n]);
            Ok((n, After::stream(n, rest.len())))
        };
        let error = send_all(b"abcdef", &mut written, &mut send).unwrap_err();
        assert_eq!((error.kind(), written), (io::ErrorKind::WouldBlock, 3));
        let mut send = |rest: &[u8]| {
            sent.extend_from_slice(rest);
            Ok((rest.len(), After::MaybeMore))
        };
        send_all(b"abcdef", &mut written, &mut send).unwrap();
        assert_eq!((&sent[..], written), (&b"abcdef"[..], 6));
    }

    #[test]
    fn a_system_that_takes_nothing_ends_a_write_with_its_numbers() {
        let mut written = 0;
        let mut takes = [2, 0].into_iter();
        let send = |_: &[u8]| Ok((takes.next().expect("it ends"), After::MaybeMore));
        let error = send_all(b"abcdef", &mut written, send).unwrap_err();
        assert_eq!((error.kind(), written), (io::ErrorKind::WriteZero, 2));
        assert!(error.to_string().contains("4 bytes"), "{error}");
    }
}
