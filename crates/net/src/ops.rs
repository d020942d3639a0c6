//! The system calls of a stream, one each, and what each says about the next one.
//!
//! Sockets have calls of their own, pipes are read and written as files: `Kind::IS_SOCKET` decides,
//! when the program is compiled.
//!
//! Called by the futures and the poll forms alike. None of them waits, and none retries.

use std::io::{self, IoSlice, IoSliceMut};
use std::ops::Range;
use std::os::fd::AsFd;

use corio_reactor::After;
use rustix::buffer::spare_capacity;
use rustix::net::{RecvAncillaryBuffer, RecvFlags, ReturnFlags, SendAncillaryBuffer};

use crate::kind::{Reads, ShortRead, Socket, Writes};
use crate::sys::SEND_FLAGS;

/// How much one call moves at most, what the system copies in some 60 µs: asked for more, and with a peer at
/// the other end that is as fast, it would go on, and the loop with all its tasks would stand still; beside
/// this another call costs next to nothing. Not where there is one call by nature: into a vector's room.
pub(crate) const MOVED_PER_CALL_MAX: usize = 256 * 1024;

/// What an attempt gives to [`corio_reactor::Io::with`].
pub(crate) type Attempt = io::Result<(usize, After)>;

#[inline]
pub(crate) fn recv<S: Reads>(source: &S, buffer: &mut [u8]) -> Attempt {
    let wanted = buffer.len().min(MOVED_PER_CALL_MAX);
    let buffer = &mut buffer[..wanted];
    if S::SHORT_READ == ShortRead::DrainedUnlessPassed {
        return recv_unless_passed(source, &mut [IoSliceMut::new(buffer)]);
    }
    let n = if S::IS_SOCKET {
        rustix::net::recv(source, buffer, RecvFlags::empty())?.0
    } else {
        rustix::io::read(source, buffer)?
    };
    Ok((n, after::<S>(n, wanted)))
}

/// Reads into what the vector has room for; it must have some.
pub(crate) fn recv_spare<S: Reads>(source: &S, buffer: &mut Vec<u8>) -> Attempt {
    let wanted = buffer.capacity() - buffer.len();
    let n = if S::IS_SOCKET {
        rustix::net::recv(source, spare_capacity(buffer), RecvFlags::empty())?.0
    } else {
        rustix::io::read(source, spare_capacity(buffer))?
    };
    Ok((n, after::<S>(n, wanted)))
}

/// What a read says that says no more than how much it brought.
#[inline]
fn after<S: Reads>(n: usize, wanted: usize) -> After {
    match S::SHORT_READ {
        ShortRead::Drained => After::stream(n, wanted),
        ShortRead::DrainedUnlessPassed | ShortRead::Nothing => After::MaybeMore,
    }
}

