//! What the system tells once must not be lost: data with the end, half-close, reset, urgent data.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};

use corio_base::{Park, Wait};
use corio_reactor::{After, Direction, Io, Reactor, Ready};

use crate::util::{block_on, for_each_driver, register, settle, tcp_pair};

/// A stream read as `corio-net` reads: a short read counts as drained where the driver allows it.
async fn read(io: &Io<TcpStream>, buffer: &mut [u8]) -> std::io::Result<usize> {
    io.with(Direction::Read, |mut stream| {
        let n = stream.read(buffer)?;
        Ok((n, After::stream(n, buffer.len())))
    })
    .await
}

fn read_to_end(reactor: &mut Reactor, io: &Io<TcpStream>) -> std::io::Result<Vec<u8>> {
    block_on(reactor, async {
        let mut all = Vec::new();
        let mut buffer = [0; 64];
        loop {
            match read(io, &mut buffer).await? {
                0 => return Ok(all),
                n => all.extend_from_slice(&buffer[..n]),
            }
        }
    })
}

#[test]
fn data_and_end_in_one_edge() {
    for_each_driver(|reactor| {
        let (ours, mut theirs) = tcp_pair();
        let ours = register(reactor, ours);
        settle(reactor);
        theirs.write_all(b"last words").unwrap();
        drop(theirs);
        // Both are here before the reactor looks: there will be no second edge.
        std::thread::sleep(std::time::Duration::from_millis(5));
        assert_eq!(read_to_end(reactor, &ours).unwrap(), b"last words");
        // The end stays readable.
        assert_eq!(read_to_end(reactor, &ours).unwrap(), b"");
    });
}

#[test]
fn the_end_comes_after_the_data_was_seen_and_before_it_was_read() {
    for_each_driver(|reactor| {
        let (ours, mut theirs) = tcp_pair();
        let ours = register(reactor, ours);
        settle(reactor);
        theirs.write_all(b"data").unwrap();
        settle(reactor);
        drop(theirs);
        std::thread::sleep(std::time::Duration::from_millis(5));
        // The word says readable and nothing of the end; the short read clears it; the end is an
        // edge of its own that the reactor has yet to see.
        assert_eq!(read_to_end(reactor, &ours).unwrap(), b"data");
    });
}

#[test]
fn half_closed_the_other_direction_works_on() {
    for_each_driver(|reactor| {
        let (ours, mut theirs) = tcp_pair();
        let ours = register(reactor, ours);
        theirs.write_all(b"request").unwrap();
        theirs.shutdown(Shutdown::Write).unwrap();
        assert_eq!(read_to_end(reactor, &ours).unwrap(), b"request");
        let sent = block_on(reactor, ours.write_with(|mut stream| stream.write(b"response")));
        assert_eq!(sent.unwrap(), 8);
        ours.get_ref().shutdown(Shutdown::Write).unwrap();
        let mut response = Vec::new();
        theirs.read_to_end(&mut response).unwrap();
        assert_eq!(response, b"response");
    });
}

#[test]
fn a_reset_ends_the_wait_with_its_error() {
    for_each_driver(|reactor| {
        let (ours, theirs) = tcp_pair();
        let ours = register(reactor, ours);
        settle(reactor);
        reset(theirs);
        let mut buffer = [0; 8];
        let error = block_on(reactor, read(&ours, &mut buffer)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    });
}

/// Closes a connection with a reset instead of an end.
fn reset(stream: TcpStream) {
    rustix::net::sockopt::set_socket_linger(&stream, Some(std::time::Duration::ZERO)).unwrap();
    drop(stream);
}

#[test]
fn urgent_data_does_not_hide_what_follows_it() {
    for_each_driver(|reactor| {
        let (ours, mut theirs) = tcp_pair();
        let ours = register(reactor, ours);
        settle(reactor);
        theirs.write_all(b"ab").unwrap();
        rustix::net::send(&theirs, b"!", rustix::net::SendFlags::OOB).unwrap();
        theirs.write_all(b"cd").unwrap();
        std::thread::sleep(std::time::Duration::from_millis(5));
        // A read stops short at the urgent mark although more is here, and no edge will come.
        let got = block_on(reactor, async {
            let mut got = Vec::new();
            let mut buffer = [0; 64];
            while got.len() < 4 {
                let n = read(&ours, &mut buffer).await.unwrap();
                got.extend_from_slice(&buffer[..n]);
            }
            got
        });
        assert_eq!(got, b"abcd");
    });
}

#[test]
fn a_writer_waits_for_its_reader() {
    for_each_driver(|reactor| {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
        let ours = register(reactor, ours);
        const TOTAL: usize = 4 << 20;
        let reader = std::thread::spawn(move || {
            let mut theirs = theirs;
            let mut all = Vec::new();
            theirs.read_to_end(&mut all).unwrap();
            all.len()
        });
        let bytes = vec![7; TOTAL];
        block_on(reactor, async {
            let mut sent = 0;
            while sent < TOTAL {
                let rest = &bytes[sent..];
                let n = ours.with(Direction::Write, |mut stream| {
                    let n = stream.write(rest)?;
                    Ok((n, After::stream(n, rest.len())))
                });
                sent += n.await.unwrap();
            }
        });
        drop(ours);
        assert_eq!(reader.join().unwrap(), TOTAL);
    });
}

#[test]
fn the_writer_of_a_pipe_hears_that_its_reader_has_gone() {
    for_each_driver(|reactor| {
        let (theirs, ours) = std::io::pipe().unwrap();
        let ours = register(reactor, ours);
        // Fill it, so that the writer has to wait.
        block_on(reactor, ours.writable()).unwrap();
        while ours.try_io(Direction::Write, |mut pipe| pipe.write(&[0; 4096])).is_ok() {}
        settle(reactor);
        drop(theirs);
        let error = block_on(reactor, ours.write_with(|mut pipe| pipe.write(b"x"))).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    });
}

#[test]
fn a_thousand_descriptors_become_ready_at_once() {
    raise_descriptor_limit();
    for_each_driver(|reactor| {
        let mut pairs = Vec::new();
        for _ in 0..1000 {
            let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
            pairs.push((register(reactor, ours), theirs));
        }
        settle(reactor);
        for (_, theirs) in &mut pairs {
            theirs.write_all(b"x").unwrap();
        }
        let reads =
            pairs.iter().map(|(ours, _)| ours.read_with(|mut stream| stream.read(&mut [0; 8])));
        let results = block_on(reactor, futures::future::join_all(reads));
        assert!(results.into_iter().all(|n| n.unwrap() == 1));
        // Everything is drained: nothing is told twice.
        settle(reactor);
        assert_eq!(reactor.park(Wait::Poll).unwrap().events, 0);
    });
}

/// Two thousand at once are more than many systems allow at first.
fn raise_descriptor_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).unwrap();
}

#[test]
fn a_regular_file_is_refused_with_the_remedy() {
    let path = std::env::current_exe().unwrap();
    for_each_driver(|reactor| {
        let file = std::fs::File::open(&path).unwrap();
        let error = Io::register(file, &reactor.handle(), Ready::EMPTY).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
        assert!(error.to_string().contains("use a thread"), "{error}");
        assert_eq!(reactor.handle().registered(), 0);
    });
}
