//! Poll forms: one for every operation, and progress that is kept while they wait.

use std::future::poll_fn;
use std::io::{ErrorKind, IoSlice, IoSliceMut, Read, Write};
use std::net::Shutdown;
use std::task::{Context, Poll, Waker};

use corio_net::{TcpListener, TcpStream, future};

use crate::util::{any_port, block_on, listen, pair, pair_with_std, poll_once};

/// More than the system holds of what nobody reads.
const TOO_MUCH: usize = 16 << 20;

/// A context whose waker does nothing.
fn context() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

/// Waits until a look finds `n` bytes.
fn wait_for(stream: &TcpStream, n: usize) {
    let mut buffer = vec![0; n];
    while block_on(stream.peek(&mut buffer)).unwrap() < n {
        std::thread::yield_now();
    }
}

#[test]
fn read_exact_keeps_its_progress_over_pending() {
    let (ours, mut theirs) = pair_with_std();
    let (mut buffer, mut filled) = ([0; 6], 0);
    let mut poll = |filled: &mut usize| ours.poll_read_exact(&mut context(), &mut buffer, filled);
    assert!(poll(&mut filled).is_pending());
    assert_eq!(filled, 0);
    theirs.write_all(b"abc").unwrap();
    wait_for(&ours, 3);
    assert!(poll(&mut filled).is_pending());
    assert_eq!(filled, 3);
    theirs.write_all(b"defg").unwrap();
    wait_for(&ours, 4);
    assert!(matches!(poll(&mut filled), Poll::Ready(Ok(()))));
    // Done, it stays done and takes nothing of what comes after.
    assert!(matches!(poll(&mut filled), Poll::Ready(Ok(()))));
    assert_eq!((&buffer, filled), (b"abcdef", 6));
    assert_eq!(block_on(ours.read(&mut [0; 8])).unwrap(), 1);
}

#[test]
fn read_exact_says_how_far_it_came_before_the_end() {
    let (ours, mut theirs) = pair_with_std();
    theirs.write_all(b"abc").unwrap();
    drop(theirs);
    let (mut buffer, mut filled) = ([0; 8], 0);
    let error =
        block_on(poll_fn(|context| ours.poll_read_exact(context, &mut buffer, &mut filled)))
            .unwrap_err();
    assert_eq!((error.kind(), filled), (ErrorKind::UnexpectedEof, 3));
    assert!(error.to_string().contains("3 of the 8"), "{error}");
    assert_eq!(&buffer[..3], b"abc");
}

#[test]
#[should_panic(expected = "9 of 8 bytes cannot have been moved")]
fn a_count_of_another_buffer_is_a_mistake() {
    let (ours, _theirs) = pair();
    let _ = ours.poll_read_exact(&mut context(), &mut [0; 8], &mut 9);
}

#[test]
fn futures_that_are_kept_know_how_far_they_came() {
    let (ours, mut theirs) = pair_with_std();
    theirs.write_all(b"abc").unwrap();
    wait_for(&ours, 3);
    let mut buffer = [0; 6];
    let mut read: future::ReadExact<'_> = ours.read_exact(&mut buffer);
    assert!(poll_once(&mut read).is_pending());
    assert_eq!(read.filled(), 3);
    theirs.write_all(b"def").unwrap();
    block_on(&mut read).unwrap();
    assert_eq!(read.filled(), 6);
    drop(read);

    let bytes = vec![1; TOO_MUCH];
    let mut write: future::WriteAll<'_> = ours.write_all(&bytes);
    assert!(poll_once(&mut write).is_pending());
    let rest = write.rest();
    assert!(!rest.is_empty() && rest.len() < TOO_MUCH, "{}", rest.len());
    drop(write);
    // Given up, it goes on from where it was.
    let reader = std::thread::spawn(move || {
        let mut all = Vec::new();
        theirs.read_to_end(&mut all).unwrap();
        all.len()
    });
    block_on(ours.write_all(rest)).unwrap();
    drop(ours);
    assert_eq!(reader.join().unwrap(), TOO_MUCH);
}

#[test]
fn write_all_keeps_its_progress_over_pending() {
    let (ours, mut theirs) = pair_with_std();
    let bytes: Vec<u8> = (0..TOO_MUCH).map(|i| (i % 251) as u8).collect();
    let mut written = 0;
    assert!(ours.poll_write_all(&mut context(), &bytes, &mut written).is_pending());
    assert!(0 < written && written < TOO_MUCH, "{written}");
    let reader = std::thread::spawn(move || {
        let mut all = Vec::new();
        theirs.read_to_end(&mut all).unwrap();
        all
    });
    block_on(poll_fn(|context| ours.poll_write_all(context, &bytes, &mut written))).unwrap();
    assert_eq!(written, TOO_MUCH);
    assert!(ours.poll_write_all(&mut context(), &bytes, &mut written).is_ready(), "done is done");
    drop(ours);
    assert!(reader.join().unwrap() == bytes, "each byte once and in order");
}

