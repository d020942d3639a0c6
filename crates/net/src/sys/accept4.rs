//! Systems that have `accept4` and `MSG_NOSIGNAL`.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};

use rustix::net::{SendFlags, SocketFlags, acceptfrom_with};

/// A peer that has gone is an error of the write, not the end of the process.
pub(crate) const SEND_FLAGS: SendFlags = SendFlags::NOSIGNAL;

/// The next connection, non-blocking and closed on exec, in one system call.
pub(crate) fn accept(listener: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
    let (fd, address) = acceptfrom_with(listener, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC)?;
    let stream = TcpStream::from(fd);
    let address = match address {
        Some(address) => address.try_into()?,
        None => stream.peer_addr()?,
    };
    Ok((stream, address))
}
