//! Files into connections: `corio::io::copy`, from where the file stands, and as much as is wanted.

mod sendfile_mixin;
mod sock_sendfile_mixin;

use std::fs::File;
use std::io::Write as _;
use std::os::unix::net::UnixStream as StdStream;
use std::thread::JoinHandle;

use corio::net::UnixStream;
use futures::io::AllowStdIo;

use crate::recorder::much;
use crate::sockets::SocketPath;

/// A file with [`much`] in it.
fn file() -> AllowStdIo<File> {
    let path = SocketPath::new();
    File::create(&*path).unwrap().write_all(&much()).unwrap();
    AllowStdIo::new(File::open(&*path).unwrap())
}

/// A connection, and who reads its other end, on a thread.
fn reading() -> (UnixStream, JoinHandle<Vec<u8>>) {
    let (near, mut far) = StdStream::pair().unwrap();
    let reads = std::thread::spawn(move || {
        let mut got = Vec::new();
        std::io::Read::read_to_end(&mut far, &mut got).unwrap();
        got
    });
    (UnixStream::from_std(near).unwrap(), reads)
}
