//! epoll by hand: an echo server, and a loop that an eventfd wakes.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::{EventfdFlags, epoll, eventfd};

use crate::workloads::{BUFFER, Remote, announce};

/// How many ready descriptors one wait may report.
const EVENTS_MAX: usize = 256;

/// What epoll says for the listener, where it says an index for a connection.
const LISTENER: u64 = u64::MAX;

/// Accepts so many connections, echoes until they are closed, and returns.
pub(crate) fn serve(connections: usize) {
    try_serve(connections).expect("epoll, loopback and sockets are there");
}

fn try_serve(connections: usize) -> io::Result<()> {
    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    watch(&epoll, &listener, LISTENER)?;
    announce(listener.local_addr()?);
    let mut open = Vec::with_capacity(connections);
    let mut closed = 0;
    let mut buffer = vec![0; BUFFER];
    let mut events = Vec::with_capacity(EVENTS_MAX);
    while closed < connections {
        events.clear();
        epoll::wait(&epoll, spare_capacity(&mut events), None)?;
        for event in &events {
            let index = event.data.u64();
            if index == LISTENER {
                let (stream, _) = listener.accept()?;
                stream.set_nodelay(true)?;
                stream.set_nonblocking(true)?;
                watch(&epoll, &stream, open.len() as u64)?;
                open.push(Some(stream));
                continue;
            }
            let place = &mut open[index as usize];
            if place.as_ref().is_some_and(|stream| !echo(stream, &mut buffer)) {
                *place = None;
                closed += 1;
            }
        }
    }
    Ok(())
}

fn watch(epoll: &OwnedFd, descriptor: impl AsFd, index: u64) -> io::Result<()> {
    epoll::add(epoll, descriptor, epoll::EventData::new_u64(index), epoll::EventFlags::IN)?;
    Ok(())
}

/// Sends back what has come, and tells whether the connection is still open.
fn echo(mut stream: &TcpStream, buffer: &mut [u8]) -> bool {
    match stream.read(buffer) {
        Ok(0) => false,
        Ok(n) => stream.write_all(&buffer[..n]).is_ok(),
        Err(error) => error.kind() == ErrorKind::WouldBlock,
    }
}

/// As everybody's remote wake, but the loop is one wait in epoll for one eventfd.
pub(super) fn remote_wake(ops: u64) -> Duration {
    try_remote_wake(ops).expect("epoll and eventfd are there")
}

fn try_remote_wake(ops: u64) -> io::Result<Duration> {
    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    let wake = Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?);
    watch(&epoll, &*wake, 0)?;
    let remote = Remote::start(ops, {
        let wake = Arc::clone(&wake);
        move || {
            rustix::io::write(&wake, &1_u64.to_ne_bytes()).expect("an eventfd takes a one");
        }
    });
    let mut events = Vec::with_capacity(1);
    let start = Instant::now();
    for _ in 0..ops {
        remote.ask();
        events.clear();
        epoll::wait(&epoll, spare_capacity(&mut events), None)?;
        rustix::io::read(&wake, &mut [0; 8])?;
    }
    Ok(start.elapsed())
}
