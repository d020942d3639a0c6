//! Systems that have `accept4` and `MSG_NOSIGNAL`.

use std::io;

use rustix::net::{SendFlags, SocketFlags, acceptfrom_with};

use crate::kind::Listens;
use crate::socket;

/// A peer that has gone is an error of the write, not the end of the process.
pub(crate) const SEND_FLAGS: SendFlags = SendFlags::NOSIGNAL;

/// The next connection, non-blocking and closed on exec, in one system call.
pub(crate) fn accept<L: Listens>(listener: &L) -> io::Result<(L::Stream, L::Address)> {
    let (fd, address) = acceptfrom_with(listener, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC)?;
    let stream = L::Stream::from(fd);
    let address = match address {
        Some(address) => L::address(Some(address))?,
        None => socket::peer(&stream)?,
    };
    Ok((stream, address))
}