/// Reads from a Unix socket. Descriptors that the peer has passed are closed by the system, and so is the
/// read by them: the call says that something besides the bytes had no room.
pub(crate) fn recv_unless_passed(socket: impl AsFd, buffers: &mut [IoSliceMut<'_>]) -> Attempt {
    let wanted = buffers.iter().map(|buffer| buffer.len()).sum();
    let control = &mut RecvAncillaryBuffer::default();
    let message = rustix::net::recvmsg(socket, buffers, control, RecvFlags::empty())?;
    let after = match message.flags.contains(ReturnFlags::CTRUNC) {
        true => After::MaybeMore,
        false => After::stream(message.bytes, wanted),
    };
    Ok((message.bytes, after))
}

pub(crate) fn recv_vectored<S: Reads>(source: &S, buffers: &mut [IoSliceMut<'_>]) -> Attempt {
    // A short read says that nothing is left only if the system took all the buffers.
    let taken = one_call(buffers.iter().map(|buffer| buffer.len()));
    let buffers = &mut buffers[taken];
    if let [one] = buffers {
        return recv(source, one);
    }
    if S::SHORT_READ == ShortRead::DrainedUnlessPassed {
        return recv_unless_passed(source, buffers);
    }
    let wanted = buffers.iter().map(|buffer| buffer.len()).sum();
    let n = rustix::io::readv(source, buffers)?;
    Ok((n, after::<S>(n, wanted)))
}

/// Takes nothing out, so it never says that nothing is left.
pub(crate) fn peek<S: Socket>(socket: &S, buffer: &mut [u8]) -> Attempt {
    let (n, _) = rustix::net::recv(socket, buffer, RecvFlags::PEEK)?;
    Ok((n, After::MaybeMore))
}

#[inline]
pub(crate) fn send<S: Writes>(target: &S, bytes: &[u8]) -> Attempt {
    let bytes = &bytes[..bytes.len().min(MOVED_PER_CALL_MAX)];
    let n = if S::IS_SOCKET {
        rustix::net::send(target, bytes, SEND_FLAGS)?
    } else {
        rustix::io::write(target, bytes)?
    };
    Ok((n, After::stream(n, bytes.len())))
}

pub(crate) fn send_vectored<S: Writes>(target: &S, bytes: &[IoSlice<'_>]) -> Attempt {
    let bytes = &bytes[one_call(bytes.iter().map(|slice| slice.len()))];
    if let [one] = bytes {
        return send(target, one);
    }
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
/// with one that is not empty, lest a call that moves nothing look like the end. More than
/// [`MOVED_PER_CALL_MAX`] bytes it takes of one slice alone, which is then to be cut.
fn one_call(mut lengths: impl ExactSizeIterator<Item = usize>) -> Range<usize> {
    let all = lengths.len();
    let Some((first, mut bytes)) = lengths.by_ref().enumerate().find(|(_, length)| *length > 0)
    else {
        return all..all;
    };
    let more = lengths.take(SLICES_MAX - 1).take_while(|length| {
        bytes = bytes.saturating_add(*length);
        bytes <= MOVED_PER_CALL_MAX
    });
    first..first + 1 + more.count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_call_takes_what_it_may_and_something_if_there_is_something() {
        const MAX: usize = MOVED_PER_CALL_MAX;
        let check = |lengths: &[usize], taken| {
            assert_eq!(one_call(lengths.iter().copied()), taken, "{lengths:?}");
        };
        check(&[], 0..0);
        check(&[0, 0], 2..2);
        check(&[0, 1, 0, 2], 1..4);
        check(&[2 * MAX, 1], 0..1);
        check(&[0, MAX, 0, 1], 1..3);
        check(&[1, MAX - 1, 1], 0..2);
        check(&[1, usize::MAX], 0..1);
        check(&[1; 2 * SLICES_MAX], 0..SLICES_MAX);
    }

    #[test]
    fn one_call_never_moves_more_than_it_may() {
        // A pipe whose buffer holds more, and a vector as large as that.
        let (reader, writer) = std::io::pipe().expect("it opens");
        let held = rustix::pipe::fcntl_setpipe_size(&writer, 4 * MOVED_PER_CALL_MAX);
        let bytes = vec![b'x'; 2 * MOVED_PER_CALL_MAX];
        let half = &bytes[..MOVED_PER_CALL_MAX];
        if held.is_err() {
            // Not every user may have so large a pipe.
            return;
        }
        let pipe = |result: Attempt| result.expect("there is room").0;
        assert_eq!(pipe(send(&writer, &bytes)), MOVED_PER_CALL_MAX);
        assert_eq!(
            pipe(send_vectored(&writer, &[IoSlice::new(&bytes), IoSlice::new(half)])),
            MOVED_PER_CALL_MAX,
        );
        let mut room = vec![0; 2 * MOVED_PER_CALL_MAX];
        assert_eq!(pipe(recv(&reader, &mut room)), MOVED_PER_CALL_MAX);
        assert_eq!(
            pipe(recv_vectored(&reader, &mut [IoSliceMut::new(&mut room)])),
            MOVED_PER_CALL_MAX,
        );
    }
}
