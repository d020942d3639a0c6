//! Connecting: the system does it, and says "writable" when it is done or has failed.
//!
//! ```text
//!            ┌──4 poll_pause: over────────────────────────┐
//!            ▼                                            │
//!   ──▶ Target ──1 begin: no room in the peer's queue──▶ Pausing
//!         │  │
//!         │  ├──2 begin: under way──▶ Connecting ──3 poll_connecting: writable──▶ Over
//!         │  └──2 begin: done, or refused────────────────────────────────────────▶ Over
//!   ──▶ Failed (there is no such address) ───────────────────────────────────────▶ Over
//!   ──▶ By (a future of `connect`, which knows names) ──5 poll: ready──────────────▶ Over
//! ```
//!
//! Edge 1 is a Unix socket's: where the listener's queue is full the system neither connects nor says
//! later that there is room, so the attempt is made again after a pause.

use std::fmt;
use std::io;
use std::net;
use std::ops::RangeInclusive;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use corio_reactor::Io;
use corio_trace::action::Action;
use rustix::io::Errno;

use super::ByteStream;
use crate::boxed::Boxed;
use crate::deeds::ConnectDeed;
use crate::kind::{Begun, Connection};
use crate::pause::Pause;
use crate::shown::Shown;
use crate::socket;

/// How long to wait for room in a listener's queue: at first what a busy server takes for a handful of
/// connections, at last what nobody notices beside a queue that stays full.
const PAUSES: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_millis(50);

/// How debug mode calls it.
const SHOWN: &str = "connect";

/// Connects; made by [`TcpStream::connect`](crate::TcpStream::connect) and
/// [`UnixStream::connect`](crate::UnixStream::connect). Its own progress: keep it and poll it.
///
/// # Cancel safety
/// Dropped, the attempt is given up and the socket closed.
#[must_use = "futures do nothing unless polled"]
pub struct Connect<S: Connection = net::TcpStream>(State<S>, Shown, Action<ConnectDeed>);

enum State<S: Connection> {
    /// Not begun, or not yet with success; and how long it paused before.
    Target(S::Target, Duration),
    /// There was no room.
    Pausing(S::Target, Pause),
    /// Under way, registered with the loop of the first poll.
    Connecting(S::Target, Io<S>),
    /// What it was to connect to is no address.
    Failed(io::Error),
    /// Another future does it.
    By(Boxed<io::Result<ByteStream<S>>>),
    /// The result was given out.
    Over,
}

impl<S: Connection> Connect<S> {
    #[track_caller]
    pub(crate) fn new(target: io::Result<S::Target>) -> Connect<S> {
        let state = match target {
            Ok(target) => State::Target(target, Duration::ZERO),
            Err(error) => State::Failed(error),
        };
        Connect(state, Shown::new(SHOWN), Action::new(Location::caller()))
    }

    /// A connection that `future` makes.
    #[track_caller]
    pub(crate) fn by(
        future: impl Future<Output = io::Result<ByteStream<S>>> + Send + 'static,
    ) -> Connect<S> {
        let state = State::By(Boxed::new(future));
        Connect(state, Shown::new(SHOWN), Action::new(Location::caller()))
    }
}

impl<S: Connection> ByteStream<S> {
    /// The poll form of connecting: `connect` is the progress, and the last waker wins.
    ///
    /// ```
    /// use corio_net::{TcpListener, TcpStream};
    /// use std::future::poll_fn;
    /// use std::net::SocketAddr;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// # corio_base::park::block_on(async {
    /// let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    /// let mut connect = TcpStream::connect(listener.local_addr()?);
    /// let stream = poll_fn(|context| TcpStream::poll_connect(context, &mut connect)).await?;
    /// assert_eq!(stream.peer_addr()?, listener.local_addr()?);
    /// # Ok(())
    /// # })
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`TcpStream::connect`](crate::TcpStream::connect) and
    /// [`UnixStream::connect`](crate::UnixStream::connect).
    ///
    /// # Panics
    /// If `connect` has given its result before: make a new one for the next attempt.
    pub fn poll_connect(
        context: &mut Context<'_>,
        connect: &mut Connect<S>,
    ) -> Poll<io::Result<ByteStream<S>>> {
        connect.2.begun();
        let _shown = connect.1.enter();
        let result = ready!(connect.0.poll(context));
        // The error's socket is closed here, not when its owner is dropped.
        connect.0 = State::Over;
        Poll::Ready(result)
    }
}

