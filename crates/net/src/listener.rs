//! [`Listener`]: asking for connections; how it gets them is in `accept`.
//!
//! Making one is its kind's: `tcp`, `unix`.

use std::fmt;
use std::io;
use std::net;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use corio_base::clock;
use corio_reactor::{Direction, Io, Ready, ReadyFuture};

use crate::accept::{self, Accept, Peer};
use crate::kind::Listens;
use crate::pause::Pause;
use crate::socket;
use crate::stream::ByteStream;
use crate::unix::SocketFile;

/// How many connections may wait to be accepted, if the system allows so many (`somaxconn`): what a
/// listener that is away for 10 ms gets at 100 000 connections a second.
pub(crate) const BACKLOG: i32 = 1024;
/// How often the log hears of it at most.
const REPORT_EVERY: Duration = Duration::from_secs(1);

/// Listens for connections: a [`TcpListener`](crate::TcpListener) or a
/// [`UnixListener`](crate::UnixListener).
///
/// Those are the names to use; they are aliases of this type, so that code can be generic over them
/// (see [`kind`](crate::kind)). `L` is std's type of the socket.
pub struct Listener<L> {
    /// Dropped first: the file is removed while the socket still holds its inode, see `unix::file`.
    pub(crate) file: Option<Box<SocketFile>>,
    pub(crate) io: Io<L>,
    /// The pause of the poll form, while it makes one.
    pause: Mutex<Option<Pause>>,
    /// When the log heard of a lack of descriptors last, in nanoseconds.
    reported_at: AtomicU64,
}

impl<L: Listens> Listener<L> {
    /// Registers a listener of std's with this thread's loop, now, and makes it non-blocking. To leave
    /// that to the first use, take it as an [`OwnedFd`](std::os::fd::OwnedFd) (`from`).
    ///
    /// # Errors
    /// What the system says, and an error that says so if this thread's loop has ended.
    pub fn from_std(listener: L) -> io::Result<Self> {
        Ok(Self::of(Io::new(listener)?))
    }

    /// A listener that the first use will register.
    pub(crate) fn unregistered(listener: L) -> Self {
        Self::of(Io::from(listener))
    }

    fn of(io: Io<L>) -> Self {
        Listener { file: None, io, pause: Mutex::new(None), reported_at: AtomicU64::new(0) }
    }

    /// Gives the listener back to std. It stays non-blocking, and a Unix socket's file stays where it
    /// is.
    pub fn into_std(self) -> L {
        if let Some(file) = self.file {
            file.leave();
        }
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
    pub fn accept(&self) -> Accept<'_, L> {
        Accept::new(self)
    }

    /// The poll form of [`Self::accept`]: the last waker wins.
    ///
    /// # Errors
    /// As [`Self::accept`].
    #[track_caller]
    pub fn poll_accept(&self, context: &mut Context<'_>) -> Poll<io::Result<Peer<L>>> {
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
    /// as [`Self::accept`].
    pub fn try_accept(&self) -> io::Result<Peer<L>> {
        accept::now(self)
    }

    /// Waits until accepting is worth trying ([`Self::try_accept`]).
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

    /// The poll form of [`Self::readable`].
    ///
    /// # Errors
    /// As [`Self::readable`].
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
    pub fn incoming(&self) -> Incoming<'_, L> {
        Incoming { listener: self }
    }

    /// Where it listens.
    ///
    /// # Errors
    /// What the system says.
    pub fn local_addr(&self) -> io::Result<L::Address> {
        socket::local(self.io.get_ref())
    }

    /// Takes the error that waits at the socket, if one does.
    ///
    /// # Errors
    /// What the system says when asked.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        socket::take_error(self.io.get_ref())
    }
}

impl<L: fmt::Debug> fmt::Debug for Listener<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.io.get_ref().fmt(f)
    }
}

/// All connections of a listener; made by [`Listener::incoming`]. Also a
/// [`Stream`](futures_core::Stream) that never ends.
#[derive(Debug)]
#[must_use = "nothing is accepted unless it is asked for"]
pub struct Incoming<'a, L = net::TcpListener> {
    listener: &'a Listener<L>,
}

impl<L: Listens> Incoming<'_, L> {
    /// The next connection.
    ///
    /// # Errors
    /// As [`Listener::accept`].
    ///
    /// # Cancel safety
    /// Dropped before it was ready, it has accepted nothing.
    pub async fn next(&mut self) -> io::Result<ByteStream<L::Stream>> {
        self.listener.accept().await.map(|(stream, _)| stream)
    }
}

impl<L: Listens> futures_core::Stream for Incoming<'_, L> {
    type Item = io::Result<ByteStream<L::Stream>>;

    fn poll_next(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<ByteStream<L::Stream>>>> {
        self.listener.poll_accept(context).map_ok(|(stream, _)| stream).map(Some)
    }
}
