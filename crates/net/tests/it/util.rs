//! What the tests share.

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll, Waker};

use corio_net::{ConnectError, TcpListener, TcpStream};
use rustix::io::Errno;

pub(crate) use corio_base::park::block_on;

pub(crate) use crate::folder::Folder;

/// Any port of this machine.
pub(crate) fn any_port() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

/// A listener and its address.
pub(crate) fn listen() -> (TcpListener, SocketAddr) {
    let listener = block_on(TcpListener::bind(any_port())).expect("a port is free");
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// Both ends of a connection, ours.
pub(crate) fn pair() -> (TcpStream, TcpStream) {
    let (listener, address) = listen();
    block_on(async {
        let client = TcpStream::connect(address).await.expect("it connects");
        let (server, _) = listener.accept().await.expect("it accepts");
        (client, server)
    })
}

/// One end ours, the other std's.
pub(crate) fn pair_with_std() -> (TcpStream, std::net::TcpStream) {
    let (ours, theirs) = pair();
    let theirs = theirs.into_std();
    theirs.set_nonblocking(false).unwrap();
    (ours, theirs)
}

/// Polls `future` once, with a waker that does nothing.
pub(crate) fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    std::pin::Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// The system's number of `error`, or of what it is about.
pub(crate) fn errno(error: &io::Error) -> Option<Errno> {
    if let Some(connect) = error.get_ref().and_then(|inner| inner.downcast_ref::<ConnectError>()) {
        return errno(&connect.attempts().first()?.1);
    }
    let source = error.source().and_then(|source| source.downcast_ref());
    Errno::from_io_error(source.unwrap_or(error))
}
