//! Bad luck: no descriptors left, peers that reset or stall. Each is one operation's error, and what else
//! there is goes on.

use std::io::ErrorKind;
use std::time::Duration;

use corio_net::{TcpStream, UdpSocket, UnixDatagram, UnixListener, UnixStream, pipe};
use rustix::io::Errno;

use crate::util::{Folder, alone, any_port, block_on, hoard_descriptors, listen, pair_with_std};

#[test]
fn without_descriptors_making_a_socket_is_an_error_and_nothing_else_suffers() {
    const NAME: &str =
        "bad_luck::without_descriptors_making_a_socket_is_an_error_and_nothing_else_suffers";
    alone(NAME, || {
        let folder = Folder::new();
        let path = folder.file("listener");
        let (_tcp, address) = listen();
        let _unix = block_on(UnixListener::bind(&path)).unwrap();
        let (one, two) = UnixStream::pair().unwrap();
        let hoard = hoard_descriptors();
        let exhausted = |what: &str, error: std::io::Error| {
            assert_eq!(Errno::from_io_error(&error), Some(Errno::MFILE), "{what}: {error}");
        };
        block_on(async {
            exhausted("tcp", TcpStream::connect(address).await.unwrap_err());
            exhausted("unix", UnixStream::connect(&path).await.unwrap_err());
            exhausted("pair", UnixStream::pair().map(drop).unwrap_err());
            exhausted("udp", UdpSocket::bind(any_port()).await.unwrap_err());
            exhausted("bind", UnixListener::bind(folder.file("new")).await.unwrap_err());
            exhausted("unbound", UnixDatagram::unbound().unwrap_err());
            exhausted("pipe", pipe::pipe().map(drop).unwrap_err());
            one.write_all(b"we go on").await.unwrap();
            assert_eq!(two.read(&mut [0; 16]).await.unwrap(), 8);
        });
        assert!(!folder.file("new").exists(), "what could not be made left nothing behind");
        drop(hoard);
        block_on(async {
            TcpStream::connect(address).await.unwrap();
            UnixStream::connect(&path).await.unwrap();
        });
    });
}

#[test]
fn a_peer_that_resets_is_an_error_of_whoever_waits() {
    let (ours, theirs) = pair_with_std();
    let resets = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(5));
        rustix::net::sockopt::set_socket_linger(&theirs, Some(Duration::ZERO)).unwrap();
    });
    let mut buffer = [0; 8];
    let error = block_on(ours.read_exact(&mut buffer)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    resets.join().unwrap();
    assert_eq!(block_on(ours.write_all(b"x")).unwrap_err().kind(), ErrorKind::BrokenPipe);
}

#[test]
fn a_stalled_peer_holds_up_nobody_else() {
    let (stalled, _theirs) = pair_with_std();
    let (one, two) = UnixStream::pair().unwrap();
    let mut never = [0; 1];
    let mut waits = stalled.read(&mut never);
    assert!(crate::util::poll_once(&mut waits).is_pending());
    block_on(async {
        one.write_all(b"x").await.unwrap();
        assert_eq!(two.read(&mut [0; 2]).await.unwrap(), 1);
    });
}
