//! Readers and writers, and a loop that others wake.

use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use corio::net::resolve::Family;
use corio::net::{Connect, TcpStream};
use corio::stream::protocol::create_server;
use corio::{Builder, EventLoop};

use crate::recorder::{Recorder, settle};
use crate::sockets::{HERE, soon, until};
use crate::support::Seen;

/// Two ends, and a list for what is called.
fn pair() -> (UnixStream, UnixStream, Seen<&'static str>) {
    let (near, far) = UnixStream::pair().unwrap();
    near.set_nonblocking(true).unwrap();
    far.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    (near, far, Seen::new())
}

fn push(seen: &Seen<&'static str>, name: &'static str) -> impl FnMut() + 'static {
    let seen = seen.clone();
    move || seen.push(name)
}

/// The loop lets go of what it watched.
#[test]
fn test_close() {
    let (near, mut far, seen) = pair();
    let runtime = Builder::new().build().unwrap();
    let event_loop = runtime.event_loop();
    event_loop.add_reader(&near, push(&seen, "read")).unwrap();
    drop(near);
    event_loop.close().unwrap();
    event_loop.close().unwrap();
    assert_eq!(far.read(&mut [0; 8]).unwrap(), 0, "its own copy is closed");
    assert_eq!(seen.len(), 0);
}

/// However often a loop is woken that does not look: nothing is lost, and nobody waits for it.
#[test]
fn test_write_to_self_tryagain() {
    const CALLS: usize = 100_000;
    let runtime = Builder::new().build().unwrap();
    let event_loop = runtime.event_loop();
    let calls = Arc::new(AtomicUsize::new(0));
    let (counts, handle) = (calls.clone(), event_loop.handle());
    let wakes = move || {
        for _ in 0..CALLS {
            let calls = counts.clone();
            let count = move || {
                calls.fetch_add(1, Ordering::Relaxed);
            };
            handle.call_soon_threadsafe(count).unwrap();
        }
    };
    std::thread::spawn(wakes).join().unwrap();
    let all = || calls.load(Ordering::Relaxed) == CALLS;
    event_loop.run_until_complete(until(all)).unwrap();
}

/// Of a name's addresses only those of the family that is asked for.
#[corio::test]
async fn test_sock_connect_resolve_using_socket_params() {
    let listener = std::net::TcpListener::bind(HERE).unwrap();
    let there = listener.local_addr().unwrap();
    let six = SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], there.port()));
    let stream = Connect::to([six, there]).family(Family::V4).await.unwrap();
    assert_eq!(stream.peer_addr().unwrap(), there);
    let error = Connect::to([there]).family(Family::V6).await.unwrap_err();
    assert!(error.to_string().contains("IPv6"), "{error}");
}

#[corio::test]
async fn test_add_reader() {
    let (near, mut far, seen) = pair();
    let event_loop = EventLoop::current();
    event_loop.add_reader(&near, push(&seen, "read")).unwrap();
    settle().await;
    assert_eq!(seen.len(), 0);
    far.write_all(b"x").unwrap();
    until(|| seen.len() > 0).await;
    assert!(event_loop.remove_reader(&near));
}

#[corio::test]
async fn test_add_reader_existing() {
    let (near, mut far, seen) = pair();
    let event_loop = EventLoop::current();
    event_loop.add_reader(&near, push(&seen, "first")).unwrap();
    event_loop.add_reader(&near, push(&seen, "second")).unwrap();
    far.write_all(b"x").unwrap();
    until(|| seen.len() > 0).await;
    assert!(event_loop.remove_reader(&near) && !event_loop.remove_reader(&near));
    assert!(!seen.all().contains(&"first"));
}

#[corio::test]
async fn test_add_reader_existing_writer() {
    let (near, mut far, seen) = pair();
    let event_loop = EventLoop::current();
    event_loop.add_writer(&near, push(&seen, "write")).unwrap();
    event_loop.add_reader(&near, push(&seen, "read")).unwrap();
    far.write_all(b"x").unwrap();
    until(|| seen.all().contains(&"read") && seen.all().contains(&"write")).await;
    assert!(event_loop.remove_reader(&near) && event_loop.remove_writer(&near));
}

#[corio::test]
async fn test_remove_reader_unknown() {
    let (near, _far, _) = pair();
    assert!(!EventLoop::current().remove_reader(&near));
}

#[corio::test]
async fn test_add_writer() {
    let (near, _far, seen) = pair();
    let event_loop = EventLoop::current();
    event_loop.add_writer(&near, push(&seen, "write")).unwrap();
    until(|| seen.len() > 0).await;
    assert!(event_loop.remove_writer(&near));
}