#[test]
fn write_all_gives_way_however_much_the_system_takes() {
    const AT_ONCE: usize = 256 * 1024;
    let (ours, mut theirs) = pair_with_std();
    let bytes = vec![1; 1 << 20];
    let mut write = ours.write_all(&bytes);
    assert!(poll_once(&mut write).is_pending());
    assert!(bytes.len() - write.rest().len() <= AT_ONCE, "{} are left", write.rest().len());
    let reader = std::thread::spawn(move || {
        let mut all = vec![0; 1 << 20];
        theirs.read_exact(&mut all).unwrap();
    });
    // It wakes itself: there may be no edge to come.
    block_on(write).unwrap();
    reader.join().unwrap();
}

#[test]
fn read_to_end_and_read_buf_append_over_pending() {
    let (ours, mut theirs) = pair_with_std();
    let mut buffer = b"> ".to_vec();
    assert!(ours.poll_read_buf(&mut context(), &mut buffer).is_pending());
    theirs.write_all(b"abc").unwrap();
    let n = block_on(poll_fn(|context| ours.poll_read_buf(context, &mut buffer))).unwrap();
    assert_eq!((n, &buffer[..]), (3, &b"> abc"[..]));

    let mut appended = 0;
    theirs.write_all(b"def").unwrap();
    wait_for(&ours, 3);
    assert!(ours.poll_read_to_end(&mut context(), &mut buffer, &mut appended).is_pending());
    assert_eq!((appended, &buffer[..]), (3, &b"> abcdef"[..]));
    theirs.write_all(b"gh").unwrap();
    drop(theirs);
    let all = poll_fn(|context| ours.poll_read_to_end(context, &mut buffer, &mut appended));
    assert_eq!(block_on(all).unwrap(), 5);
    assert_eq!((appended, &buffer[..]), (5, &b"> abcdefgh"[..]));
}

#[test]
fn connecting_by_poll_and_its_end() {
    let (listener, address) = listen();
    let mut connect: future::Connect = TcpStream::connect(address);
    let stream = block_on(poll_fn(|context| TcpStream::poll_connect(context, &mut connect)));
    assert_eq!(stream.unwrap().peer_addr().unwrap(), address);
    block_on(listener.accept()).unwrap();
    drop(listener);
    let mut refused = TcpStream::connect(address);
    let error = block_on(poll_fn(|context| TcpStream::poll_connect(context, &mut refused)));
    assert_eq!(error.unwrap_err().kind(), ErrorKind::ConnectionRefused);
}

#[test]
#[should_panic(expected = "call connect again")]
fn a_connect_gives_its_result_once() {
    let (listener, address) = listen();
    let mut connect = TcpStream::connect(address);
    block_on(&mut connect).unwrap();
    drop(listener);
    let _ = poll_once(&mut connect);
}

#[test]
fn a_listener_by_poll_and_by_try() {
    let bound = block_on(poll_fn(|context| TcpListener::poll_bind(context, any_port())));
    let listener = bound.unwrap();
    let address = listener.local_addr().unwrap();
    assert_eq!(listener.try_accept().unwrap_err().kind(), ErrorKind::WouldBlock);
    assert!(listener.poll_read_ready(&mut context()).is_pending());
    let client = std::net::TcpStream::connect(address).unwrap();
    block_on(listener.readable()).unwrap();
    assert!(block_on(poll_fn(|context| listener.poll_read_ready(context))).unwrap().is_readable());
    let (stream, from) = listener.try_accept().unwrap();
    assert_eq!((from, stream.peer_addr().unwrap()), (client.local_addr().unwrap(), from));
    assert_eq!(listener.try_accept().unwrap_err().kind(), ErrorKind::WouldBlock);
    // It has noted that, so this waits for the next one.
    let mut accept: future::Accept<'_> = listener.accept();
    assert!(poll_once(&mut accept).is_pending());
    let client = std::net::TcpStream::connect(address).unwrap();
    assert_eq!(block_on(accept).unwrap().1, client.local_addr().unwrap());
}

