//! A file into a socket: `corio::io::copy`, from where the file stands, and as much as is wanted.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::net::UnixStream as StdStream;

use corio::net::{TcpStream, UnixStream};
use futures::io::AllowStdIo;

use crate::recorder::much;
use crate::sockets::{SocketPath, soon};
use crate::support::implements;

/// A file with much in it, a connection, and who reads its other end, on a thread.
fn sending() -> (AllowStdIo<File>, UnixStream, std::thread::JoinHandle<Vec<u8>>) {
    let path = SocketPath::new();
    File::create(&*path).unwrap().write_all(&much()).unwrap();
    let file = File::open(&*path).unwrap();
    let (near, mut far) = StdStream::pair().unwrap();
    let reads = std::thread::spawn(move || {
        let mut got = Vec::new();
        far.read_to_end(&mut got).unwrap();
        got
    });
    (AllowStdIo::new(file), UnixStream::from_std(near).unwrap(), reads)
}

#[corio::test]
async fn test_sock_sendfile_fallback() {
    let (mut file, mut stream, reads) = sending();
    let sent = soon(corio::io::copy(&mut file, &mut stream)).await.unwrap();
    drop(stream);
    assert_eq!(sent, much().len() as u64);
    assert_eq!(file.get_mut().stream_position().unwrap(), sent);
    assert!(reads.join().unwrap() == much());
}

#[corio::test]
async fn test_sock_sendfile_fallback_offset_and_count() {
    let (mut file, mut stream, reads) = sending();
    file.get_mut().seek(SeekFrom::Start(2000)).unwrap();
    let mut part = futures::io::AsyncReadExt::take(file, 5000);
    assert_eq!(soon(corio::io::copy(&mut part, &mut stream)).await.unwrap(), 5000);
    drop(stream);
    assert_eq!(part.into_inner().get_mut().stream_position().unwrap(), 2000 + 5000);
    assert!(reads.join().unwrap() == much()[2000..7000]);
}

/// A socket that blocks is taken, and blocks no more.
#[corio::test]
async fn test_blocking_socket() {
    let (mut file, mut stream, reads) = sending();
    soon(corio::io::copy(&mut file, &mut stream)).await.unwrap();
    drop(stream);
    assert!(reads.join().unwrap() == much());
}

/// Datagrams are no stream.
#[test]
fn test_nonstream_socket() {
    assert!(!implements!(corio::net::UdpSocket: futures::AsyncWrite));
    assert!(implements!(TcpStream: futures::AsyncWrite));
}
