//! The contract between a loop and what it waits on.
//!
//! A loop that has nothing to run calls [`Park::park`]; whoever gives it work from another thread
//! calls [`Unpark::unpark`]. Between the two lies everything a loop does not know: descriptors,
//! timers, another executor's waker.

use std::io;
use std::sync::Arc;

use crate::busy::BusyTime;
use crate::clock::Time;

/// How long a [`Park::park`] may wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Not at all: look what is there and return.
    Poll,
    /// Until this moment at the latest.
    Until(Time),
    /// Until something happens.
    Forever,
}

/// What a [`Park::park`] found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parked {
    /// Events delivered (descriptors ready, timers fired): how many wakers had cause to run.
    pub events: usize,
    /// Nanoseconds from the end of the park before to the beginning of this one: how long the loop
    /// was away. 0 where no clock was read.
    pub away_nanos: u64,
}

/// What a loop waits on.
///
/// An implementation MUST
/// - return at once for [`Wait::Poll`], and otherwise not long after an event, the deadline, or an
///   [`Unpark::unpark`] of its unparker, whichever is first;
/// - return at once, one time, if it was unparked while nobody was parked (a token, as
///   [`std::thread::park`]'s);
/// - have woken what it found before it returns, with no lock of its own held, also where it
///   returns an error.
///
/// It MAY return early for no reason. It is called by one thread at a time.
pub trait Park {
    /// Waits as `wait` says and delivers what it finds.
    ///
    /// # Errors
    /// What the operating system says; the loop reports it and goes on.
    fn park(&mut self, wait: Wait) -> io::Result<Parked>;

    /// Ends a park from any thread; clones are alike.
    fn unparker(&self) -> Unparker;

    /// Has this park note in `busy`, from now on, when the loop rests and when it looks: for parks that read
    /// the clock for themselves now and then. `false`: this one never does, so that the loop has to.
    ///
    /// The loop asks once, before it parks.
    fn keep_time(&mut self, busy: &Arc<BusyTime>) -> bool {
        let _ = busy;
        false
    }
}

/// Ends a park.
///
/// An implementation MUST be callable from any thread at any time, also when its [`Park`] is gone,
/// MUST NOT block, and MUST NOT run more foreign code than what ends the wait (a loop inside another
/// executor is waited for by its host, so there it is the host's waker).
pub trait Unpark: Send + Sync {
    /// Makes the present park, or else the next one, return.
    fn unpark(&self);
}

/// A shared handle to an [`Unpark`].
pub type Unparker = Arc<dyn Unpark>;

impl<P: Park + ?Sized> Park for Box<P> {
    fn park(&mut self, wait: Wait) -> io::Result<Parked> {
        (**self).park(wait)
    }

    fn unparker(&self) -> Unparker {
        (**self).unparker()
    }

    fn keep_time(&mut self, busy: &Arc<BusyTime>) -> bool {
        (**self).keep_time(busy)
    }
}

/// Parks the thread itself: for loops without descriptors, and for tests.
#[derive(Debug)]
pub struct ThreadPark {
    parker: parking::Parker,
}

impl ThreadPark {
    /// A parker with no token.
    pub fn new() -> Self {
        ThreadPark { parker: parking::Parker::new() }
    }
}

impl ThreadPark {
    #[cfg(not(loom))]
    fn park_at_most(&mut self, left: std::time::Duration) {
        self.parker.park_timeout(left);
    }

    /// Loom knows no time; a park may end early.
    #[cfg(loom)]
    fn park_at_most(&mut self, _: std::time::Duration) {}
}

impl Default for ThreadPark {
    fn default() -> Self {
        Self::new()
    }
}

impl Park for ThreadPark {
    fn park(&mut self, wait: Wait) -> io::Result<Parked> {
        match wait {
            Wait::Poll => self.park_at_most(std::time::Duration::ZERO),
            Wait::Until(at) => self.park_at_most(at.saturating_since(crate::clock::now())),
            Wait::Forever => self.parker.park(),
        }
        Ok(Parked::default())
    }

    fn unparker(&self) -> Unparker {
        Arc::new(ThreadUnpark(self.parker.unparker()))
    }
}

struct ThreadUnpark(parking::Unparker);

impl Unpark for ThreadUnpark {
    fn unpark(&self) {
        self.0.unpark();
    }
}

/// Drives `future` on this thread, parking it in between; knows no tasks, timers or descriptors.
///
/// For tests and tools of the layers below the executor; programs use `corio::block_on`.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let (parker, unparker) = parking::pair();
    let waker = std::task::Waker::from(Arc::new(WakeThread(unparker)));
    let mut context = std::task::Context::from_waker(&waker);
    let mut future = std::pin::pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            std::task::Poll::Ready(output) => return output,
            std::task::Poll::Pending => parker.park(),
        }
    }
}

struct WakeThread(parking::Unparker);

impl std::task::Wake for WakeThread {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.unpark();
    }
}
