//! Pipes, with and without a name.

use std::fs::File;
use std::io::{ErrorKind, IoSlice, IoSliceMut, Read, Write};
use std::os::fd::OwnedFd;
use std::task::Poll;

use corio_net::pipe::{self, Receiver, Sender};
use futures::future::join;
use futures::{AsyncReadExt, AsyncWriteExt};
use rustix::fs::{CWD, Mode, mkfifoat};
use rustix::io::Errno;

use crate::util::{Folder, block_on, poll_once};

#[test]
fn bytes_and_then_the_end() {
    let (sender, receiver) = pipe::pipe().unwrap();
    block_on(async {
        sender.write_all(b"bytes").await.unwrap();
        sender.flush().await.unwrap();
        let mut buffer = [0; 2];
        receiver.read_exact(&mut buffer).await.unwrap();
        assert_eq!(&buffer, b"by");
        assert!(sender.write_vectored(&[IoSlice::new(b"&"), IoSlice::new(b"more")]).await.is_ok());
        let (mut one, mut two) = ([0; 4], [0; 3]);
        let mut buffers = [IoSliceMut::new(&mut one), IoSliceMut::new(&mut two)];
        assert_eq!(receiver.read_vectored(&mut buffers).await.unwrap(), 7);
        assert_eq!((&one, &two), (b"tes&", b"mor"));
        drop(sender);
        let mut rest = Vec::new();
        assert_eq!(receiver.read_to_end(&mut rest).await.unwrap(), 1);
        assert_eq!(receiver.read(&mut buffer).await.unwrap(), 0);
    });
}

