//! A proxy over real sockets: connecting by name, and `corio-io`'s copy between two connections.

use std::io::{Read, Write};
use std::net::{self, Shutdown};
use std::thread;
use std::time::Duration;

use corio_io::{CopyError, copy_bidirectional};
use corio_net::TcpStream;

use crate::util::{block_on, listen, pair_with_std};

/// What one connection through a proxy to `upstream` came to.
fn proxy(upstream: net::SocketAddr, client: impl FnOnce(net::TcpStream) + Send + 'static) -> Done {
    let (listener, address) = listen();
    let client = thread::spawn(move || client(net::TcpStream::connect(address).unwrap()));
    let done = block_on(async {
        let (mut down, _) = listener.accept().await.unwrap();
        let mut up = TcpStream::connect(("localhost", upstream.port())).await.unwrap();
        copy_bidirectional(&mut down, &mut up).await
    });
    client.join().unwrap();
    done
}

type Done = Result<(u64, u64), CopyError>;

#[test]
fn a_client_that_has_said_everything_hears_all_of_the_answer() {
    const MUCH: usize = 1 << 20;
    let upstream = net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = upstream.local_addr().unwrap();
    let server = thread::spawn(move || {
        let (mut stream, _) = upstream.accept().unwrap();
        let mut question = Vec::new();
        // Ends only if the proxy passes the end on.
        stream.read_to_end(&mut question).unwrap();
        stream.write_all(&vec![b'a'; MUCH]).unwrap();
        question
    });
    let done = proxy(address, |mut stream| {
        stream.write_all(&vec![b'q'; MUCH]).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        assert_eq!(answer.len(), MUCH);
    });
    assert_eq!(server.join().unwrap().len(), MUCH);
    assert_eq!(done.unwrap(), (MUCH as u64, MUCH as u64));
}

#[test]
fn a_reset_ends_the_copy_with_both_counts() {
    let (mut a, mut client) = pair_with_std();
    let (mut b, mut server) = pair_with_std();
    client.write_all(b"abc").unwrap();
    server.write_all(b"de").unwrap();
    let peers = thread::spawn(move || {
        let mut buffer = [0; 3];
        server.read_exact(&mut buffer).unwrap();
        client.read_exact(&mut buffer[..2]).unwrap();
        // Closed so, it is a reset and not an end.
        socket2::SockRef::from(&server).set_linger(Some(Duration::ZERO)).unwrap();
        drop(server);
        client
    });
    let done = block_on(copy_bidirectional(&mut a, &mut b));
    let _client = peers.join().unwrap();
    let error = done.unwrap_err();
    assert_eq!(error.side(), corio_io::Side::B);
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    assert_eq!(error.copied(), (3, 2));
}
