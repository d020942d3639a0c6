//! Connecting: the system does it, and says "writable" when it is done or has failed.

use std::io;
use std::net::SocketAddr;

use corio_reactor::Io;
use rustix::io::Errno;
use socket2::{Domain, Protocol, Socket, Type};

use super::TcpStream;

impl TcpStream {
    /// Connects to `address`.
    ///
    /// # Errors
    /// `ConnectionRefused`, `TimedOut` and what else the system says.
    ///
    /// # Cancel safety
    /// Dropped, the attempt is given up and the socket closed.
    pub async fn connect(address: impl Into<SocketAddr>) -> io::Result<TcpStream> {
        let stream = begin(address.into())?;
        // Only now registered, so that the first edge is the end of the attempt and not the
        // hang-up that a socket shows before it has tried.
        let io = Io::new(stream)?;
        io.writable().await?;
        match io.get_ref().take_error()? {
            Some(error) => Err(error),
            None => Ok(TcpStream { io }),
        }
    }
}

/// A socket that is being connected.
fn begin(address: SocketAddr) -> io::Result<std::net::TcpStream> {
    let domain = Domain::for_address(address);
    let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    match socket.connect(&address.into()) {
        Ok(()) => {}
        // An interrupted attempt goes on by itself.
        Err(error)
            if matches!(
                Errno::from_io_error(&error),
                Some(Errno::INPROGRESS | Errno::INTR | Errno::WOULDBLOCK)
            ) => {}
        Err(error) => return Err(error),
    }
    Ok(socket.into())
}
