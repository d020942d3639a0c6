//! Reads that bring less than they could although more is there: the system ends a read where a peer has
//! passed descriptors along with its bytes, and where a message in a pipe ends.

use std::io::IoSliceMut;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::pin::pin;
use std::time::Duration;

use corio_net::{UnixStream, pipe};
use futures::future::{Either, select};

use crate::passed::send_with_descriptor;
use crate::util::block_on;

/// A connection whose peer has sent `one`, with a descriptor, and `two`, and will send nothing more.
fn told_in_two() -> (UnixStream, StdUnixStream) {
    let (ours, theirs) = StdUnixStream::pair().unwrap();
    send_with_descriptor(&theirs, b"one");
    send_with_descriptor(&theirs, b"two");
    (UnixStream::from_std(ours).unwrap(), theirs)
}

/// Reads six bytes, or fails in time.
fn six(read: impl Future<Output = usize>) {
    let limit = corio_timer::sleep(Duration::from_secs(5));
    match block_on(select(pin!(read), limit)) {
        Either::Left((count, _)) => assert_eq!(count, 6),
        Either::Right(_) => panic!("something was left behind"),
    }
}

#[test]
fn what_comes_after_a_passed_descriptor_is_read() {
    let (stream, _theirs) = told_in_two();
    six(async {
        let mut room = [0; 64];
        let first = stream.read(&mut room).await.unwrap();
        assert_eq!(&room[..first], b"one", "the system ends the read there");
        first + stream.read(&mut room).await.unwrap()
    });
}

#[test]
fn so_it_is_by_every_form_of_reading() {
    let (stream, _theirs) = told_in_two();
    six(async {
        let mut all = Vec::with_capacity(64);
        while all.len() < 6 {
            stream.read_buf(&mut all).await.unwrap();
        }
        all.len()
    });
    let (stream, _theirs) = told_in_two();
    six(async {
        let (mut head, mut tail) = ([0; 32], [0; 32]);
        let mut count = 0;
        while count < 6 {
            let mut rooms = [IoSliceMut::new(&mut head), IoSliceMut::new(&mut tail)];
            count += stream.read_vectored(&mut rooms).await.unwrap();
        }
        count
    });
}

#[test]
#[cfg(target_os = "linux")]
fn each_message_of_a_pipe_is_read() {
    let (reader, writer) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::DIRECT).unwrap();
    for message in [b"one", b"two"] {
        rustix::io::write(&writer, message).unwrap();
    }
    let reader = pipe::Receiver::from(reader);
    six(async {
        let mut room = [0; 64];
        let first = reader.read(&mut room).await.unwrap();
        assert_eq!(&room[..first], b"one", "a read ends with a message");
        first + reader.read(&mut room).await.unwrap()
    });
}
