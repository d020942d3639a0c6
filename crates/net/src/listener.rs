//! [`TcpListener`], and how it survives without descriptors.
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
use std::net::{self, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use corio_base::clock;
use corio_reactor::{After, Direction, Io};
use corio_timer::{Sleep, sleep};
use rustix::io::Errno;
use socket2::{Domain, Protocol, Socket, Type};

use crate::stream::TcpStream;
use crate::sys;

/// How many connections may wait to be accepted, if the system allows so many (`somaxconn`): what a
/// listener that is away for 10 ms gets at 100 000 connections a second.
const BACKLOG: i32 = 1024;
/// The first pause: long enough that a descriptor may have been closed, short enough for a client
/// not to notice.
const PAUSE_MIN: Duration = Duration::from_millis(10);
/// The longest pause: what it costs to go on, once there are descriptors again.
const PAUSE_MAX: Duration = Duration::from_secs(1);
/// How often the log hears of it at most.
const REPORT_EVERY: Duration = Duration::from_secs(1);

/// Listens for TCP connections.
///
/// ```
/// use corio_net::{TcpListener, TcpStream};
/// use std::net::SocketAddr;
///
/// # fn main() -> std::io::Result<()> {
/// # corio_base::park::block_on(async {
/// let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
/// let client = TcpStream::connect(listener.local_addr()?).await?;
/// let (server, from) = listener.accept().await?;
/// assert_eq!(from, client.local_addr()?);
/// assert_eq!(server.peer_addr()?, from);
/// # Ok(())
/// # })
/// # }
/// ```
pub struct TcpListener {
    pub(crate) io: Io<net::TcpListener>,
    /// The pause of the poll form, while it makes one.
    pause: Mutex<Option<Pause>>,
    /// When the log heard of a lack of descriptors last, in nanoseconds.
    reported_at: AtomicU64,
}

/// A pause under way.
struct Pause {
    sleep: Pin<Box<Sleep>>,
    length: Duration,
}

/// What an attempt to accept has found.
enum Accepted {
    Connection(net::TcpStream, SocketAddr),
    /// No descriptor, or no memory, for it; or nothing but failures.
    Exhausted(io::Error),
}

impl TcpListener {
    /// Listens at `address`; port 0 lets the system choose one.
    ///
    /// The address may be one whose last listener has just ended (`SO_REUSEADDR`), and up to 1024
    /// connections wait to be accepted.
    ///
    /// # Errors
    /// `AddrInUse`, `AddrNotAvailable`, `PermissionDenied` and what else the system says.
    pub async fn bind(address: impl Into<SocketAddr>) -> io::Result<TcpListener> {
        let address = address.into();
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        socket.set_reuse_address(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        TcpListener::from_std(socket.into())
    }

    /// Registers a listener of std's, and makes it non-blocking.
    ///
    /// # Errors
    /// What the system says, and an error that says so if this thread's loop has ended.
    pub fn from_std(listener: net::TcpListener) -> io::Result<TcpListener> {
        let io = Io::new(listener)?;
        Ok(TcpListener { io, pause: Mutex::new(None), reported_at: AtomicU64::new(0) })
    }

    /// Gives the listener back to std. It stays non-blocking.
    pub fn into_std(self) -> net::TcpListener {
        self.io.into_inner()
    }

    /// Takes the next connection and says where it comes from. The stream belongs to the loop that
    /// accepts it.
    ///
    /// Without descriptors or memory it pauses, 10 ms at first and up to 1 s, and goes on; the log
    /// hears of it (target `corio::net`). A connection reset before it was accepted is passed over; one
    /// that there is no room to register is closed.
    ///
    /// # Errors
    /// If the listener is none, and if the loop has ended.
    ///
    /// # Cancel safety
    /// Dropped before it was ready, it has accepted nothing.
    pub async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let mut length = PAUSE_MIN;
        loop {
            let accepted = self.io.with(Direction::Read, attempt).await?;
            match self.finish(accepted)? {
                Ok(connection) => return Ok(connection),
                Err(error) => self.report(&error),
            }
            sleep(length).await;
            length = (length * 2).min(PAUSE_MAX);
        }
    }

    /// The poll form of [`TcpListener::accept`]: the last waker wins.
    ///
    /// # Errors
    /// As [`TcpListener::accept`].
    pub fn poll_accept(
        &self,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
        // Taken out while it is polled: polling it runs a waker's code, under no lock of ours.
        let mut pause = self.lock_pause().take();
        let poll = self.poll_accept_after(&mut pause, context);
        let ended = std::mem::replace(&mut *self.lock_pause(), pause);
        drop(ended);
        poll
    }

    fn poll_accept_after(
        &self,
        pause: &mut Option<Pause>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
        loop {
            let mut paused = Duration::ZERO;
            if let Some(pause) = pause {
                std::task::ready!(pause.sleep.as_mut().poll(context));
                paused = pause.length;
            }
            *pause = None;
            let accepted = std::task::ready!(self.io.poll_with(Direction::Read, context, attempt))?;
            match self.finish(accepted)? {
                Ok(connection) => return Poll::Ready(Ok(connection)),
                Err(error) => self.report(&error),
            }
            let length = (paused * 2).clamp(PAUSE_MIN, PAUSE_MAX);
            *pause = Some(Pause { sleep: Box::pin(sleep(length)), length });
        }
    }

    fn lock_pause(&self) -> std::sync::MutexGuard<'_, Option<Pause>> {
        self.pause.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Registers what was accepted; if that fails, the connection is closed. The inner error is a lack
    /// that passes.
    fn finish(&self, accepted: Accepted) -> io::Result<Result<(TcpStream, SocketAddr), io::Error>> {
        match accepted {
            Accepted::Exhausted(error) => Ok(Err(error)),
            Accepted::Connection(stream, from) => match TcpStream::from_accepted(stream) {
                Ok(stream) => Ok(Ok((stream, from))),
                Err(error) if is_exhausted(&error) => Ok(Err(error)),
                Err(error) => Err(error),
            },
        }
    }

    /// Tells the log, if it has not heard of it just now.
    fn report(&self, error: &io::Error) {
        let now = clock::now().as_nanos();
        // Relaxed: two threads may both report, that is all.
        let last = self.reported_at.load(Ordering::Relaxed);
        if last != 0 && now.saturating_sub(last) < REPORT_EVERY.as_nanos() as u64 {
            return;
        }
        self.reported_at.store(now.max(1), Ordering::Relaxed);
        corio_trace::report_error(
            "corio::net",
            format_args!(
                "accept pauses: {error}; connections wait in the queue; close some connections or \
                 raise the limit on descriptors (ulimit -n)"
            ),
        );
    }

    /// All connections, one after the other, without an end.
    ///
    /// ```
    /// # use corio_net::{TcpListener, TcpStream};
    /// # use std::net::SocketAddr;
    /// # fn main() -> std::io::Result<()> {
    /// # corio_base::park::block_on(async {
    /// # let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    /// # let _client = TcpStream::connect(listener.local_addr()?).await?;
    /// let mut incoming = listener.incoming();
    /// let stream = incoming.next().await?;
    /// # drop(stream);
    /// # Ok(())
    /// # })
    /// # }
    /// ```
    pub fn incoming(&self) -> Incoming<'_> {
        Incoming { listener: self }
    }

    /// Where it listens.
    ///
    /// # Errors
    /// What the system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io.get_ref().local_addr()
    }

    /// How many hops a packet of accepted connections may take.
    ///
    /// # Errors
    /// What the system says.
    pub fn ttl(&self) -> io::Result<u32> {
        self.io.get_ref().ttl()
    }

    /// Sets how many hops a packet of connections accepted from now on may take.
    ///
    /// # Errors
    /// What the system says.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.io.get_ref().set_ttl(ttl)
    }

    /// Takes the error that waits at the socket, if one does.
    ///
    /// # Errors
    /// What the system says when asked.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.io.get_ref().take_error()
    }
}

