//! What every socket can be asked, of whatever kind: its addresses, its error, its end; and how an
//! operation is tried.

use std::io;
use std::net::Shutdown;

use corio_reactor::{After, Direction, Io};
use rustix::io::Errno;
use socket2::SockRef;

use crate::kind::{Kind, Socket};

/// Its own address.
pub(crate) fn local<S: Socket>(socket: &S) -> io::Result<S::Address> {
    S::address(Some(rustix::net::getsockname(socket)?))
}

/// Its peer's.
pub(crate) fn peer<S: Socket>(socket: &S) -> io::Result<S::Address> {
    S::address(rustix::net::getpeername(socket)?)
}

/// Takes the error that waits at it.
pub(crate) fn take_error<S: Socket>(socket: &S) -> io::Result<Option<io::Error>> {
    SockRef::from(socket).take_error()
}

/// Shuts down reading, writing, or both.
pub(crate) fn shut_down<S: Kind>(socket: &S, how: Shutdown) -> io::Result<()> {
    match SockRef::from(socket).shutdown(how) {
        // The peer has reset the connection: it is as closed as it can be.
        Err(error) if Errno::from_io_error(&error) == Some(Errno::NOTCONN) => Ok(()),
        result => result,
    }
}

/// Tries `op` once, now; again only if a signal interrupted it.
pub(crate) fn try_io<S, R>(
    io: &Io<S>,
    direction: Direction,
    mut op: impl FnMut(&S) -> io::Result<(R, After)>,
) -> io::Result<R> {
    loop {
        match io.try_io(direction, &mut op) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result.map(|(output, _)| output),
        }
    }
}
