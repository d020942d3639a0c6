//! Streams: connect, read and write in every form, halves, options.

use std::future::poll_fn;
use std::io::{ErrorKind, IoSlice, IoSliceMut, Read, Write};
use std::net::Shutdown;
use std::os::fd::AsRawFd;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use corio_net::TcpStream;
use futures::{AsyncReadExt, AsyncWriteExt};

use crate::util::{block_on, listen, pair, pair_with_std, poll_once};

#[test]
fn a_refused_connection_is_an_error() {
    let (listener, address) = listen();
    drop(listener);
    let error = block_on(TcpStream::connect(address)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}

#[test]
fn many_round_trips() {
    let (client, server) = pair();
    let echo = std::thread::spawn(move || {
        block_on(async {
            let mut buffer = [0; 64];
            loop {
                match server.read(&mut buffer).await.unwrap() {
                    0 => return,
                    n => server.write_all(&buffer[..n]).await.unwrap(),
                }
            }
        });
    });
    block_on(async {
        for i in 0..2000u32 {
            client.write_all(&i.to_ne_bytes()).await.unwrap();
            let mut answer = [0; 4];
            client.read_exact(&mut answer).await.unwrap();
            assert_eq!(answer, i.to_ne_bytes());
        }
    });
    drop(client);
    echo.join().unwrap();
}

#[test]
fn half_closed_the_other_half_works_on() {
    let (ours, mut theirs) = pair_with_std();
    theirs.write_all(b"question").unwrap();
    theirs.shutdown(Shutdown::Write).unwrap();
    let mut all = Vec::new();
    block_on(async {
        assert_eq!(ours.read_to_end(&mut all).await.unwrap(), 8);
        ours.write_all(b"answer").await.unwrap();
        ours.shutdown(Shutdown::Write).await.unwrap();
    });
    let mut answer = String::new();
    theirs.read_to_string(&mut answer).unwrap();
    assert_eq!((&all[..], &answer[..]), (&b"question"[..], "answer"));
}

#[test]
fn a_write_waits_for_a_peer_that_does_not_read() {
    let (ours, mut theirs) = pair_with_std();
    let bytes = vec![5; 16 << 20];
    {
        let mut write = ours.write_all(&bytes);
        assert!(poll_once(&mut write).is_pending());
    }
    // Nobody knows how much of it is on its way; now read for as long as something comes.
    let reader = std::thread::spawn(move || {
        let mut all = Vec::new();
        theirs.read_to_end(&mut all).unwrap();
        assert!(all.iter().all(|byte| *byte == 5));
        all.len()
    });
    block_on(ours.write_all(&bytes)).unwrap();
    drop(ours);
    let read = reader.join().unwrap();
    assert!(read > bytes.len() && read < 2 * bytes.len(), "{read}");
}

#[test]
fn a_short_stream_fails_to_fill_and_says_how_short() {
    let (ours, mut theirs) = pair_with_std();
    theirs.write_all(b"abc").unwrap();
    drop(theirs);
    let error = block_on(ours.read_exact(&mut [0; 8])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    assert!(error.to_string().contains("3 of the 8"), "{error}");
}

#[test]
fn a_peer_that_has_gone_is_an_error_not_a_signal() {
    let (ours, theirs) = pair();
    theirs.set_linger(Some(Duration::ZERO)).unwrap();
    drop(theirs);
    let error = block_on(async {
        loop {
            if let Err(error) = ours.write(b"x").await {
                return error;
            }
        }
    });
    let kinds = [ErrorKind::BrokenPipe, ErrorKind::ConnectionReset];
    assert!(kinds.contains(&error.kind()), "{error}");
    block_on(ours.shutdown(Shutdown::Both)).unwrap();
}

#[test]
fn peek_takes_nothing() {
    let (ours, mut theirs) = pair_with_std();
    theirs.write_all(b"seen twice").unwrap();
    block_on(async {
        let mut buffer = [0; 4];
        for _ in 0..3 {
            assert_eq!(ours.peek(&mut buffer).await.unwrap(), 4);
        }
        assert_eq!(poll_fn(|context| ours.poll_peek(context, &mut buffer)).await.unwrap(), 4);
        let mut all = [0; 32];
        assert_eq!(ours.read(&mut all).await.unwrap(), 10);
        assert_eq!(&all[..10], b"seen twice");
    });
}

#[test]
fn vectored() {
    let (client, server) = pair();
    block_on(async {
        let slices = [IoSlice::new(b"ab"), IoSlice::new(b""), IoSlice::new(b"cde")];
        assert_eq!(client.write_vectored(&slices).await.unwrap(), 5);
        let wrote = poll_fn(|context| client.poll_write_vectored(context, &slices[..1])).await;
        assert_eq!(wrote.unwrap(), 2);
        let (mut one, mut two) = ([0; 3], [0; 2]);
        let mut buffers = [IoSliceMut::new(&mut one), IoSliceMut::new(&mut two)];
        assert_eq!(server.read_vectored(&mut buffers).await.unwrap(), 5);
        let mut rest = [0; 4];
        let mut buffers = [IoSliceMut::new(&mut rest)];
        let read = poll_fn(|context| server.poll_read_vectored(context, &mut buffers)).await;
        assert_eq!(read.unwrap(), 2);
        assert_eq!((&one, &two, &rest[..2]), (b"abc", b"de", &b"ab"[..]));
        // More slices than one call takes are a short write, not an error.
        let many = vec![IoSlice::new(b"x"); 3000];
        assert!(client.write_vectored(&many).await.unwrap() <= 1024);
    });
}

#[test]
fn more_buffers_than_one_call_takes_are_a_short_read_and_not_the_last() {
    const TOTAL: usize = 3000;
    let (ours, mut theirs) = pair_with_std();
    theirs.write_all(&[7; TOTAL]).unwrap();
    let all_here = async {
        while ours.peek(&mut [0; TOTAL]).await.unwrap() < TOTAL {
            std::thread::yield_now();
        }
    };
    block_on(all_here);
    let mut bytes = [0; TOTAL];
    let mut buffers: Vec<_> = bytes.chunks_mut(1).map(IoSliceMut::new).collect();
    let n = block_on(ours.read_vectored(&mut buffers)).unwrap();
    assert!(n < TOTAL, "the system takes as many buffers as one wants");
    // What is left was told of before; nothing more comes. Empty buffers are not the end.
    let mut rest = [0; TOTAL];
    let mut buffers: Vec<_> = (0..TOTAL).map(|_| IoSliceMut::new(&mut [])).collect();
    buffers.push(IoSliceMut::new(&mut rest));
    let read = poll_once(&mut ours.read_vectored(&mut buffers)).map(Result::unwrap);
    assert_eq!(read, Poll::Ready(TOTAL - n));
}

#[test]
fn more_empty_slices_than_one_call_takes_are_passed_over() {
    let (ours, mut theirs) = pair_with_std();
    let mut slices = vec![IoSlice::new(b""); 3000];
    slices.push(IoSlice::new(b"bytes"));
    assert_eq!(block_on(ours.write_vectored(&slices)).unwrap(), 5);
    let mut buffer = [0; 5];
    theirs.read_exact(&mut buffer).unwrap();
    assert_eq!(&buffer, b"bytes");
}

#[test]
fn nothing_to_move_waits_for_nothing() {
    let (ours, mut theirs) = pair_with_std();
    // Nothing to read here, and no room to write.
    assert!(poll_once(&mut ours.write_all(&vec![0; 16 << 20])).is_pending());
    let done = |n| Poll::Ready(n);
    let mut context = Context::from_waker(Waker::noop());
    let mut no_buffers = [IoSliceMut::new(&mut []), IoSliceMut::new(&mut [])];
    assert_eq!(poll_once(&mut ours.read(&mut [])).map(Result::unwrap), done(0));
    assert_eq!(poll_once(&mut ours.read_vectored(&mut no_buffers)).map(Result::unwrap), done(0));
    assert_eq!(poll_once(&mut ours.peek(&mut [])).map(Result::unwrap), done(0));
    assert_eq!(ours.poll_read(&mut context, &mut []).map(Result::unwrap), done(0));
    assert_eq!(ours.poll_read_vectored(&mut context, &mut no_buffers).map(Result::unwrap), done(0));
    assert_eq!(ours.poll_peek(&mut context, &mut []).map(Result::unwrap), done(0));
    let no_slices = [IoSlice::new(b""), IoSlice::new(b"")];
    assert_eq!(poll_once(&mut ours.write(b"")).map(Result::unwrap), done(0));
    assert_eq!(poll_once(&mut ours.write_vectored(&no_slices)).map(Result::unwrap), done(0));
    assert_eq!(poll_once(&mut ours.write_all(b"")).map(Result::unwrap), Poll::Ready(()));
    assert_eq!(ours.poll_write(&mut context, b"").map(Result::unwrap), done(0));
    assert_eq!(ours.poll_write_vectored(&mut context, &no_slices).map(Result::unwrap), done(0));
    block_on(ours.read_exact(&mut [])).unwrap();

    // And it spoils nothing: what is there stays there to be read.
    theirs.write_all(b"here").unwrap();
    let mut buffer = [0; 8];
    assert_eq!(block_on(ours.peek(&mut buffer)).unwrap(), 4);
    assert_eq!(block_on(ours.read(&mut [])).unwrap(), 0);
    assert_eq!(poll_once(&mut ours.read(&mut buffer)).map(Result::unwrap), done(4));
}

#[test]
fn the_poll_forms() {
    let (client, server) = pair();
    block_on(async {
        poll_fn(|context| client.poll_write_ready(context)).await.unwrap();
        assert_eq!(poll_fn(|context| client.poll_write(context, b"hi")).await.unwrap(), 2);
        poll_fn(|context| client.poll_flush(context)).await.unwrap();
        poll_fn(|context| client.poll_shutdown(context, Shutdown::Write)).await.unwrap();
        assert!(poll_fn(|context| server.poll_read_ready(context)).await.unwrap().is_readable());
        let mut buffer = [0; 8];
        assert_eq!(poll_fn(|context| server.poll_read(context, &mut buffer)).await.unwrap(), 2);
        assert_eq!(poll_fn(|context| server.poll_read(context, &mut buffer)).await.unwrap(), 0);
    });
}

#[test]
fn trying_does_not_wait() {
    let (client, server) = pair();
    let mut buffer = [0; 8];
    assert_eq!(server.try_read(&mut buffer).unwrap_err().kind(), ErrorKind::WouldBlock);
    block_on(async {
        client.writable().await.unwrap();
        assert_eq!(client.try_write(b"abc").unwrap(), 3);
        loop {
            server.readable().await.unwrap();
            match server.try_read(&mut buffer) {
                Ok(n) => break assert_eq!(n, 3),
                Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
            }
        }
    });
}

#[test]
fn two_readers_wait_side_by_side() {
    let (ours, mut theirs) = pair_with_std();
    let (mut one, mut two) = ([0; 1], [0; 1]);
    let mut both = futures::future::join(ours.read(&mut one), ours.read(&mut two));
    assert!(poll_once(&mut both).is_pending());
    theirs.write_all(b"ab").unwrap();
    let (first, second) = block_on(both);
    assert_eq!((first.unwrap(), second.unwrap()), (1, 1));
    let mut got = [one[0], two[0]];
    got.sort();
    assert_eq!(&got, b"ab");
}

#[test]
fn borrowed_halves_read_and_write_at_the_same_time() {
    let (mut client, mut server) = pair();
    const TOTAL: usize = 4 << 20;
    // Each end sends so much that it has to read meanwhile.
    let exchange = |stream: &mut TcpStream| {
        let bytes = vec![1; TOTAL];
        let (mut read, mut write) = stream.split();
        block_on(async {
            let mut all = Vec::new();
            let send = async {
                write.write_all(&bytes).await.unwrap();
                write.shutdown().await.unwrap();
            };
            let (n, ()) = futures::future::join(read.read_to_end(&mut all), send).await;
            n.unwrap()
        })
    };
    let other = std::thread::spawn(move || exchange(&mut server));
    assert_eq!(exchange(&mut client), TOTAL);
    assert_eq!(other.join().unwrap(), TOTAL);
}

#[test]
fn a_dropped_owned_write_half_is_the_end_for_the_peer() {
    let (client, server) = pair();
    let (_read, mut write) = client.into_split();
    block_on(async {
        write.write_all(b"bye").await.unwrap();
        drop(write);
        let mut all = Vec::new();
        assert_eq!(server.read_to_end(&mut all).await.unwrap(), 3);
    });
}

#[test]
fn halves_reunite_with_their_own_only() {
    let (one, two) = pair();
    let (read_one, write_one) = one.into_split();
    let (read_two, write_two) = two.into_split();
    let error = read_one.reunite(write_two).unwrap_err();
    assert!(error.to_string().contains("different streams"));
    let (read_one, write_two) = (error.0, error.1);
    let one = write_one.reunite(read_one).unwrap();
    let two = read_two.reunite(write_two).unwrap();
    block_on(async {
        one.write_all(b"still here").await.unwrap();
        assert_eq!(two.read(&mut [0; 32]).await.unwrap(), 10);
    });
}

#[test]
fn the_futures_io_traits() {
    let (mut client, server) = pair();
    block_on(async {
        AsyncWriteExt::write_all(&mut client, b"through traits").await.unwrap();
        AsyncWriteExt::close(&mut client).await.unwrap();
        let mut all = String::new();
        (&server).read_to_string(&mut all).await.unwrap();
        assert_eq!(all, "through traits");
        let (mut read, mut write) = server.into_split();
        AsyncWriteExt::write_all(&mut write, b"x").await.unwrap();
        AsyncWriteExt::close(&mut write).await.unwrap();
        assert_eq!(AsyncReadExt::read(&mut read, &mut [0; 1]).await.unwrap(), 0);
        assert_eq!(AsyncReadExt::read(&mut client, &mut [0; 8]).await.unwrap(), 1);
    });
}

#[test]
fn options_are_the_sockets() {
    let (client, server) = pair();
    client.set_nodelay(true).unwrap();
    assert!(client.nodelay().unwrap());
    client.set_ttl(42).unwrap();
    assert_eq!(client.ttl().unwrap(), 42);
    client.set_linger(Some(Duration::from_secs(3))).unwrap();
    assert_eq!(client.linger().unwrap(), Some(Duration::from_secs(3)));
    client.set_linger(None).unwrap();
    client.set_keepalive(true).unwrap();
    client.set_keepalive_timing(Duration::from_secs(60), Duration::from_secs(5), 3).unwrap();
    assert!(client.keepalive().unwrap());
    client.set_recv_buffer_size(32 << 10).unwrap();
    client.set_send_buffer_size(32 << 10).unwrap();
    assert!(client.recv_buffer_size().unwrap() >= 32 << 10);
    assert!(client.send_buffer_size().unwrap() >= 32 << 10);
    assert!(client.take_error().unwrap().is_none());
    assert_eq!(client.local_addr().unwrap(), server.peer_addr().unwrap());
    assert_eq!(client.peer_addr().unwrap(), server.local_addr().unwrap());
}

#[test]
fn futures_are_send_and_small() {
    fn send<T: Send>(value: T) -> T {
        value
    }
    let (client, _server) = pair();
    let mut buffer = [0; 8];
    let read = send(client.read(&mut buffer));
    // An idle connection pays for the largest one that its task may hold.
    assert!(size_of_val(&read) <= 40, "{}", size_of_val(&read));
    drop(read);
    let write = send(client.write_all(b"x"));
    assert!(size_of_val(&write) <= 40, "{}", size_of_val(&write));
    drop(write);
    let exact = send(client.read_exact(&mut buffer));
    assert!(size_of_val(&exact) <= 48, "{}", size_of_val(&exact));
    drop(exact);
    assert!(size_of::<TcpStream>() <= 24, "{}", size_of::<TcpStream>());
    drop(send(TcpStream::connect(client.peer_addr().unwrap())));
}

#[test]
fn read_buf_appends_and_makes_room() {
    let (ours, mut theirs) = pair_with_std();
    theirs.write_all(b"hello").unwrap();
    let mut buffer = Vec::with_capacity(4);
    buffer.extend_from_slice(b"> ");
    block_on(async {
        assert_eq!(ours.read_buf(&mut buffer).await.unwrap(), 2, "the room there was");
        assert_eq!(ours.read_buf(&mut buffer).await.unwrap(), 3, "it was full: more room");
        assert_eq!(buffer, b"> hello");
        drop(theirs);
        assert_eq!(ours.read_buf(&mut buffer).await.unwrap(), 0);
        assert_eq!(buffer, b"> hello");
    });
}

#[test]
fn vectored_tries() {
    let (ours, mut theirs) = pair_with_std();
    let (mut a, mut b) = ([0; 2], [0; 8]);
    let mut buffers = [IoSliceMut::new(&mut a), IoSliceMut::new(&mut b)];
    let error = ours.try_read_vectored(&mut buffers).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock);

    theirs.write_all(b"hello").unwrap();
    block_on(ours.readable()).unwrap();
    assert_eq!(ours.try_read_vectored(&mut buffers).unwrap(), 5);
    assert_eq!((&a, &b[..3]), (b"he", &b"llo"[..]));

    block_on(ours.writable()).unwrap();
    let slices = [IoSlice::new(b"wor"), IoSlice::new(b"ld")];
    assert_eq!(ours.try_write_vectored(&slices).unwrap(), 5);
    let mut answer = [0; 5];
    theirs.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"world");
}

#[test]
fn a_forgotten_half_leaves_writing_open() {
    let (ours, mut theirs) = pair_with_std();
    let (read, write) = ours.into_split();
    write.forget();
    theirs.set_nonblocking(true).unwrap();
    assert_eq!(theirs.read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock, "no end");
    // The right to write is gone; the whole stream is still lent.
    block_on(read.as_stream().write_all(b"x")).unwrap();
    theirs.set_nonblocking(false).unwrap();
    let mut byte = [0];
    theirs.read_exact(&mut byte).unwrap();
    assert_eq!(&byte, b"x");
}

#[test]
fn as_stream_is_the_whole_stream_of_every_half() {
    let (mut ours, _theirs) = pair();
    let descriptor = ours.as_raw_fd();
    {
        let (read, write) = TcpStream::split(&mut ours);
        assert_eq!(read.as_stream().as_raw_fd(), descriptor);
        assert_eq!(write.as_stream().as_raw_fd(), descriptor);
    }
    let (read, write) = ours.into_split();
    assert!(std::ptr::eq(read.as_stream(), write.as_stream()));
    write.as_stream().set_nodelay(true).unwrap();
    assert!(read.as_stream().nodelay().unwrap());
}