#[corio::test]
async fn test_add_writer_existing() {
    let (near, _far, seen) = pair();
    let event_loop = EventLoop::current();
    event_loop.add_reader(&near, push(&seen, "read")).unwrap();
    event_loop.add_writer(&near, push(&seen, "first")).unwrap();
    event_loop.add_writer(&near, push(&seen, "second")).unwrap();
    until(|| seen.len() > 0).await;
    assert!(event_loop.remove_writer(&near) && event_loop.remove_reader(&near));
    assert!(seen.all().iter().all(|name| *name == "second"));
}

#[corio::test]
async fn test_remove_writer() {
    let (near, _far, seen) = pair();
    let event_loop = EventLoop::current();
    event_loop.add_writer(&near, push(&seen, "write")).unwrap();
    assert!(event_loop.remove_writer(&near));
    settle().await;
    assert_eq!(seen.len(), 0);
}

#[corio::test]
async fn test_remove_writer_read_write() {
    let (near, mut far, seen) = pair();
    let event_loop = EventLoop::current();
    event_loop.add_reader(&near, push(&seen, "read")).unwrap();
    event_loop.add_writer(&near, push(&seen, "write")).unwrap();
    assert!(event_loop.remove_writer(&near));
    far.write_all(b"x").unwrap();
    until(|| seen.len() > 0).await;
    assert!(event_loop.remove_reader(&near), "the reader stays");
    assert!(!seen.all().contains(&"write"));
}

#[corio::test]
async fn test_remove_writer_unknown() {
    let (near, _far, _) = pair();
    assert!(!EventLoop::current().remove_writer(&near));
}

/// It is called as long as there is something to read.
#[corio::test]
async fn test_process_events_read() {
    let (near, mut far, seen) = pair();
    let event_loop = EventLoop::current();
    event_loop.add_reader(&near, push(&seen, "read")).unwrap();
    far.write_all(b"x").unwrap();
    until(|| seen.len() > 3).await;
    assert!(event_loop.remove_reader(&near));
}

/// What was found ready and is removed before its turn is not called.
#[corio::test]
async fn test_process_events_read_cancelled() {
    let (near, mut far, seen) = pair();
    let event_loop = EventLoop::current();
    far.write_all(b"x").unwrap();
    event_loop.add_reader(&near, push(&seen, "read")).unwrap();
    assert!(event_loop.remove_reader(&near));
    settle().await;
    assert_eq!(seen.len(), 0);
}

#[corio::test]
async fn test_process_events_write() {
    let (near, _far, seen) = pair();
    let event_loop = EventLoop::current();
    event_loop.add_writer(&near, push(&seen, "write")).unwrap();
    until(|| seen.len() > 3).await;
    assert!(event_loop.remove_writer(&near));
}

/// One callback removes another one that is ready, too.
#[corio::test]
async fn test_process_events_write_cancelled() {
    let (near, far, seen) = pair();
    let event_loop = EventLoop::current();
    let (inside, first, second) = (event_loop.clone(), push(&seen, "first"), push(&seen, "second"));
    let (own, other) = (near.try_clone().unwrap(), far.try_clone().unwrap());
    let fds = (std::os::fd::AsRawFd::as_raw_fd(&near), std::os::fd::AsRawFd::as_raw_fd(&far));
    let mut first = first;
    event_loop
        .add_writer(&near, move || {
            let _open = (&own, &other);
            first();
            assert!(inside.remove_writer(&fds.0) && inside.remove_writer(&fds.1));
        })
        .unwrap();
    event_loop.add_writer(&far, second).unwrap();
    until(|| seen.len() > 0).await;
    settle().await;
    assert_eq!(seen.all(), ["first"]);
}

#[corio::test]
async fn test_accept_connection_zero_one() {
    let server = create_server(Recorder::shared, HERE).await.unwrap();
    settle().await;
    assert_eq!(server.clients(), 0);
    let client = TcpStream::connect(server.local_addr().unwrap()).await.unwrap();
    until(|| server.clients() == 1).await;
    drop(client);
    server.close();
    soon(server.wait_closed()).await;
}

/// All who wait are let in.
#[corio::test]
async fn test_accept_connection_multiple() {
    const CLIENTS: usize = 64;
    let server = create_server(Recorder::shared, HERE).await.unwrap();
    let there = server.local_addr().unwrap();
    // The loop stands still while they come.
    let come = || std::net::TcpStream::connect(there).unwrap();
    let clients: Vec<_> = std::iter::repeat_with(come).take(CLIENTS).collect();
    until(|| server.clients() == CLIENTS).await;
    drop(clients);
    server.close();
    soon(server.wait_closed()).await;
}
