//! Unix sockets: connections, listeners and their files.

use std::fs;
use std::future::poll_fn;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use corio_net::{UnixListener, UnixStream};
use futures::future::join;
use futures::{AsyncReadExt, AsyncWriteExt, StreamExt};

use crate::util::{Folder, block_on, poll_once};

fn listen(path: &Path) -> UnixListener {
    block_on(UnixListener::bind(path)).unwrap()
}

/// A socket's file at which nobody answers.
fn left_behind(path: &Path) {
    drop(std::os::unix::net::UnixListener::bind(path).unwrap());
    assert!(path.exists());
}

#[test]
fn both_ends_read_and_write() {
    let folder = Folder::new();
    let path = folder.file("echo");
    let listener = listen(&path);
    block_on(async {
        let (client, accepted) = join(UnixStream::connect(&path), listener.accept()).await;
        let (client, (server, from)) = (client.unwrap(), accepted.unwrap());
        assert!(from.is_unnamed());
        assert_eq!(client.peer_addr().unwrap().as_pathname(), Some(path.as_path()));
        assert_eq!(server.local_addr().unwrap().as_pathname(), Some(path.as_path()));
        assert!(client.local_addr().unwrap().is_unnamed());
        client.write_all(b"question").await.unwrap();
        let mut buffer = [0; 8];
        server.read_exact(&mut buffer).await.unwrap();
        server.write_all(b"answer").await.unwrap();
        server.shutdown(std::net::Shutdown::Write).await.unwrap();
        let mut all = Vec::new();
        assert_eq!(client.read_to_end(&mut all).await.unwrap(), 6);
    });
}

#[test]
fn every_form_of_accepting() {
    let folder = Folder::new();
    let path = folder.file("accept");
    let listener = listen(&path);
    let _clients: Vec<_> =
        (0..4).map(|_| std::os::unix::net::UnixStream::connect(&path).unwrap()).collect();
    block_on(async {
        listener.accept().await.unwrap();
        poll_fn(|context| listener.poll_accept(context)).await.unwrap();
        listener.try_accept().unwrap();
        StreamExt::next(&mut listener.incoming()).await.unwrap().unwrap();
        assert!(poll_once(&mut listener.accept()).is_pending());
    });
}

#[test]
fn a_pair_in_halves_moves_more_than_the_system_holds() {
    const TOTAL: usize = 4 << 20;
    let (mut one, two) = UnixStream::pair().unwrap();
    let bytes = vec![1; TOTAL];
    let (mut read, mut write) = two.into_split();
    block_on(async {
        let send = async {
            let (_, mut write) = UnixStream::split(&mut one);
            write.write_all(&bytes).await.unwrap();
            write.shutdown().await.unwrap();
        };
        let mut all = Vec::new();
        let ((), n) = join(send, read.read_to_end(&mut all)).await;
        assert_eq!(n.unwrap(), TOTAL);
        write.write_all(b"back").await.unwrap();
        drop(write);
        assert_eq!(one.read_to_end(&mut all).await.unwrap(), 4);
    });
}

#[test]
fn the_futures_io_traits() {
    let (mut one, mut two) = UnixStream::pair().unwrap();
    block_on(async {
        AsyncWriteExt::write_all(&mut one, b"traits").await.unwrap();
        AsyncWriteExt::close(&mut one).await.unwrap();
        let mut all = Vec::new();
        AsyncReadExt::read_to_end(&mut two, &mut all).await.unwrap();
        assert_eq!(all, b"traits");
    });
}

#[cfg(target_os = "linux")]
#[test]
fn the_peer_is_this_process() {
    let (one, _two) = UnixStream::pair().unwrap();
    let peer = one.peer_cred().unwrap();
    assert_eq!(peer.pid(), i32::try_from(std::process::id()).ok());
    assert_eq!(peer.uid(), rustix::process::getuid().as_raw());
    assert_eq!(peer.gid(), rustix::process::getgid().as_raw());
}

#[cfg(target_os = "linux")]
#[test]
fn who_has_no_peer_is_told_so() {
    let socket = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None).unwrap();
    let stream = UnixStream::from(OwnedFd::from(socket));
    assert_eq!(stream.peer_cred().unwrap_err().kind(), ErrorKind::NotConnected);
}

