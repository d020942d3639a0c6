//! Pipes: CPython's `test_read_pipe` and `test_write_pipe` of `EventLoopTestsMixin`.

use corio_net::pipe::pipe;
use corio_stream::protocol::{connect_read_pipe, connect_write_pipe};

use super::{Recorder, turns};
use crate::support::run;

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
        drop(receiver);
        turns().await;
        transport.write(b"nobody reads");
        recorder.hears("lost BrokenPipe").await;
    });
}
