//! A signal as a stream: each item says that it has come since the one before.
//!
//! Made by programs, in any executor or none. Each stream has a pipe of its own (`watch`), so any number
//! of them hear of the same signal.

use std::fmt;
use std::io;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use corio_trace::book::PlacedLeaf;
use corio_trace::{Wait, WaitKind};
use futures_core::Stream;

use crate::kind::SignalKind;
use crate::watch::Watch;

/// Begins to watch for `kind`, from this call on.
///
/// ```
/// use corio_base::park::block_on;
/// use corio_signal::{SignalKind, signal};
/// use rustix::process::{Signal, getpid, kill_process};
///
/// let mut hangups = signal(SignalKind::hangup())?;
/// kill_process(getpid(), Signal::HUP)?; // as a terminal that goes away does
/// block_on(hangups.recv())?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # From any thread
/// It may be called, and what it gives may be awaited, on any thread, also where asyncio insists on the
/// main one. The handler itself runs on whatever thread the system picks.
///
/// # Signals are not counted
/// Those that come between two items are one item: the system itself merges them.
///
/// # Others' handlers
/// A handler that is there already goes on being called, before this. One that is installed later
/// without regard for others takes the signal away from here.
///
/// # The default action does not come back
/// From the first call for a kind on, for as long as the process lives, the signal does not do what it
/// does by default (end the process, mostly), also after the stream is dropped, unless
/// [`restore_default`](crate::restore_default) says so. Watching
/// [`SignalKind::interrupt`] is to answer Ctrl-C, as [`ctrl_c`](crate::ctrl_c()) is.
///
/// # After a fork
/// A process that foreign code forks off shares the pipe; signals that it gets are not told here.
///
/// # Errors
/// `InvalidInput`, with [`UnwatchableSignal`](crate::UnwatchableSignal) inside, for a kind that no program
/// can be told of; no descriptors left (it takes two).
#[track_caller]
pub fn signal(kind: SignalKind) -> io::Result<Signal> {
    kind.check_watchable().map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
    if kind == SignalKind::interrupt() {
        crate::interrupt::take_over();
    }
    let watch = Watch::new(kind.as_raw())?;
    Ok(Signal { kind, watch, place: Location::caller() })
}

/// A signal that is watched for; made by [`signal`]. Dropping it ends the watch, and nothing else.
#[must_use = "the signal has lost its default action, and nobody hears of it unless this is awaited"]
pub struct Signal {
    kind: SignalKind,
    watch: Watch,
    place: &'static Location<'static>,
}

impl Signal {
    /// Which signal.
    pub fn kind(&self) -> SignalKind {
        self.kind
    }

    /// Waits until the signal has come, since the call of [`signal`] or since this said so last.
    ///
    /// # Errors
    /// The loop that watched has ended, and the one where this is awaited has no descriptors left.
    ///
    /// # Cancel safety
    /// Dropped, it loses nothing: a signal that comes meanwhile is told next time.
    #[track_caller]
    pub fn recv(&mut self) -> Recv<'_> {
        Recv { signal: self, leaf: PlacedLeaf::new(Location::caller()) }
    }

    /// The poll form of [`Signal::recv`]; the last waker wins.
    ///
    /// # Errors
    /// As [`Signal::recv`].
    pub fn poll_recv(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = self.watch.poll(context);
        if polled.is_pending() {
            let (object, place) = (self.kind.as_raw() as usize, self.place);
            corio_trace::record(&Wait { kind: WaitKind::Signal, object, owner: None, place });
        }
        polled
    }
}

/// Never ends.
impl Stream for Signal {
    type Item = io::Result<()>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_recv(context).map(Some)
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signal({}, made at {})", self.kind, self.place)
    }
}

/// The future of [`Signal::recv`].
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Recv<'a> {
    signal: &'a mut Signal,
    leaf: PlacedLeaf,
}

impl Future for Recv<'_> {
    type Output = io::Result<()>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = self.signal.watch.poll(context);
        match polled {
            Poll::Pending => {
                self.leaf.wait(WaitKind::Signal, self.signal.kind.as_raw() as usize, None);
            }
            Poll::Ready(_) => self.leaf.clear(),
        }
        polled
    }
}
