//! A file into a socket.

use std::io::{Seek as _, SeekFrom, Write as _};

use futures::io::{AllowStdIo, AsyncReadExt};

use super::{file, reading};
use crate::recorder::much;
use crate::sockets::{SocketPath, soon};

#[corio::test]
async fn test_sock_sendfile_success() {
    let (mut file, (mut stream, reads)) = (file(), reading());
    let sent = soon(corio::io::copy(&mut file, &mut stream)).await.unwrap();
    drop(stream);
    assert_eq!((sent, file.get_mut().stream_position().unwrap()), (much().len() as u64, sent));
    assert!(reads.join().unwrap() == much());
}

#[corio::test]
async fn test_sock_sendfile_with_offset_and_count() {
    let (mut file, (mut stream, reads)) = (file(), reading());
    file.get_mut().seek(SeekFrom::Start(1000)).unwrap();
    let mut part = AsyncReadExt::take(file, 2000);
    assert_eq!(soon(corio::io::copy(&mut part, &mut stream)).await.unwrap(), 2000);
    drop(stream);
    assert_eq!(part.get_mut().get_mut().stream_position().unwrap(), 3000);
    assert!(reads.join().unwrap() == much()[1000..3000]);
}

#[corio::test]
async fn test_sock_sendfile_zero_size() {
    let path = SocketPath::new();
    std::fs::File::create(&*path).unwrap().flush().unwrap();
    let mut empty = AllowStdIo::new(std::fs::File::open(&*path).unwrap());
    let (mut stream, reads) = reading();
    assert_eq!(soon(corio::io::copy(&mut empty, &mut stream)).await.unwrap(), 0);
    drop(stream);
    assert_eq!(reads.join().unwrap(), b"");
}

/// From where the file stands to its end.
async fn from_an_offset() {
    let (mut file, (mut stream, reads)) = (file(), reading());
    let begin = much().len() - 5000;
    file.get_mut().seek(SeekFrom::Start(begin as u64)).unwrap();
    assert_eq!(soon(corio::io::copy(&mut file, &mut stream)).await.unwrap(), 5000);
    drop(stream);
    assert!(reads.join().unwrap() == much()[begin..]);
}

#[corio::test]
async fn test_sock_sendfile_offset() {
    from_an_offset().await;
}

#[corio::test]
async fn test_sendfile_offset() {
    from_an_offset().await;
}

#[corio::test]
async fn test_sock_sendfile_mix_with_regular_send() {
    let (mut file, (mut stream, reads)) = (file(), reading());
    stream.write_all(b"mix_regular_send").await.unwrap();
    soon(corio::io::copy(&mut file, &mut stream)).await.unwrap();
    soon(stream.write_all(b"mix_regular_send")).await.unwrap();
    drop(stream);
    let expected = [b"mix_regular_send", &much()[..], b"mix_regular_send"].concat();
    assert!(reads.join().unwrap() == expected);
}
