//! Bad luck: no descriptors left, peers that reset or stall. Each is one operation's error, and what else
//! there is goes on.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use corio_net::{TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixListener, UnixStream, pipe};
use rustix::io::Errno;

use crate::alone::alone;
use crate::limits::hoard_descriptors;
use crate::util::{Folder, any_port, block_on, errno, listen, pair_with_std, poll_once};

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
            assert_eq!(errno(&error), Some(Errno::MFILE), "{what}: {error}");
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
    let mut buffer = [0; 8];
    let mut read = ours.read_exact(&mut buffer);
    assert!(poll_once(&mut read).is_pending());
    rustix::net::sockopt::set_socket_linger(&theirs, Some(Duration::ZERO)).unwrap();
    drop(theirs);
    assert_eq!(block_on(read).unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert_eq!(block_on(ours.write_all(b"x")).unwrap_err().kind(), ErrorKind::BrokenPipe);
}

#[test]
fn a_stalled_peer_holds_up_nobody_else() {
    let (stalled, _theirs) = pair_with_std();
    let (one, two) = UnixStream::pair().unwrap();
    let mut never = [0; 1];
    let mut waits = stalled.read(&mut never);
    assert!(poll_once(&mut waits).is_pending());
    block_on(async {
        one.write_all(b"x").await.unwrap();
        assert_eq!(two.read(&mut [0; 2]).await.unwrap(), 1);
    });
}

#[test]
fn errors_say_what_and_with_whom() {
    let folder = Folder::new();
    let check = |error: std::io::Error, number: Errno, what: &str, whom: &str| {
        assert_eq!(errno(&error), Some(number), "{error}");
        assert_eq!(corio_io::raw_os_error(&error), Some(number.raw_os_error()), "{error}");
        let words = error.to_string();
        assert!(words.starts_with(what) && words.contains(whom), "{what} {whom}? {error}");
    };
    let (listener, address) = listen();
    let there = address.to_string();
    let udp = block_on(UdpSocket::bind(any_port())).unwrap();
    let missing = folder.file("missing").join("socket");
    let path = format!("{missing:?}");
    block_on(async {
        let error = TcpListener::bind(address).await.unwrap_err();
        check(error, Errno::ADDRINUSE, "cannot listen at ", &there);
        drop(listener);
        let error = TcpStream::connect(address).await.unwrap_err();
        check(error, Errno::CONNREFUSED, "cannot connect to ", &there);
        let error = UdpSocket::bind(udp.local_addr().unwrap()).await.unwrap_err();
        let there = udp.local_addr().unwrap().to_string();
        check(error, Errno::ADDRINUSE, "cannot bind a UDP socket to ", &there);
        let broadcast = SocketAddr::from(([255, 255, 255, 255], 9));
        let error = udp.connect(broadcast).unwrap_err();
        check(error, Errno::ACCESS, "cannot connect to ", "255.255.255.255:9");

        check(UnixStream::connect(&missing).await.unwrap_err(), Errno::NOENT, "cannot", &path);
        check(UnixListener::bind(&missing).await.unwrap_err(), Errno::NOENT, "cannot", &path);
        check(UnixDatagram::bind(&missing).await.unwrap_err(), Errno::NOENT, "cannot", &path);
        let socket = UnixDatagram::unbound().unwrap();
        check(socket.connect(&missing).unwrap_err(), Errno::NOENT, "cannot connect to ", &path);
    });
    #[cfg(target_os = "linux")]
    {
        let error = block_on(UnixStream::connect("\0nobody of corio-net")).unwrap_err();
        let name = r#"the abstract name "nobody of corio-net""#;
        check(error, Errno::CONNREFUSED, "cannot connect to ", name);
    }
}
