//! One attempt: a socket, bound to an address of ours if one is asked for, and connected.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use corio_reactor::Io;
use socket2::Socket;

use crate::about::about;
use crate::socket;
use crate::tcp::{self, TcpStream};

/// Connects to `address` from the first of `local` that has its family and can be had.
///
/// # Cancel safety
/// Dropped, the attempt is given up and the socket closed.
pub(super) async fn connect(
    address: SocketAddr,
    local: Arc<[SocketAddr]>,
) -> io::Result<TcpStream> {
    let socket = tcp::begin_after(address, |socket| bind(socket, address, &local))?;
    // Only now registered, so that the first edge is the end of the attempt and not the hang-up that a
    // socket shows before it has tried.
    let io = Io::new(socket)?;
    io.writable().await?;
    match socket::take_error(io.get_ref())? {
        Some(error) => Err(error),
        None => Ok(TcpStream { io }),
    }
}

fn bind(socket: &Socket, address: SocketAddr, local: &[SocketAddr]) -> io::Result<()> {
    if local.is_empty() {
        return Ok(());
    }
    let mut failed = None;
    for local in local.iter().filter(|local| local.is_ipv4() == address.is_ipv4()) {
        match socket.bind(&(*local).into()) {
            Ok(()) => return Ok(()),
            Err(error) => failed = Some((local, error)),
        }
    }
    Err(match failed {
        Some((local, error)) => about(error, format_args!("cannot bind to {local} of our own")),
        None => io::Error::new(
            io::ErrorKind::InvalidInput,
            format!(
                "none of our own addresses ({local:?}) has the family of {address}: give one of it"
            ),
        ),
    })
}
