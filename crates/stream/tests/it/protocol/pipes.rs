//! Pipes: CPython's `test_read_pipe` and `test_write_pipe` of `EventLoopTestsMixin`.

use corio_net::pipe::pipe;
use corio_stream::protocol::{connect_read_pipe, connect_write_pipe};

use super::{Recorder, turns};
use crate::support::{run, soon};

#[test]
fn test_read_pipe() {
    run(async {
        let (sender, receiver) = pipe().unwrap();
        let recorder = Recorder::keeping_open();
        let transport = connect_read_pipe(|| recorder.clone(), receiver).await.unwrap();
        sender.write_all(b"1").await.unwrap();
        recorder.hears("data 1").await;
        sender.write_all(b"2345").await.unwrap();
        recorder.hears("data 2345").await;
        drop(sender);
        recorder.hears("lost").await;
        assert_eq!(recorder.events()[5..], ["eof", "lost"]);
        assert!(transport.is_closing());
    });
}

#[test]
fn a_read_pipe_cannot_be_written() {
    run(async {
        let (_sender, receiver) = pipe().unwrap();
        let recorder = Recorder::new();
        let transport = connect_read_pipe(|| recorder.clone(), receiver).await.unwrap();
        assert!(!transport.can_write_eof());
        assert!(transport.write_eof().is_err());
        transport.write(b"x");
        recorder.hears("lost Unsupported").await;
    });
}

#[test]
fn test_write_pipe() {
    run(async {
        let (sender, receiver) = pipe().unwrap();
        let recorder = Recorder::new();
        let transport = connect_write_pipe(|| recorder.clone(), sender).await.unwrap();
        transport.write(b"1");
        transport.write_vectored(&[std::io::IoSlice::new(b"23"), std::io::IoSlice::new(b"45")]);
        let mut buffer = [0; 5];
        receiver.read_exact(&mut buffer).await.unwrap();
        assert_eq!(&buffer, b"12345");
        transport.close();
        recorder.hears("lost").await;
        assert_eq!(receiver.read(&mut buffer).await.unwrap(), 0);
    });
}

#[test]
fn test_write_pipe_disconnect_on_close() {
    run(async {
        let (sender, receiver) = pipe().unwrap();
        let recorder = Recorder::new();
        let transport = connect_write_pipe(|| recorder.clone(), sender).await.unwrap();
        transport.write(b"1");
        turns().await;
        drop(receiver);
        recorder.hears("lost").await;
        assert_eq!(recorder.events(), ["made", "lost"], "without a write");
    });
}

#[test]
fn a_reader_that_goes_while_bytes_are_unsent_is_an_error() {
    run(async {
        let (sender, receiver) = pipe().unwrap();
        let recorder = Recorder::new();
        let transport = connect_write_pipe(|| recorder.clone(), sender).await.unwrap();
        transport.write(&[0; 1 << 20]);
        recorder.hears("pause").await;
        drop(receiver);
        recorder.hears("lost BrokenPipe").await;
        assert!(!recorder.has("eof"));
    });
}

#[test]
fn test_write_eof() {
    const MANY: usize = 300_000;
    run(async {
        let (sender, receiver) = pipe().unwrap();
        let recorder = Recorder::new();
        let transport = connect_write_pipe(|| recorder.clone(), sender).await.unwrap();
        assert!(transport.can_write_eof());
        transport.write(&[b'x'; MANY]);
        transport.write_eof().unwrap();
        turns().await;
        assert!(!recorder.has("lost"), "what is unsent is sent first");
        let mut all = Vec::new();
        assert_eq!(soon(receiver.read_to_end(&mut all)).await.unwrap(), MANY);
        recorder.hears("lost").await;
        assert_eq!(recorder.events().last().unwrap(), "lost");
        assert!(transport.is_closing());

        // With nothing unsent.
        let (sender, receiver) = pipe().unwrap();
        let transport = connect_write_pipe(Recorder::new, sender).await.unwrap();
        transport.write_eof().unwrap();
        assert_eq!(soon(receiver.read(&mut [0; 1])).await.unwrap(), 0);
    });
}
