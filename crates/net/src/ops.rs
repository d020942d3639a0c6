//! The system calls of a stream, one each, and what each says about the next one.
//!
//! Called by the futures and the poll forms alike. None of them waits, and none retries.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::TcpStream;

use corio_reactor::After;
use rustix::buffer::spare_capacity;
use rustix::net::{RecvFlags, SendAncillaryBuffer};

use crate::sys::SEND_FLAGS;

/// What an attempt gives to [`corio_reactor::Io::with`].
pub(crate) type Attempt = io::Result<(usize, After)>;

#[inline]
pub(crate) fn recv(socket: &TcpStream, buffer: &mut [u8]) -> Attempt {
    let wanted = buffer.len();
    let (n, _) = rustix::net::recv(socket, buffer, RecvFlags::empty())?;
    Ok((n, After::stream(n, wanted)))
}

/// Reads into what the vector has room for; it must have some.
pub(crate) fn recv_spare(socket: &TcpStream, buffer: &mut Vec<u8>) -> Attempt {
    let wanted = buffer.capacity() - buffer.len();
    let (n, _) = rustix::net::recv(socket, spare_capacity(buffer), RecvFlags::empty())?;
    Ok((n, After::stream(n, wanted)))
}

pub(crate) fn recv_vectored(socket: &TcpStream, buffers: &mut [IoSliceMut<'_>]) -> Attempt {
    let wanted = buffers.iter().map(|buffer| buffer.len()).sum();
    let n = rustix::io::readv(socket, buffers)?;
    Ok((n, After::stream(n, wanted)))
}

/// Takes nothing out, so it never says that nothing is left.
pub(crate) fn peek(socket: &TcpStream, buffer: &mut [u8]) -> Attempt {
    let (n, _) = rustix::net::recv(socket, buffer, RecvFlags::PEEK)?;
    Ok((n, After::MaybeMore))
}

#[inline]
pub(crate) fn send(socket: &TcpStream, bytes: &[u8]) -> Attempt {
    let n = rustix::net::send(socket, bytes, SEND_FLAGS)?;
    Ok((n, After::stream(n, bytes.len())))
}

pub(crate) fn send_vectored(socket: &TcpStream, bytes: &[IoSlice<'_>]) -> Attempt {
    // More than the system takes in one call are left for the next one: a short write.
    let bytes = &bytes[..bytes.len().min(SLICES_MAX)];
    let wanted = bytes.iter().map(|slice| slice.len()).sum();
    let control = &mut SendAncillaryBuffer::default();
    let n = rustix::net::sendmsg(socket, bytes, control, SEND_FLAGS)?;
    Ok((n, After::stream(n, wanted)))
}

/// `IOV_MAX` of every Unix there is.
const SLICES_MAX: usize = 1024;
