//! Apple's systems: no `accept4`, and a socket option instead of `MSG_NOSIGNAL`.

use std::io;

use rustix::net::{SendFlags, acceptfrom};
use socket2::SockRef;

use crate::kind::Listens;
use crate::socket;

/// The sockets have `SO_NOSIGPIPE`.
pub(crate) const SEND_FLAGS: SendFlags = SendFlags::empty();

/// The next connection, non-blocking and closed on exec.
pub(crate) fn accept<L: Listens>(listener: &L) -> io::Result<(L::Stream, L::Address)> {
    let (fd, address) = acceptfrom(listener)?;
    let options = SockRef::from(&fd);
    options.set_cloexec(true)?;
    options.set_nonblocking(true)?;
    options.set_nosigpipe(true)?;
    let stream = L::Stream::from(fd);
    let address = match address {
        Some(address) => L::address(Some(address))?,
        None => socket::peer(&stream)?,
    };
    Ok((stream, address))
}
