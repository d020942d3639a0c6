//! A file into a connection that a protocol reads at the other end.

#[cfg(feature = "tls")]
mod tls;

use std::io::ErrorKind;
use std::net::Shutdown;

use corio::net::TcpStream;
use corio::stream::Server;
use corio::stream::protocol::{Protocol, create_server};
use futures::io::AsyncReadExt;

use super::file;
use crate::recorder::{Recorder, Shared, much};
use crate::sockets::{HERE, soon, until};

/// A server whose connections do as `handler`'s, and a connection to it.
async fn served<P: Protocol>(handler: impl Fn() -> P + 'static) -> (Server, TcpStream) {
    let server = create_server(handler, HERE).await.unwrap();
    let stream = TcpStream::connect(server.local_addr().unwrap()).await.unwrap();
    (server, stream)
}

async fn recorded() -> (Shared, Server, TcpStream) {
    let recorder = Recorder::shared();
    let made = recorder.clone();
    let (server, stream) = served(move || made.clone()).await;
    (recorder, server, stream)
}

#[corio::test]
async fn test_sendfile() {
    let (recorder, server, mut stream) = recorded().await;
    soon(corio::io::copy(&mut file(), &mut stream)).await.unwrap();
    stream.shutdown(Shutdown::Write).await.unwrap();
    until(|| recorder.borrow().lost.is_some()).await;
    assert!(recorder.borrow().received == much());
    server.close();
}

#[corio::test]
async fn test_sendfile_partial() {
    let (recorder, server, mut stream) = recorded().await;
    let mut part = AsyncReadExt::take(file(), 1000);
    assert_eq!(soon(corio::io::copy(&mut part, &mut stream)).await.unwrap(), 1000);
    drop(stream);
    until(|| recorder.borrow().lost.is_some()).await;
    assert!(recorder.borrow().received == much()[..1000]);
    server.close();
}

/// Reads some and goes.
struct Leaving(Option<corio::stream::protocol::Transport>);

impl Protocol for Leaving {
    fn connection_made(&mut self, transport: corio::stream::protocol::Transport) {
        self.0 = Some(transport);
    }

    fn data_received(&mut self, _: &[u8]) {
        self.0.as_ref().unwrap().abort();
    }
}

#[corio::test]
async fn test_sendfile_close_peer_in_the_middle_of_receiving() {
    let (server, mut stream) = served(|| Leaving(None)).await;
    // Endless: as much as the system's buffers hold may be gone before the peer's end is known.
    let mut endless = futures::io::repeat(b'x');
    let mut copying = corio::io::copy(&mut endless, &mut stream);
    let error = soon(&mut copying).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe), "{error}");
    assert!(copying.copied() > 0);
    server.close();
}
