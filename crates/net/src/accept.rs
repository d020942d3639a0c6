//! Accepting, and how a listener survives without descriptors.
//!
//! Accepting fails in three ways. Either the connection is to blame (it was reset while it waited in
//! the queue): then the next one is taken at once, and the server never hears of it. Or the process
//! or the system is out of descriptors or memory: then the connection stays in the queue, trying
//! again at once would take a whole core, and giving up would end the server; so the listener
//! pauses and goes on. Anything else is the caller's.
//!
//! A connection that was accepted and then cannot be registered has left the queue: it is closed. If
//! it was for want of room the listener pauses, as above; any other error is the caller's.

use std::fmt;
use std::io;
use std::net;
use std::ops::RangeInclusive;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use corio_reactor::{After, Direction, Waiter};
use rustix::io::Errno;

use crate::kind::{Listens, Socket};
use crate::listener::{BACKLOG, Listener};
use crate::pause::Pause;
use crate::socket::try_io;
use crate::stream::ByteStream;
use crate::sys;

/// How long to pause. At first long enough that a descriptor may have been closed, short enough for a
/// client not to notice; at last what it costs to go on, once there are descriptors again.
const PAUSES: RangeInclusive<Duration> = Duration::from_millis(10)..=Duration::from_secs(1);

/// A connection, and where it comes from.
pub(crate) type Peer<L> = (ByteStream<<L as Listens>::Stream>, <L as Socket>::Address);

/// Takes the next connection; made by [`Listener::accept`].
///
/// # Cancel safety
/// Dropped before it was ready, it has accepted nothing.
#[must_use = "futures do nothing unless polled"]
pub struct Accept<'a, L = net::TcpListener> {
    listener: &'a Listener<L>,
    waiter: Waiter<'a, L>,
    pause: Option<Pause>,
}

impl<'a, L: Listens> Accept<'a, L> {
    #[track_caller]
    pub(crate) fn new(listener: &'a Listener<L>) -> Self {
        Accept { listener, waiter: listener.io.waiter(Direction::Read), pause: None }
    }
}

impl<L: Listens> Future for Accept<'_, L> {
    type Output = io::Result<Peer<L>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        poll(this.listener, &mut this.waiter, &mut this.pause, context)
    }
}

impl<L: fmt::Debug> fmt::Debug for Accept<'_, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accept").field("listener", self.listener).finish_non_exhaustive()
    }
}

/// What an attempt to accept has found.
enum Accepted<L: Listens> {
    Connection(L::Stream, L::Address),
    /// No descriptor, or no memory, for it; or nothing but failures.
    Exhausted(io::Error),
}

/// One step of accepting, for the future and the poll form alike; `pause` is the caller's progress.
pub(crate) fn poll<L: Listens>(
    listener: &Listener<L>,
    waiter: &mut Waiter<'_, L>,
    pause: &mut Option<Pause>,
    context: &mut Context<'_>,
) -> Poll<io::Result<Peer<L>>> {
    loop {
        let mut paused = Duration::ZERO;
        if let Some(pause) = pause {
            paused = ready!(pause.poll(context));
        }
        *pause = None;
        let accepted = ready!(waiter.poll_with(context, attempt))?;
        match finish(accepted)? {
            Ok(connection) => return Poll::Ready(Ok(connection)),
            Err(error) => listener.report(&error),
        }
        *pause = Some(Pause::after(paused, &PAUSES));
    }
}

/// One attempt now; every failure is the caller's.
pub(crate) fn now<L: Listens>(listener: &Listener<L>) -> io::Result<Peer<L>> {
    finish(try_io(&listener.io, Direction::Read, attempt)?)?
}

/// Registers what was accepted; if that fails, the connection is closed. The inner error is a lack that
/// passes.
fn finish<L: Listens>(accepted: Accepted<L>) -> io::Result<Result<Peer<L>, io::Error>> {
    match accepted {
        Accepted::Exhausted(error) => Ok(Err(error)),
        Accepted::Connection(stream, from) => match ByteStream::from_connected(stream) {
            Ok(stream) => Ok(Ok((stream, from))),
            Err(error) if is_exhausted(&error) => Ok(Err(error)),
            Err(error) => Err(error),
        },
    }
}

/// One connection, or why there is none.
fn attempt<L: Listens>(listener: &L) -> io::Result<(Accepted<L>, After)> {
    let accepted = accept_with(|| sys::accept(listener))?;
    Ok((accepted, After::MaybeMore))
}

/// Passes over connections that were reset in the queue: each is taken out by its failure. More in a
/// row than the queue holds are another matter (a sandbox that forbids to accept says `PERM`, too, and
/// always), and a pause keeps them from holding up the loop.
fn accept_with<L: Listens>(
    mut accept: impl FnMut() -> io::Result<(L::Stream, L::Address)>,
) -> io::Result<Accepted<L>> {
    let mut passed_over = 0;
    loop {
        match accept() {
            Ok((stream, from)) => return Ok(Accepted::Connection(stream, from)),
            Err(error) if is_the_connections(&error) && passed_over < BACKLOG => passed_over += 1,
            Err(error) if is_exhausted(&error) || is_the_connections(&error) => {
                return Ok(Accepted::Exhausted(error));
            }
            Err(error) => return Err(error),
        }
    }
}

/// Whether accepting failed for the connection's own sake. Linux hands on the errors that wait at a
/// new socket, and a firewall's refusal; where a new socket has to be asked for its peer, one that was
/// reset has none (`NOTCONN`).
fn is_the_connections(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(
            Errno::CONNABORTED
                | Errno::CONNRESET
                | Errno::HOSTDOWN
                | Errno::HOSTUNREACH
                | Errno::NETDOWN
                | Errno::NETUNREACH
                | Errno::NOPROTOOPT
                | Errno::NOTCONN
                | Errno::PERM
                | Errno::PROTO
                | Errno::TIMEDOUT
        )
    )
}

/// Whether there is no room: of the process, of the system, or (`NOSPC`) in its epoll watches.
fn is_exhausted(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM | Errno::NOSPC)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_passed_over_as_long_as_the_queue_may_have_been() {
        for (errno, failures, passes) in [
            (Errno::CONNABORTED, 3, true),
            (Errno::PERM, 3, true),
            (Errno::NOTCONN, 3, true),
            (Errno::PERM, usize::MAX, false),
            (Errno::MFILE, 1, false),
        ] {
            let socket = net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
            let address = socket.local_addr().unwrap();
            let _client = net::TcpStream::connect(address).unwrap();
            let mut left = failures;
            let accepted = accept_with::<net::TcpListener>(|| {
                if left > 0 {
                    left -= 1;
                    return Err(errno.into());
                }
                socket.accept()
            });
            assert_eq!(matches!(accepted, Ok(Accepted::Connection(..))), passes, "{errno}");
            assert!(accepted.is_ok(), "{errno}: a pause, not the server's end");
        }
    }
}
