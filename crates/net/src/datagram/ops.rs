//! The system calls of a socket for datagrams, one each.
//!
//! Each moves one message, so none says what is left behind: readiness is cleared by `WouldBlock` only.

use std::io::{self, IoSliceMut};

use corio_reactor::After;
use rustix::buffer::spare_capacity;
use rustix::net::{RecvAncillaryBuffer, RecvFlags, ReturnFlags};

use super::receiving::Received;
use crate::kind::Datagrams;
use crate::sys::SEND_FLAGS;

/// What an attempt gives to [`corio_reactor::Io::with`].
pub(super) type Attempt<R> = io::Result<(R, After)>;

/// Whether a message that is received is taken out of the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Take {
    Out,
    /// It is left to be received again.
    Peek,
}

impl Take {
    fn flags(self) -> RecvFlags {
        match self {
            Take::Out => RecvFlags::empty(),
            Take::Peek => RecvFlags::PEEK,
        }
    }
}

pub(super) fn recv<S: Datagrams>(socket: &S, buffer: &mut [u8], take: Take) -> Attempt<usize> {
    let (n, _) = rustix::net::recv(socket, buffer, take.flags())?;
    Ok((n, After::MaybeMore))
}

/// Appends to the vector, which is first given room for `room` bytes.
pub(super) fn recv_buf<S: Datagrams>(
    socket: &S,
    buffer: &mut Vec<u8>,
    room: usize,
) -> Attempt<(usize, S::Address)> {
    buffer.reserve(room);
    let (n, _, from) = rustix::net::recvfrom(socket, spare_capacity(buffer), RecvFlags::empty())?;
    Ok(((n, S::address(from)?), After::MaybeMore))
}

pub(super) fn recv_from<S: Datagrams>(
    socket: &S,
    buffer: &mut [u8],
    take: Take,
) -> Attempt<(usize, S::Address)> {
    let (n, _, from) = rustix::net::recvfrom(socket, buffer, take.flags())?;
    Ok(((n, S::address(from)?), After::MaybeMore))
}

pub(super) fn recv_msg<S: Datagrams>(
    socket: &S,
    buffer: &mut [u8],
) -> Attempt<Received<S::Address>> {
    let mut slices = [IoSliceMut::new(buffer)];
    let control = &mut RecvAncillaryBuffer::default();
    let message = rustix::net::recvmsg(socket, &mut slices, control, RecvFlags::empty())?;
    let received = Received {
        len: message.bytes,
        from: S::address(message.address)?,
        truncated: message.flags.contains(ReturnFlags::TRUNC),
    };
    Ok((received, After::MaybeMore))
}

pub(super) fn send<S: Datagrams>(socket: &S, bytes: &[u8]) -> Attempt<usize> {
    Ok((rustix::net::send(socket, bytes, SEND_FLAGS)?, After::MaybeMore))
}

pub(super) fn send_to<S: Datagrams>(
    socket: &S,
    bytes: &[u8],
    to: &S::Destination,
) -> Attempt<usize> {
    Ok((rustix::net::sendto(socket, bytes, SEND_FLAGS, to)?, After::MaybeMore))
}