#[test]
fn looking_without_waiting() {
    let (ours, mut theirs) = pair_with_std();
    let mut buffer = [0; 8];
    assert_eq!(ours.try_peek(&mut buffer).unwrap_err().kind(), ErrorKind::WouldBlock);
    theirs.write_all(b"abc").unwrap();
    block_on(ours.readable()).unwrap();
    assert_eq!(ours.try_peek(&mut buffer).unwrap(), 3);
    assert_eq!(ours.try_read(&mut buffer).unwrap(), 3);
}

/// Every poll form of the halves, once.
macro_rules! all_poll_forms_of_halves {
    ($read:expr, $write:expr, $theirs:expr) => {{
        let (read, write, theirs) = ($read, $write, $theirs);
        block_on(async {
            poll_fn(|cx| write.poll_write_ready(cx)).await.unwrap();
            assert_eq!(poll_fn(|cx| write.poll_write(cx, b"ab")).await.unwrap(), 2);
            let slices = [IoSlice::new(b"c"), IoSlice::new(b"d")];
            assert_eq!(poll_fn(|cx| write.poll_write_vectored(cx, &slices)).await.unwrap(), 2);
            let mut written = 0;
            poll_fn(|cx| write.poll_write_all(cx, b"ef", &mut written)).await.unwrap();
            assert_eq!(written, 2);
            poll_fn(|cx| write.poll_flush(cx)).await.unwrap();
            poll_fn(|cx| write.poll_shutdown(cx)).await.unwrap();

            theirs.write_all(b"0123456789").unwrap();
            theirs.shutdown(Shutdown::Write).unwrap();
            assert!(poll_fn(|cx| read.poll_read_ready(cx)).await.unwrap().is_readable());
            let mut two = [0; 2];
            assert_eq!(poll_fn(|cx| read.poll_peek(cx, &mut two)).await.unwrap(), 2);
            assert_eq!(read.try_peek(&mut two).unwrap(), 2);
            assert_eq!(poll_fn(|cx| read.poll_read(cx, &mut two)).await.unwrap(), 2);
            assert_eq!(&two, b"01");
            let mut buffers = [IoSliceMut::new(&mut two)];
            assert_eq!(poll_fn(|cx| read.poll_read_vectored(cx, &mut buffers)).await.unwrap(), 2);
            let mut filled = 0;
            poll_fn(|cx| read.poll_read_exact(cx, &mut two, &mut filled)).await.unwrap();
            assert_eq!((&two, filled), (b"45", 2));
            let (mut rest, mut appended) = (Vec::with_capacity(2), 0);
            assert_eq!(poll_fn(|cx| read.poll_read_buf(cx, &mut rest)).await.unwrap(), 2);
            let end = poll_fn(|cx| read.poll_read_to_end(cx, &mut rest, &mut appended)).await;
            assert_eq!((end.unwrap(), &rest[..]), (2, &b"6789"[..]));
        });
        let mut all = Vec::new();
        theirs.read_to_end(&mut all).unwrap();
        assert_eq!(all, b"abcdef");
    }};
}

#[test]
fn the_poll_forms_of_borrowed_halves() {
    let (mut ours, mut theirs) = pair_with_std();
    let (mut read, mut write) = ours.split();
    all_poll_forms_of_halves!(&mut read, &mut write, &mut theirs);
}

#[test]
fn the_poll_forms_of_owned_halves() {
    let (ours, mut theirs) = pair_with_std();
    let (mut read, mut write) = ours.into_split();
    all_poll_forms_of_halves!(&mut read, &mut write, &mut theirs);
}

#[test]
fn the_futures_have_names_and_move() {
    fn kept<F: Future + Unpin + Send>(_: F) {}
    let (client, _server) = pair();
    let (listener, address) = listen();
    let (mut one, mut many) = ([0; 1], Vec::new());
    kept::<future::Read<'_>>(client.read(&mut one));
    kept::<future::Peek<'_>>(client.peek(&mut one));
    kept::<future::ReadExact<'_>>(client.read_exact(&mut one));
    kept::<future::ReadVectored<'_, '_>>(client.read_vectored(&mut []));
    kept::<future::ReadBuf<'_>>(client.read_buf(&mut many));
    kept::<future::ReadToEnd<'_>>(client.read_to_end(&mut many));
    kept::<future::Write<'_>>(client.write(b"x"));
    kept::<future::WriteVectored<'_, '_>>(client.write_vectored(&[]));
    kept::<future::WriteAll<'_>>(client.write_all(b"x"));
    kept::<future::Connect>(TcpStream::connect(address));
    kept::<future::Accept<'_>>(listener.accept());
}
