//! [`TcpListener`]: making one, and asking it for connections; how it gets them is in `accept`.

use std::fmt;
use std::io;
use std::net::{self, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use corio_base::clock;
use corio_reactor::{Direction, Io, Ready, ReadyFuture};
use socket2::{Domain, Protocol, Socket, Type};

use crate::accept::{self, Accept, Pause};
use crate::stream::TcpStream;

/// How many connections may wait to be accepted, if the system allows so many (`somaxconn`): what a
/// listener that is away for 10 ms gets at 100 000 connections a second.
pub(crate) const BACKLOG: i32 = 1024;
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

impl TcpListener {
    /// Listens at `address`; port 0 lets the system choose one.
    ///
    /// The address may be one whose last listener has just ended (`SO_REUSEADDR`), and up to 1024
    /// connections wait to be accepted.
    ///
    /// # Errors
    /// `AddrInUse`, `AddrNotAvailable`, `PermissionDenied` and what else the system says.
    pub async fn bind(address: impl Into<SocketAddr>) -> io::Result<TcpListener> {
        bind(address.into())
    }

    /// The poll form of [`TcpListener::bind`]: always ready.
    ///
    /// # Errors
    /// As [`TcpListener::bind`].
    pub fn poll_bind(_: &mut Context<'_>, address: SocketAddr) -> Poll<io::Result<TcpListener>> {
        Poll::Ready(bind(address))
    }

    /// Registers a listener of std's with this thread's loop, now, and makes it non-blocking. To leave
    /// that to the first use, take it as an [`OwnedFd`](std::os::fd::OwnedFd) (`TcpListener::from`).
    ///
    /// # Errors
    /// What the system says, and an error that says so if this thread's loop has ended.
    pub fn from_std(listener: net::TcpListener) -> io::Result<TcpListener> {
        Ok(TcpListener::of(Io::new(listener)?))
    }

    /// A listener that the first use will register.
    pub(crate) fn unregistered(listener: net::TcpListener) -> TcpListener {
        TcpListener::of(Io::from(listener))
    }

    fn of(io: Io<net::TcpListener>) -> TcpListener {
        TcpListener { io, pause: Mutex::new(None), reported_at: AtomicU64::new(0) }
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
    #[track_caller]
    pub fn accept(&self) -> Accept<'_> {
        Accept::new(self)
    }

    /// The poll form of [`TcpListener::accept`]: the last waker wins.
    ///
    /// # Errors
    /// As [`TcpListener::accept`].
    #[track_caller]
    pub fn poll_accept(
        &self,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
        // Taken out while it is polled: polling it runs a waker's code, under no lock of ours.
        let mut pause = self.lock_pause().take();
        let waiter = &mut self.io.poll_waiter(Direction::Read);
        let poll = accept::poll(self, waiter, &mut pause, context);
        let ended = std::mem::replace(&mut *self.lock_pause(), pause);
        drop(ended);
        poll
    }

    /// Takes the next connection now, if there is one. It does not pause: a lack of descriptors or
    /// memory is the caller's to wait out.
    ///
    /// # Errors
    /// `WouldBlock` if there is none; what the system says where there is no room for it; otherwise
    /// as [`TcpListener::accept`].
    pub fn try_accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        accept::now(self)
    }

    /// Waits until accepting is worth trying ([`TcpListener::try_accept`]).
    ///
    /// # Errors
    /// If the loop that the listener was registered with has ended.
    ///
    /// # Cancel safety
    /// Dropped, it is forgotten and nothing is lost.
    #[track_caller]
    pub fn readable(&self) -> ReadyFuture<'_> {
        self.io.readable()
    }

    /// The poll form of [`TcpListener::readable`].
    ///
    /// # Errors
    /// As [`TcpListener::readable`].
    #[track_caller]
    pub fn poll_read_ready(&self, context: &mut Context<'_>) -> Poll<io::Result<Ready>> {
        self.io.poll_readable(context)
    }

    fn lock_pause(&self) -> std::sync::MutexGuard<'_, Option<Pause>> {
        self.pause.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the log, if it has not heard of it just now.
    pub(crate) fn report(&self, error: &io::Error) {
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

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
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
