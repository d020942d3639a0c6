//! Readiness of descriptors inside foreign runtimes.

use std::future::poll_fn;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::thread;

use corio_embed_tests::Host;
use corio_reactor::{Direction, Io};
use futures::future::{join, join_all};

in_every_host! {
    a_wait_ends_when_another_thread_writes,
    data_and_the_end_are_both_seen,
    the_directions_wait_apart,
    many_descriptors_in_many_tasks,
    a_dropped_wait_is_forgotten,
    a_wait_begun_on_one_thread_ends_on_another,
}

fn pair() -> (Io<UnixStream>, UnixStream) {
    let (ours, theirs) = UnixStream::pair().expect("a pair of sockets");
    (Io::new(ours).expect("a registration"), theirs)
}

async fn read(socket: &Io<UnixStream>) -> io::Result<Vec<u8>> {
    let mut buffer = [0; 64];
    let n = socket.read_with(|mut socket| socket.read(&mut buffer)).await?;
    Ok(buffer[..n].to_vec())
}

fn a_wait_ends_when_another_thread_writes<H: Host>() {
    H::block_on(async {
        assert!(corio_reactor::current::try_handle().is_none(), "the host has no reactor of ours");
        let (ours, mut theirs) = pair();
        let not_yet = ours.try_io(Direction::Read, |mut socket| socket.read(&mut [0; 1]));
        assert_eq!(not_yet.unwrap_err().kind(), io::ErrorKind::WouldBlock);
        let writer = thread::spawn(move || {
            theirs.write_all(b"hello").unwrap();
            theirs
        });
        ours.readable().await.unwrap();
        assert_eq!(read(&ours).await.unwrap(), b"hello");
        drop(writer.join().unwrap());
        assert_eq!(read(&ours).await.unwrap(), b"", "the end");
    });
}

fn data_and_the_end_are_both_seen<H: Host>() {
    H::block_on(async {
        let (ours, mut theirs) = pair();
        theirs.write_all(b"last words").unwrap();
        theirs.shutdown(Shutdown::Write).unwrap();
        assert_eq!(read(&ours).await.unwrap(), b"last words");
        assert_eq!(read(&ours).await.unwrap(), b"");
        // Half closed: the other direction goes on.
        ours.write_with(|mut socket| socket.write(b"answer")).await.unwrap();
        drop(ours);
        let mut answer = String::new();
        theirs.read_to_string(&mut answer).unwrap();
        assert_eq!(answer, "answer");
    });
}

fn the_directions_wait_apart<H: Host>() {
    H::block_on(async {
        let (ours, theirs) = pair();
        let full = [0; 1 << 16];
        loop {
            match ours.try_io(Direction::Write, |mut socket| socket.write(&full)) {
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    // Nothing said yet means not known: wait for what cannot come, once.
                    let mut writable = pin!(ours.writable());
                    let polled = poll_fn(|context| Poll::Ready(writable.as_mut().poll(context)));
                    if polled.await.is_pending() {
                        break;
                    }
                }
                Err(error) => panic!("{error}"),
            }
        }
        let reader = thread::spawn(move || {
            let mut theirs = theirs;
            theirs.write_all(b"x").unwrap();
            let mut buffer = vec![0; 1 << 16];
            while theirs.read(&mut buffer).unwrap() > 0 {}
        });
        let (read, write) =
            join(read(&ours), ours.write_with(|mut socket| socket.write(b"y"))).await;
        assert_eq!(read.unwrap(), b"x");
        assert_eq!(write.unwrap(), 1);
        drop(ours);
        reader.join().unwrap();
    });
}

fn many_descriptors_in_many_tasks<H: Host>() {
    const ROUNDS: usize = 20;
    H::block_on(async {
        let tasks = (0..50).flat_map(|_| {
            let (left, right) = UnixStream::pair().unwrap();
            [(left, true), (right, false)].map(|(socket, begins)| {
                let socket = Io::new(socket).unwrap();
                H::spawn(async move {
                    for round in 0..ROUNDS {
                        if begins || round > 0 {
                            socket.write_with(|mut socket| socket.write(b"ball")).await.unwrap();
                        }
                        assert_eq!(read(&socket).await.unwrap(), b"ball");
                    }
                    if !begins {
                        socket.write_with(|mut socket| socket.write(b"ball")).await.unwrap();
                    }
                })
            })
        });
        join_all(tasks).await;
    });
}

fn a_dropped_wait_is_forgotten<H: Host>() {
    H::block_on(async {
        let (ours, mut theirs) = pair();
        {
            let mut dropped = pin!(ours.readable());
            let polled = poll_fn(|context| Poll::Ready(dropped.as_mut().poll(context))).await;
            assert!(polled.is_pending());
        }
        theirs.write_all(b"kept").unwrap();
        assert_eq!(read(&ours).await.unwrap(), b"kept");
    });
}

fn a_wait_begun_on_one_thread_ends_on_another<H: Host>() {
    let (ours, mut theirs) = pair();
    let mut reading = Box::pin(async move { read(&ours).await });
    let polled = reading.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(polled.is_pending());
    let other = thread::spawn(move || H::block_on(reading));
    theirs.write_all(b"moved").unwrap();
    assert_eq!(other.join().unwrap().unwrap(), b"moved");
}