#[test]
fn the_file_goes_with_the_listener() {
    let folder = Folder::new();
    let path = folder.file("goes");
    let listener = listen(&path);
    assert!(path.exists());
    drop(listener);
    assert!(!path.exists());
}

#[test]
#[expect(unsafe_code, reason = "foreign code forks")]
fn a_listener_dropped_in_a_copy_of_this_process_leaves_its_file_and_its_loop() {
    let folder = Folder::new();
    let path = folder.file("copied");
    let mut listener = Some(listen(&path));
    // SAFETY: what the copy does takes no lock but the allocator's, which the C library keeps usable. It ends
    // without cleaning up.
    let copy = unsafe { libc::fork() };
    if copy == 0 {
        // SAFETY: a system call; a copy that hangs ends by the signal.
        unsafe { libc::alarm(20) };
        drop(listener.take());
        // SAFETY: ends this copy.
        unsafe { libc::_exit(0) };
    }
    let copy = rustix::process::Pid::from_raw(copy).expect("it forks");
    rustix::process::waitpid(Some(copy), rustix::process::WaitOptions::empty()).unwrap();
    let listener = listener.expect("the copy dropped its own");
    let _client = std::os::unix::net::UnixStream::connect(&path).unwrap();
    block_on(listener.accept()).unwrap();
}

#[test]
fn the_file_of_another_stays() {
    let folder = Folder::new();
    let path = folder.file("replaced");
    let listener = listen(&path);
    fs::remove_file(&path).unwrap();
    let other = std::os::unix::net::UnixListener::bind(&path).unwrap();
    drop(listener);
    assert!(path.exists(), "it is another's by now");
    std::os::unix::net::UnixStream::connect(&path).unwrap();
    drop(other);

    // And if it has gone by itself, that is nobody's trouble.
    let path = folder.file("gone");
    let listener = listen(&path);
    fs::remove_file(&path).unwrap();
    drop(listener);
}

#[test]
fn a_listener_given_away_or_told_to_keep_it_leaves_its_file() {
    let folder = Folder::new();
    let kept = folder.file("kept");
    let mut listener = listen(&kept);
    listener.keep_file();
    drop(listener);
    assert!(kept.exists());
    let given = folder.file("given");
    let std = listen(&given).into_std();
    assert!(given.exists());
    drop(std);
    let descriptor = folder.file("descriptor");
    drop(OwnedFd::from(listen(&descriptor)));
    assert!(descriptor.exists());
}

