//! Sockets made of descriptors and of std's sockets, and made into them again.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::sync::Barrier;
use std::task::{Context, Poll, Waker};

use corio_net::{TcpListener, TcpStream};
use corio_reactor::{Reactor, current};

use crate::util::{block_on, pair, poll_once};

fn std_pair() -> (OwnedFd, std::net::TcpStream) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let ours = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (ours.into(), listener.accept().unwrap().0)
}

#[cfg(target_os = "linux")]
fn regular_file() -> OwnedFd {
    File::open(std::env::current_exe().unwrap()).unwrap().into()
}

#[test]
fn to_std_and_back() {
    let (client, server) = pair();
    let number = client.as_raw_fd();
    let client = client.into_std();
    assert_eq!(client.as_raw_fd(), number);
    client.set_nonblocking(false).unwrap();
    let client = TcpStream::from_std(client).unwrap();
    let client = OwnedFd::from(client);
    let client = TcpStream::from(client);
    block_on(async {
        client.write_all(b"round").await.unwrap();
        assert_eq!(server.read(&mut [0; 8]).await.unwrap(), 5);
    });
}

#[test]
fn the_first_write_waits_for_no_loop() {
    let (ours, mut theirs) = std_pair();
    let ours = TcpStream::from_std(ours.into()).unwrap();
    assert!(poll_once(&mut ours.write_all(b"at once")).is_ready());
    let mut got = [0; 7];
    theirs.read_exact(&mut got).unwrap();
    assert_eq!(&got, b"at once");
}

#[test]
fn listeners_made_of_stds() {
    let accepts = |listener: TcpListener| {
        let address = listener.local_addr().unwrap();
        // It would hang here if the listener still blocked: nobody has connected yet.
        assert!(poll_once(&mut listener.accept()).is_pending());
        let client = std::net::TcpStream::connect(address).unwrap();
        let (_, from) = block_on(listener.accept()).unwrap();
        assert_eq!(from, client.local_addr().unwrap());
    };
    let bind = || std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    accepts(TcpListener::from_std(bind()).unwrap());
    accepts(TcpListener::from(OwnedFd::from(bind())));
}

#[test]
fn made_outside_a_loop_it_belongs_to_the_loop_of_its_first_use() {
    let (ours, mut theirs) = std_pair();
    let ours = TcpStream::from(ours);
    // What needs no waiting is no use.
    ours.set_nodelay(true).unwrap();
    ours.peer_addr().unwrap();

    let reactor = Reactor::new().unwrap();
    let installed = current::install(reactor.handle());
    assert_eq!(reactor.handle().registered(), 0);
    assert!(poll_once(&mut ours.read(&mut [0; 8])).is_pending());
    assert_eq!(reactor.handle().registered(), 1);
    drop((installed, reactor));

    // And to no other: that loop has ended.
    theirs.write_all(b"x").unwrap();
    let error = block_on(ours.read(&mut [0; 8])).unwrap_err();
    assert!(error.to_string().contains("has ended"), "{error}");
}

#[test]
fn two_threads_use_it_first_at_once_one_reads_and_one_writes() {
    for _ in 0..100 {
        let (ours, mut theirs) = std_pair();
        let ours = TcpStream::from(ours);
        let together = Barrier::new(2);
        std::thread::scope(|scope| {
            let read = scope.spawn(|| {
                together.wait();
                let mut answer = [0; 6];
                block_on(ours.read_exact(&mut answer)).unwrap();
                answer
            });
            scope.spawn(|| {
                together.wait();
                block_on(ours.write_all(b"question")).unwrap();
            });
            let mut question = [0; 8];
            theirs.read_exact(&mut question).unwrap();
            theirs.write_all(b"answer").unwrap();
            assert_eq!((&question, &read.join().unwrap()), (b"question", b"answer"));
        });
    }
}

// Other systems may wait for regular files, too.
#[cfg(target_os = "linux")]
#[test]
fn a_descriptor_that_nobody_can_wait_for_fails_at_each_use_and_says_why() {
    let stream = TcpStream::from(regular_file());
    let number = stream.as_raw_fd();
    let check = |error: std::io::Error| {
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        let text = error.to_string();
        assert!(text.contains(&format!("descriptor {number} could not be registered")), "{text}");
        assert!(text.contains("regular file"), "{text}");
    };
    let mut context = Context::from_waker(Waker::noop());
    check(block_on(stream.read(&mut [0; 8])).unwrap_err());
    check(block_on(stream.write_all(b"x")).unwrap_err());
    check(block_on(stream.readable()).unwrap_err());
    check(stream.try_read(&mut [0; 8]).unwrap_err());
    match stream.poll_read(&mut context, &mut [0; 8]) {
        Poll::Ready(Err(error)) => check(error),
        other => panic!("{other:?}"),
    }
    // The system says that it is no socket where it is asked.
    assert!(stream.peer_addr().is_err() && block_on(stream.shutdown(Shutdown::Write)).is_err());

    // It is whole and ours all the same.
    assert_eq!(stream.as_fd().as_raw_fd(), number);
    let mut file = File::from(OwnedFd::from(stream.into_std()));
    let mut magic = [0; 4];
    file.read_exact(&mut magic).unwrap();
    assert_eq!(&magic, b"\x7fELF");

    let listener = TcpListener::from(regular_file());
    assert_eq!(block_on(listener.accept()).unwrap_err().kind(), ErrorKind::Unsupported);
    assert_eq!(listener.try_accept().unwrap_err().kind(), ErrorKind::Unsupported);
    drop(listener);
    drop(TcpStream::from(regular_file()).into_split());
}

#[test]
fn taken_apart_before_its_first_use_it_is_non_blocking() {
    let (ours, _theirs) = std_pair();
    let mut ours = TcpStream::from(ours).into_std();
    assert_eq!(ours.read(&mut [0; 8]).unwrap_err().kind(), ErrorKind::WouldBlock);
}
