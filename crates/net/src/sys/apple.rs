//! Apple's systems: no `accept4`, and a socket option (which std sets) instead of `MSG_NOSIGNAL`.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};

use rustix::net::SendFlags;

/// The sockets have `SO_NOSIGPIPE`.
pub(crate) const SEND_FLAGS: SendFlags = SendFlags::empty();

/// The next connection, non-blocking and closed on exec.
pub(crate) fn accept(listener: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
    let (stream, address) = listener.accept()?;
    stream.set_nonblocking(true)?;
    Ok((stream, address))
}
