//! Two streams joined.

use std::error::Error;
use std::io;
use std::net::Shutdown;

use corio_io::prelude::*;
use corio_io::{CopyError, Side, copy_bidirectional, copy_bidirectional_with_capacity, duplex};
use futures_util::future::join;

use crate::util::{Says, Scripted, block_on, poll_once};

#[test]
fn the_end_of_one_side_is_passed_on_and_the_way_back_goes_on() {
    let (client, mut a) = duplex(8);
    let (mut b, server) = duplex(8);
    let mut joined = copy_bidirectional_with_capacity(&mut a, &mut b, 3, 5);
    let mut buffer = [0; 8];

    block_on(client.write_all(b"ask")).unwrap();
    block_on(client.shutdown(Shutdown::Write)).unwrap();
    assert!(poll_once(&mut joined).is_pending());
    assert_eq!(block_on(server.read(&mut buffer)).unwrap(), 3);
    assert_eq!(block_on(server.read(&mut buffer)).unwrap(), 0, "the end came through");

    for _ in 0..3 {
        block_on(server.write_all(b"answer")).unwrap();
        assert!(poll_once(&mut joined).is_pending());
        assert_eq!(block_on(client.read(&mut buffer)).unwrap(), 6);
    }
    assert_eq!(joined.copied(), (3, 18));
    drop(server);
    assert_eq!(block_on(&mut joined).unwrap(), (3, 18));
    assert_eq!(block_on(client.read(&mut buffer)).unwrap(), 0);
}

#[test]
fn much_goes_both_ways_at_once() {
    let (mut client, mut a) = duplex(100);
    let (mut b, mut server) = duplex(70);
    let bytes: Vec<u8> = (0..100_000_u32).map(|n| n as u8).collect();
    let side = async |stream: &mut corio_io::DuplexStream| {
        let stream = &*stream;
        let mut all = Vec::new();
        let write = async {
            stream.write_all(&bytes).await.unwrap();
            stream.shutdown(Shutdown::Write).await.unwrap();
        };
        let mut reader = stream;
        let (read, ()) = join(reader.read_to_end(&mut all), write).await;
        read.unwrap();
        all
    };
    let both = join(side(&mut client), side(&mut server));
    let (copied, (to_client, to_server)) = block_on(join(copy_bidirectional(&mut a, &mut b), both));
    assert_eq!(copied.unwrap(), (100_000, 100_000));
    assert!(to_client == bytes && to_server == bytes);
}

#[test]
fn an_error_says_which_side_and_how_far_both_came() {
    use io::ErrorKind::{BrokenPipe, ConnectionReset};
    let check = |a: Scripted, b: Scripted, side: Side, kind: io::ErrorKind, copied: (u64, u64)| {
        let (mut a, mut b) = (a, b);
        let error: CopyError = block_on(copy_bidirectional(&mut a, &mut b)).unwrap_err();
        assert_eq!((error.side(), error.kind(), error.copied()), (side, kind, copied));
        assert!(error.source().is_some());
        let error = io::Error::from(error);
        assert_eq!(error.kind(), kind);
        let inner = error.get_ref().unwrap().downcast_ref::<CopyError>().unwrap();
        assert_eq!(inner.copied(), copied);
        assert!(error.to_string().contains(&format!("stream {side:?} failed, after")), "{error}");
    };
    let reads = |says| Scripted::reading([Says::Bytes(b"abc"), says]);
    check(
        reads(Says::Fails(ConnectionReset)),
        Scripted::reading([Says::Bytes(b"de"), Says::Waits, Says::Waits]),
        Side::A,
        ConnectionReset,
        (3, 2),
    );
    check(
        Scripted::reading([Says::Waits, Says::Waits]),
        reads(Says::Fails(ConnectionReset)),
        Side::B,
        ConnectionReset,
        (0, 3),
    );
    let mut b = Scripted::reading([Says::Bytes(b"de"), Says::Waits]);
    b.writes.extend([Says::Takes(1), Says::Fails(BrokenPipe)]);
    check(reads(Says::Waits), b, Side::B, BrokenPipe, (1, 2));
    let mut a = Scripted::reading([Says::Waits]);
    a.writes.extend([Says::Fails(BrokenPipe)]);
    check(a, reads(Says::Waits), Side::A, BrokenPipe, (0, 0));
}

#[test]
fn a_side_is_closed_after_its_bytes_have_gone() {
    let mut a = Scripted::reading([Says::Bytes(b"last words")]);
    let mut b = Scripted::writing([Says::Waits, Says::Takes(4), Says::Waits]);
    b.reads.extend([Says::Waits, Says::Waits, Says::Waits, Says::Waits, Says::Bytes(b"too")]);
    assert_eq!(block_on(copy_bidirectional(&mut a, &mut b)).unwrap(), (10, 3));
    assert_eq!((&*b.written, b.is_closed), (&b"last words"[..], true));
    assert_eq!((&*a.written, a.is_closed), (&b"too"[..], true));
}

#[test]
fn stopped_half_way_it_says_what_it_held() {
    let (client, mut a) = duplex(8);
    let (mut b, _server) = duplex(2);
    let mut joined = copy_bidirectional(&mut a, &mut b);
    block_on(client.write_all(b"abcde")).unwrap();
    assert!(poll_once(&mut joined).is_pending());
    assert_eq!(joined.copied(), (2, 0));
    assert_eq!(joined.unwritten(), (&b"cde"[..], &b""[..]));
}