#[test]
fn a_file_left_behind_is_replaced() {
    let folder = Folder::new();
    let path = folder.file("stale");
    left_behind(&path);
    let error = block_on(UnixStream::connect(&path)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    let listener = listen(&path);
    let _client = std::os::unix::net::UnixStream::connect(&path).unwrap();
    block_on(listener.accept()).unwrap();
}

#[test]
fn nothing_but_a_file_left_behind_is_replaced() {
    let folder = Folder::new();
    let refused = |path: &PathBuf, why: &str| {
        let error = block_on(UnixListener::bind(path)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
        assert!(error.to_string().contains(why), "{error}");
        assert!(fs::symlink_metadata(path).is_ok(), "{path:?} is still there");
    };
    let file = folder.file("file");
    fs::write(&file, "precious").unwrap();
    refused(&file, "no socket");
    assert_eq!(fs::read(&file).unwrap(), b"precious");

    let directory = folder.file("directory");
    fs::create_dir(&directory).unwrap();
    refused(&directory, "no socket");

    let stale = folder.file("target");
    left_behind(&stale);
    let link = folder.file("link");
    symlink(&stale, &link).unwrap();
    refused(&link, "no socket");
    assert!(stale.exists());

    let live = folder.file("live");
    let listener = listen(&live);
    refused(&live, "somebody answers");
    drop(listener);

    let other_kind = folder.file("datagrams");
    let _socket = std::os::unix::net::UnixDatagram::bind(&other_kind).unwrap();
    refused(&other_kind, "somebody answers");
}

#[test]
fn what_is_no_place_for_a_socket_is_an_error_that_says_why() {
    let folder = Folder::new();
    let error = block_on(UnixListener::bind(folder.file("no/such/directory"))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let long = folder.file(&"x".repeat(200));
    let error = block_on(UnixListener::bind(&long)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("bytes"), "{error}");
    let error = block_on(UnixStream::connect(&long)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let error = block_on(UnixStream::connect(folder.file("nobody"))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[cfg(target_os = "linux")]
#[test]
fn abstract_names_have_no_file() {
    let name = format!("\0corio-net-test-{}", std::process::id());
    let listener = block_on(UnixListener::bind(&name)).unwrap();
    let client = block_on(UnixStream::connect(&name)).unwrap();
    let (server, _) = block_on(listener.accept()).unwrap();
    block_on(client.write_all(b"x")).unwrap();
    assert_eq!(block_on(server.read(&mut [0; 2])).unwrap(), 1);
    // By std's form of the address, too.
    let address = listener.local_addr().unwrap();
    block_on(UnixStream::connect_addr(&address)).unwrap();
    let error = block_on(UnixListener::bind_addr(&address)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
    drop(listener);
    block_on(UnixListener::bind_addr(&address)).unwrap();
}

#[test]
fn a_full_queue_is_waited_out() {
    let folder = Folder::new();
    let path = folder.file("full");
    let socket = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None).unwrap();
    socket.bind(&socket2::SockAddr::unix(&path).unwrap()).unwrap();
    socket.listen(1).unwrap();
    let listener = UnixListener::from(OwnedFd::from(socket));
    block_on(async {
        let mut waiting: Vec<_> = (0..8).map(|_| UnixStream::connect(&path)).collect();
        let mut done = Vec::new();
        waiting.retain_mut(|connect| match poll_once(connect) {
            std::task::Poll::Ready(stream) => {
                done.push(stream.unwrap());
                false
            }
            std::task::Poll::Pending => true,
        });
        assert!(!waiting.is_empty(), "the system had room for all");
        let accept = async {
            for _ in 0..8 {
                listener.accept().await.unwrap();
            }
        };
        let (rest, ()) = join(futures::future::join_all(waiting), accept).await;
        assert!(rest.into_iter().all(|stream| stream.is_ok()));
    });
}

#[test]
fn a_peer_that_is_gone_is_an_error_of_the_write() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    drop(theirs);
    let error = block_on(ours.write_all(b"x")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    assert_eq!(block_on(ours.read(&mut [0; 1])).unwrap(), 0);
}

#[test]
fn unread_bytes_of_a_closed_end_are_a_reset() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    block_on(ours.write_all(b"never read")).unwrap();
    drop(theirs);
    let error = block_on(ours.read(&mut [0; 1])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[test]
fn to_std_and_back() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let mut std = theirs.into_std();
    std.set_nonblocking(false).unwrap();
    let ours = UnixStream::from(OwnedFd::from(ours));
    block_on(ours.write_all(b"std")).unwrap();
    let mut buffer = [0; 3];
    std.read_exact(&mut buffer).unwrap();
    std.write_all(b"back").unwrap();
    let theirs = UnixStream::from_std(std).unwrap();
    assert_eq!(block_on(ours.read(&mut [0; 8])).unwrap(), 4);
    drop(theirs);
}

#[test]
fn options_are_the_sockets() {
    let (one, _two) = UnixStream::pair().unwrap();
    one.set_send_buffer_size(64 << 10).unwrap();
    assert!(one.send_buffer_size().unwrap() >= 64 << 10);
    one.set_recv_buffer_size(64 << 10).unwrap();
    assert!(one.recv_buffer_size().unwrap() >= 64 << 10);
    assert!(one.take_error().unwrap().is_none());
}

#[test]
fn a_connect_half_way_is_given_up_when_dropped() {
    let folder = Folder::new();
    let path = folder.file("dropped");
    let listener = listen(&path);
    drop(UnixStream::connect(&path));
    assert!(poll_once(&mut listener.accept()).is_pending(), "it was never begun");
}