impl fmt::Debug for TcpListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.io.get_ref().fmt(f)
    }
}

/// One connection, or why there is none.
fn attempt(listener: &net::TcpListener) -> io::Result<(Accepted, After)> {
    let accepted = accept_with(|| sys::accept(listener))?;
    Ok((accepted, After::MaybeMore))
}

/// Passes over connections that were reset in the queue: each is taken out by its failure. More in a
/// row than the queue holds are another matter (a sandbox that forbids to accept says `PERM`, too, and
/// always), and a pause keeps them from holding up the loop.
fn accept_with(
    mut accept: impl FnMut() -> io::Result<(net::TcpStream, SocketAddr)>,
) -> io::Result<Accepted> {
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
/// new socket, and a firewall's refusal.
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

/// All connections of a listener; made by [`TcpListener::incoming`]. Also a
/// [`Stream`](futures_core::Stream) that never ends.
#[derive(Debug)]
#[must_use = "nothing is accepted unless it is asked for"]
pub struct Incoming<'a> {
    listener: &'a TcpListener,
}

impl Incoming<'_> {
    /// The next connection.
    ///
    /// # Errors
    /// As [`TcpListener::accept`].
    ///
    /// # Cancel safety
    /// Dropped before it was ready, it has accepted nothing.
    pub async fn next(&mut self) -> io::Result<TcpStream> {
        self.listener.accept().await.map(|(stream, _)| stream)
    }
}

impl futures_core::Stream for Incoming<'_> {
    type Item = io::Result<TcpStream>;

    fn poll_next(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<TcpStream>>> {
        self.listener.poll_accept(context).map_ok(|(stream, _)| stream).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_passed_over_as_long_as_the_queue_may_have_been() {
        for (errno, failures, passes) in [
            (Errno::CONNABORTED, 3, true),
            (Errno::PERM, 3, true),
            (Errno::PERM, usize::MAX, false),
            (Errno::MFILE, 1, false),
        ] {
            let socket = net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
            let address = socket.local_addr().unwrap();
            let _client = net::TcpStream::connect(address).unwrap();
            let mut left = failures;
            let accepted = accept_with(|| {
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