#[test]
fn a_full_pipe_is_waited_out() {
    const TOTAL: usize = 1 << 20;
    let (sender, receiver) = pipe::pipe().unwrap();
    let bytes: Vec<u8> = (0..TOTAL).map(|n| n as u8).collect();
    let mut begin = sender.write_all(&bytes);
    assert!(poll_once(&mut begin).is_pending());
    assert_eq!(sender.try_write(&[0; 8192]).unwrap_err().kind(), ErrorKind::WouldBlock);
    block_on(async {
        let mut all = vec![0; TOTAL];
        let (sent, received) = join(begin, receiver.read_exact(&mut all)).await;
        sent.unwrap();
        received.unwrap();
        assert_eq!(all, bytes);
    });
    assert_eq!(receiver.try_read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
}

#[test]
fn a_pipe_without_readers_is_an_error_of_the_write() {
    let (sender, receiver) = pipe::pipe().unwrap();
    drop(receiver);
    let error = block_on(sender.write_all(b"x")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BrokenPipe);

    // Also of one that waits.
    let (sender, receiver) = pipe::pipe().unwrap();
    let bytes = vec![0; 1 << 20];
    let mut write = sender.write_all(&bytes);
    assert!(poll_once(&mut write).is_pending());
    drop(receiver);
    assert_eq!(block_on(write).unwrap_err().kind(), ErrorKind::BrokenPipe);
}

#[test]
fn two_wait_at_each_end() {
    let (sender, receiver) = pipe::pipe().unwrap();
    let (mut one, mut two) = ([0; 1], [0; 1]);
    let mut first = receiver.read_exact(&mut one);
    let mut second = receiver.read_exact(&mut two);
    assert!(poll_once(&mut first).is_pending() && poll_once(&mut second).is_pending());
    block_on(async {
        let writes = join(sender.write_all(b"a"), sender.write_all(b"b"));
        let (reads, _) = join(join(first, second), writes).await;
        reads.0.unwrap();
        reads.1.unwrap();
    });
    let mut got = [one[0], two[0]];
    got.sort();
    assert_eq!(&got, b"ab");
}

#[test]
fn the_futures_io_traits() {
    let (mut sender, mut receiver) = pipe::pipe().unwrap();
    block_on(async {
        AsyncWriteExt::write_all(&mut sender, b"traits").await.unwrap();
        // Closing is no end: a pipe has only the one that dropping makes.
        AsyncWriteExt::close(&mut sender).await.unwrap();
        let mut buffer = [0; 6];
        AsyncReadExt::read_exact(&mut receiver, &mut buffer).await.unwrap();
        assert!(matches!(poll_once(&mut receiver.read(&mut buffer)), Poll::Pending));
        drop(sender);
        assert_eq!(AsyncReadExt::read(&mut receiver, &mut buffer).await.unwrap(), 0);
    });
}

#[test]
fn to_std_and_back() {
    let (reader, mut writer) = std::io::pipe().unwrap();
    let receiver = Receiver::from(OwnedFd::from(reader));
    writer.write_all(b"std").unwrap();
    block_on(receiver.read_exact(&mut [0; 3])).unwrap();
    let sender = Sender::from_std(writer).unwrap();
    block_on(sender.write_all(b"back")).unwrap();
    let mut reader = receiver.into_std();
    let mut buffer = [0; 8];
    assert_eq!(reader.read(&mut buffer).unwrap(), 4);
    assert_eq!(reader.read(&mut buffer).unwrap_err().kind(), ErrorKind::WouldBlock);
}

#[test]
fn a_childs_pipes() {
    use std::process::{Command, Stdio};
    let mut child =
        Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let stdin = Sender::from(OwnedFd::from(child.stdin.take().unwrap()));
    let stdout = Receiver::from(OwnedFd::from(child.stdout.take().unwrap()));
    block_on(async {
        stdin.write_all(b"through a child").await.unwrap();
        drop(stdin);
        let mut all = Vec::new();
        assert_eq!(stdout.read_to_end(&mut all).await.unwrap(), 15);
    });
    assert!(child.wait().unwrap().success());
}

#[test]
fn named_pipes() {
    let folder = Folder::new();
    let path = folder.file("fifo");
    mkfifoat(CWD, &path, Mode::RUSR | Mode::WUSR).unwrap();
    let error = Sender::open(&path).unwrap_err();
    assert_eq!(Errno::from_io_error(&error), Some(Errno::NXIO), "nobody reads");
    let receiver = Receiver::open(&path).unwrap();
    block_on(async {
        let sender = Sender::open(&path).unwrap();
        sender.write_all(b"first").await.unwrap();
        drop(sender);
        let mut all = Vec::new();
        assert_eq!(receiver.read_to_end(&mut all).await.unwrap(), 5);
        // The end is not for ever: another sender may come.
        let sender = Sender::open(&path).unwrap();
        sender.write_all(b"second").await.unwrap();
        receiver.read_exact(&mut [0; 6]).await.unwrap();
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_persistent_receiver_outlives_its_senders() {
    let folder = Folder::new();
    let path = folder.file("fifo");
    mkfifoat(CWD, &path, Mode::RUSR | Mode::WUSR).unwrap();
    let receiver = Receiver::open_persistent(&path).unwrap();
    let mut byte = [0];
    assert!(poll_once(&mut receiver.read(&mut byte)).is_pending(), "no end before the first");
    block_on(async {
        for _ in 0..2 {
            let sender = Sender::open(&path).unwrap();
            sender.write_all(b"x").await.unwrap();
            drop(sender);
            assert_eq!(receiver.read(&mut byte).await.unwrap(), 1);
        }
    });
    assert!(poll_once(&mut receiver.read(&mut byte)).is_pending(), "nor after the last");
}

#[test]
fn what_is_no_pipe_is_refused() {
    let folder = Folder::new();
    let path = folder.file("file");
    File::create(&path).unwrap();
    for error in [Receiver::open(&path).unwrap_err(), Sender::open(&path).unwrap_err()] {
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("is no pipe"), "{error}");
    }
    let error = Receiver::open(folder.file("nothing")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[test]
fn a_sender_hears_that_the_readers_have_gone() {
    let (sender, receiver) = pipe::pipe().unwrap();
    block_on(async {
        sender.write_all(b"1").await.unwrap();
        let mut closed = Box::pin(sender.closed());
        assert!(poll_once(&mut closed).is_pending());
        // What happens to the bytes is no end.
        let mut byte = [0];
        receiver.read_exact(&mut byte).await.unwrap();
        sender.write_all(b"2").await.unwrap();
        receiver.read_exact(&mut byte).await.unwrap();
        assert!(poll_once(&mut closed).is_pending());
        drop(receiver);
        closed.await.unwrap();
        // It stays so.
        sender.closed().await.unwrap();
        let error = sender.write_all(b"3").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    });
}