impl<S: Connection> State<S> {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<io::Result<ByteStream<S>>> {
        loop {
            match self {
                State::Target(..) => {
                    let State::Target(target, paused) = std::mem::replace(self, State::Over) else {
                        unreachable!("it had its target just now")
                    };
                    *self = match begin(target, paused) {
                        Ok(next) => next,
                        Err(ended) => return Poll::Ready(ended),
                    };
                }
                State::Pausing(..) => ready!(self.poll_pause(context)),
                State::Connecting(..) => return self.poll_connecting(context),
                State::By(future) => return Pin::new(future).poll(context),
                State::Failed(_) => match std::mem::replace(self, State::Over) {
                    State::Failed(error) => return Poll::Ready(Err(error)),
                    _ => unreachable!("it had failed just now"),
                },
                State::Over => panic!(
                    "a connect was polled after it had given its result: call connect again for \
                     the next attempt"
                ),
            }
        }
    }

    /// Edge 4.
    fn poll_pause(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let State::Pausing(_, pause) = self else { return Poll::Ready(()) };
        let paused = ready!(pause.poll(context));
        if let State::Pausing(target, _) = std::mem::replace(self, State::Over) {
            *self = State::Target(target, paused);
        }
        Poll::Ready(())
    }

    /// Edge 3.
    fn poll_connecting(&mut self, context: &mut Context<'_>) -> Poll<io::Result<ByteStream<S>>> {
        let State::Connecting(target, io) = self else {
            unreachable!("only called while it is so")
        };
        let ended = ready!(io.poll_writable(context));
        let ended = ended.and_then(|_| match socket::take_error(io.get_ref())? {
            Some(error) => Err(error),
            None => Ok(()),
        });
        if let Err(error) = ended {
            return Poll::Ready(Err(S::cannot_connect(target, error)));
        }
        match std::mem::replace(self, State::Over) {
            State::Connecting(_, io) => Poll::Ready(Ok(ByteStream { io })),
            _ => unreachable!("it was connecting just now"),
        }
    }
}

/// Edges 1 and 2: what follows, or the end.
fn begin<S: Connection>(
    target: S::Target,
    paused: Duration,
) -> Result<State<S>, io::Result<ByteStream<S>>> {
    let next = match S::begin(&target) {
        // Only now registered, so that the first edge is the end of the attempt and not the hang-up
        // that a socket shows before it has tried.
        Ok(Begun::UnderWay(socket)) => match Io::new(socket) {
            Ok(io) => return Ok(State::Connecting(target, io)),
            Err(error) => Err(error),
        },
        Ok(Begun::Done(socket)) => ByteStream::from_connected(socket),
        Ok(Begun::NoRoom) => return Ok(State::Pausing(target, Pause::after(paused, &PAUSES))),
        Err(error) => Err(error),
    };
    Err(next.map_err(|error| S::cannot_connect(&target, error)))
}

impl<S: Connection> Future for Connect<S> {
    type Output = io::Result<ByteStream<S>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        ByteStream::poll_connect(context, &mut self)
    }
}

impl<S: Connection> fmt::Debug for Connect<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_tuple("Connect");
        match &self.0 {
            State::Target(target, _) | State::Pausing(target, _) => debug.field(target),
            State::Connecting(_, io) => debug.field(io),
            State::Failed(error) => debug.field(error),
            State::By(_) | State::Over => &mut debug,
        };
        debug.finish()
    }
}

/// Whether a non-blocking `connect` that gave `error` goes on by itself. An interrupted one does.
pub(crate) fn is_under_way(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::INPROGRESS | Errno::INTR))
}
