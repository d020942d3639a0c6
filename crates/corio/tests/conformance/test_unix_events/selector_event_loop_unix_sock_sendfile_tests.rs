//! Into a socket from anything that is read, and what goes wrong.

use std::io::{self, ErrorKind, Read};
use std::pin::pin;
use std::time::Duration;

use corio::net::{UnixStream, pipe};
use futures::io::{AllowStdIo, Cursor};

use crate::recorder::{much, settle};
use crate::sockets::soon;

/// What is in memory is as good as a file.
#[corio::test]
async fn test_sock_sendfile_iobuffer() {
    let (mut near, far) = UnixStream::pair().unwrap();
    assert_eq!(corio::io::copy(&mut Cursor::new("data"), &mut near).await.unwrap(), 4);
    let mut got = [0; 4];
    soon(far.read_exact(&mut got)).await.unwrap();
    assert_eq!(&got, b"data");
}

/// So is a pipe.
#[corio::test]
async fn test_sock_sendfile_not_regular_file() {
    let (writer, mut reader) = pipe::pipe().unwrap();
    let (mut near, far) = UnixStream::pair().unwrap();
    writer.write_all(b"data").await.unwrap();
    drop(writer);
    assert_eq!(soon(corio::io::copy(&mut reader, &mut near)).await.unwrap(), 4);
    let mut got = [0; 4];
    soon(far.read_exact(&mut got)).await.unwrap();
    assert_eq!(&got, b"data");
}

/// Stopped in the middle, it says how far it came.
#[corio::test]
async fn test_sock_sendfile_cancel2() {
    let (mut near, far) = UnixStream::pair().unwrap();
    let data = much();
    let mut from = Cursor::new(&data);
    let mut copying = corio::io::copy(&mut from, &mut near);
    assert!(corio::timeout(Duration::from_millis(5), &mut copying).await.is_err());
    let sent = usize::try_from(copying.copied()).unwrap();
    assert!((1..data.len()).contains(&sent));
    let mut got = vec![0; sent];
    soon(far.read_exact(&mut got)).await.unwrap();
    assert!(got == data[..sent]);
}

/// Without room it waits for some.
#[corio::test]
async fn test_sock_sendfile_blocking_error() {
    let (mut near, far) = UnixStream::pair().unwrap();
    let data = much();
    let expected = data.len();
    let reads = corio::spawn(async move {
        settle().await;
        let mut got = vec![0; expected];
        far.read_exact(&mut got).await.unwrap();
        got
    });
    let mut from = Cursor::new(&data);
    let mut copying = pin!(corio::io::copy(&mut from, &mut near));
    assert_eq!(soon(&mut copying).await.unwrap(), expected as u64);
    assert!(soon(reads).await.unwrap() == data);
}

#[corio::test]
async fn test_sock_sendfile_os_error_first_call() {
    let (mut near, far) = UnixStream::pair().unwrap();
    drop(far);
    let error = corio::io::copy(&mut Cursor::new("data"), &mut near).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BrokenPipe);
}

#[corio::test]
async fn test_sock_sendfile_os_error_next_call() {
    let (mut near, far) = UnixStream::pair().unwrap();
    let goes = corio::spawn(async move {
        far.read_exact(&mut [0; 1000]).await.unwrap();
    });
    let data = much();
    let error = soon(corio::io::copy(&mut Cursor::new(&data), &mut near)).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset), "{error}");
    goes.await.unwrap();
}

/// Cannot be read.
struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("the disk is broken"))
    }
}

#[corio::test]
async fn test_sock_sendfile_exception() {
    let (mut near, _far) = UnixStream::pair().unwrap();
    let error = corio::io::copy(&mut AllowStdIo::new(Broken), &mut near).await.unwrap_err();
    assert!(error.to_string().contains("the disk is broken"), "{error}");
}
