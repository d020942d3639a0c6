//! The reactor of one loop, and the handle by which descriptors reach it.
//!
//! The [`Reactor`] waits, on the loop's thread; the [`ReactorHandle`] registers, from any thread.
//! Between them lies [`Shared`]. One turn: begin the wait, wait, take the registry's lock, write
//! down what was found and collect wakers, give the lock back, wake.
//!
//! | field of `Shared` | who uses it | under what |
//! |---|---|---|
//! | `registrar` | any thread | the system's own locks |
//! | `unpark` | the loop, and whoever unparks it | atomic |
//! | `registry` | whoever registers; the loop once a turn that found something | the mutex |
//!
//! Locks nest in one order: the process's lock for first uses, `registry`, then a source's waiters. No waker
//! runs and none is dropped under any of them.
//!
//! In a copy of the process that foreign code has forked off, what the system keeps is still the original's
//! (`process` tells why). There a loop waits for deadlines and unparks only, nothing can be registered, and
//! what is dropped is left registered: the original goes on as if there were no copy.

use std::fmt;
use std::io;
use std::os::fd::BorrowedFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use corio_base::loom::sync::Arc as SourceArc;
use corio_base::park::ThreadPark;
use corio_base::{Park, Parked, Unpark, Unparker, Wait, WakeBatch};
use corio_trace::metrics::IoMetrics;
use corio_trace::metrics::parts::IoCounts;

use crate::driver::{DriverKind, Registrar, Selector};
use crate::process::Process;
use crate::ready::Ready;
use crate::registry::{Delivery, Key, Refused, Registry};
use crate::source::{self, Source};
use crate::state::Drained;
use crate::unpark_state::{ToDo, UnparkState};
use crate::watch_lists::{Listed, Owner, Watch};

/// Waits for descriptors: the [`Park`] of a loop.
///
/// ```
/// use corio_base::{Park, Wait};
/// use corio_reactor::Reactor;
///
/// let mut reactor = Reactor::new()?;
/// let found = reactor.park(Wait::Poll)?;
/// assert_eq!(found.events, 0);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// Dropped, it ends every wait for a descriptor registered with it, with an error that says so.
pub struct Reactor {
    shared: Arc<Shared>,
    selector: Box<dyn Selector>,
    /// Where the loop waits while no descriptor is registered.
    thread: ThreadPark,
    /// Whom what one wait found wakes; kept for its memory.
    batch: WakeBatch,
}

impl Reactor {
    /// A reactor with the driver that the environment variable `CORIO_DRIVER` names, or else the
    /// system's default.
    ///
    /// # Errors
    /// `InvalidInput` if the variable names no driver of this system, and what the system says when
    /// it refuses descriptors (a process has a limit on them: `ulimit -n`).
    pub fn new() -> io::Result<Reactor> {
        Reactor::with_driver(DriverKind::from_env()?)
    }

    /// A reactor with this driver, whatever the environment says.
    ///
    /// # Errors
    /// As [`Reactor::new`].
    pub fn with_driver(kind: DriverKind) -> io::Result<Reactor> {
        let (registrar, selector) = kind.open()?;
        let thread = ThreadPark::new();
        let counts = Arc::<IoCounts>::default();
        let shared = Arc::new(Shared {
            arms: registrar.arms(),
            drained: registrar.drained(),
            registrar,
            unpark: UnparkState::new(),
            thread: thread.unparker(),
            registry: Mutex::new(Registry::new(counts.clone())),
            kind,
            process: Process::this(),
            counts,
        });
        Ok(Reactor { shared, selector, thread, batch: WakeBatch::new() })
    }

    /// The handle by which descriptors are registered here.
    pub fn handle(&self) -> ReactorHandle {
        ReactorHandle { shared: self.shared.clone() }
    }
}

impl Reactor {
    /// Waits for nothing but an unpark.
    fn park_alone(&mut self, wait: Wait) -> io::Result<()> {
        self.thread.park(wait).map(|_| ())
    }

    /// Waits, and tells who watches the loops if there is nothing that could end it in this process.
    fn wait(&mut self, wait: Wait, alone: bool) -> io::Result<()> {
        let park = |reactor: &mut Self| match alone {
            true => reactor.park_alone(wait),
            false => reactor.selector.select(wait),
        };
        if wait == Wait::Forever
            && corio_trace::enabled()
            && (alone || self.shared.registry().len() <= corio_trace::pulse::aside())
        {
            return corio_trace::pulse::alone(|| park(self));
        }
        park(self)
    }
}

impl Park for Reactor {
    fn park(&mut self, wait: Wait) -> io::Result<Parked> {
        let copied = !self.shared.process.is_this();
        let alone = copied || wait == Wait::Forever && self.shared.is_empty();
        let wait = self.shared.unpark.begin(wait, alone);
        let waited = self.wait(wait, copied || alone && wait == Wait::Forever);
        self.shared.unpark.end();
        let events = self.shared.deliver(&mut *self.selector, &mut self.batch);
        if events > 0 {
            self.shared.counts.ready.0.add(events as u64);
        }
        if events > 0 && corio_trace::enabled() {
            corio_trace::emit(&corio_trace::Event::IoReady { count: events });
        }
        self.batch.wake_all();
        waited.map(|()| Parked { events, ..Parked::default() })
    }

    fn unparker(&self) -> Unparker {
        self.shared.clone()
    }
}

impl Drop for Reactor {
    fn drop(&mut self) {
        let Some(mut registry) = self.shared.registry_to_close() else { return };
        let sources = registry.close(&mut self.batch);
        drop(registry);
        self.batch.wake_all();
        drop(sources);
    }
}

impl fmt::Debug for Reactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reactor").field("shared", &self.shared).finish_non_exhaustive()
    }
}

/// Registers descriptors with a [`Reactor`], from any thread. Clones are alike.
#[derive(Clone)]
pub struct ReactorHandle {
    pub(crate) shared: Arc<Shared>,
}

impl ReactorHandle {
    /// How many descriptors are registered at the moment.
    pub fn registered(&self) -> usize {
        self.shared.registry().len()
    }

    /// How the reactor is doing: a live view for any thread, which outlasts it.
    ///
    /// ```
    /// use corio_reactor::Reactor;
    ///
    /// let metrics = Reactor::new()?.handle().metrics();
    /// assert_eq!((metrics.fds(), metrics.ready_count()), (0, 0));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn metrics(&self) -> IoMetrics {
        IoMetrics::new(self.shared.counts.clone())
    }

    /// Which driver the reactor has.
    pub fn driver(&self) -> DriverKind {
        self.shared.kind
    }

    /// Whether both are handles of the same reactor.
    pub fn is_same(&self, other: &ReactorHandle) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }
}

impl fmt::Debug for ReactorHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.fmt(f)
    }
}

/// What a reactor, its handles and its descriptors share.
pub(crate) struct Shared {
    registrar: Arc<dyn Registrar>,
    unpark: UnparkState,
    /// Ends a wait without descriptors.
    thread: Unparker,
    registry: Mutex<Registry>,
    kind: DriverKind,
    /// Whose it is: a copy of this object, in a copy of the process, has the original's descriptors.
    process: Process,
    counts: Arc<IoCounts>,
    /// The registrar's answers, asked once.
    arms: bool,
    drained: Drained,
}

impl Shared {
    fn registry(&self) -> MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether no descriptor is registered, as the loop asks at each wait: a load, and no lock.
    ///
    /// **The race**: the first descriptor is being registered. What is read may be older than that, and the
    /// loop waits alone all the same: then the unpark of `register`, which comes after the descriptor was
    /// counted, ends this wait. It may be consumed by an earlier wait, too: by [`UnparkState::end`], whose
    /// Acquire makes the loop see the count from there on. Those that come as the second and later ones
    /// unpark nobody, and need not: one number is never read older than it was read, or seen, before.
    #[inline]
    fn is_empty(&self) -> bool {
        self.counts.here.get() == 0
    }

    /// The registry, at the reactor's end. `None` in a copy where it cannot be had: a thread of the original
    /// held its lock at the fork, and will not give it back here.
    fn registry_to_close(&self) -> Option<MutexGuard<'_, Registry>> {
        if self.process.is_this() { Some(self.registry()) } else { self.registry.try_lock().ok() }
    }

    /// When a descriptor counts as drained.
    pub(crate) fn drained(&self) -> Drained {
        self.drained
    }

    /// Registers `fd`, which is known to be `ready`.
    pub(crate) fn register(
        self: &Arc<Self>,
        fd: BorrowedFd<'_>,
        ready: Ready,
    ) -> io::Result<SourceArc<Source>> {
        self.refuse_copy()?;
        let (first, inserted) = {
            let mut registry = self.registry();
            (registry.len() == 0, registry.insert(ready, self))
        };
        let source = inserted.map_err(|refused| match refused {
            Refused::Closed => source::ended(),
            Refused::Full => io::Error::other(
                "the reactor has a descriptor in every place of its table: close some, or use \
                 another event loop for more",
            ),
        })?;
        let added = self.registrar.add(fd, source.key);
        if first {
            // The loop may be waiting without descriptors. It looked before this one was entered, and
            // has or will have its mark; or after, and finds it. Also if this one is refused: another
            // may have come meanwhile, found that it is not the first, and counts on this unpark.
            self.unpark();
        }
        if let Err(error) = added {
            let removed = self.registry().remove(source.key);
            drop(removed);
            return Err(error);
        }
        Ok(source)
    }

    /// Fails in a copy of the process, which must not touch what the system keeps for the original.
    pub(crate) fn refuse_copy(&self) -> io::Result<()> {
        if self.process.is_this() { Ok(()) } else { Err(source::copied()) }
    }

    /// Takes `source` out again, and ends what waits for it. `fd` is still open.
    pub(crate) fn deregister(&self, source: &Source, fd: BorrowedFd<'_>) {
        if !self.process.is_this() {
            // Nobody in this copy could be told, and a lock may be one that a thread of the original held.
            return;
        }
        self.registrar.delete(fd);
        let removed = self.registry().remove(source.key);
        drop(removed);
        // Poll forms leave their waker behind; it is woken rather than dropped, for its task may
        // live on and should not wait for what is gone.
        let mut batch = WakeBatch::new();
        source.waitable.shut_down(&mut batch);
        batch.wake_all();
    }

    /// Whether the system has to be asked for each wait.
    #[inline]
    pub(crate) fn arms(&self) -> bool {
        self.arms
    }

    /// A list for what `owner` watches; its number.
    pub(crate) fn open_list(&self, owner: Arc<Owner>) -> u32 {
        self.registry().open_list(owner)
    }

    /// Takes a list out; in a copy it stays, as `deregister` has it.
    pub(crate) fn close_list(&self, list: u32) {
        if !self.process.is_this() {
            return;
        }
        let mut batch = WakeBatch::new();
        let closed = self.registry().close_list(list, &mut batch);
        drop(closed);
        batch.wake_all();
    }

    /// Who is told of a descriptor from now on, and what it is known to be ready for. `None`: the reactor is
    /// gone, or a copy's, as `deregister` has it.
    pub(crate) fn set_watch(&self, key: Key, watch: Watch) -> Option<Ready> {
        if !self.process.is_this() {
            return None;
        }
        let mut batch = WakeBatch::new();
        let ready = self.registry().set_watch(key, watch, &mut batch);
        batch.wake_all();
        ready
    }

    /// Gives out what stands in a list.
    pub(crate) fn take_ready(&self, list: u32, ready: &mut Listed) {
        self.registry().take_ready(list, ready);
    }

    /// The first who waits for `key` with a waker has it told to its word.
    #[cold]
    pub(crate) fn speak_up(&self, key: Key) {
        let mut batch = WakeBatch::new();
        self.registry().speak_up(key, &mut batch);
        batch.wake_all();
    }

    /// Makes the system tell of what somebody now waits for, where it has to be asked each time.
    #[inline]
    pub(crate) fn arm(&self, source: &Source, fd: BorrowedFd<'_>) -> io::Result<()> {
        if !self.arms {
            return Ok(());
        }
        self.refuse_copy()?;
        source.with_interest(|interest| self.registrar.arm(fd, source.key, interest))
    }

    /// Writes down what the selector found and collects wakers; says how many events there were.
    fn deliver(&self, selector: &mut dyn Selector, batch: &mut WakeBatch) -> usize {
        if !selector.has_found() {
            return 0;
        }
        // A one-shot event disarms both directions: whoever waits for the other one has to wake, too,
        // and arm again.
        let also = if self.arms { Ready::READABLE | Ready::WRITABLE } else { Ready::EMPTY };
        let registry = &mut self.registry();
        let mut delivery = Delivery { registry, batch, also, events: 0 };
        selector.drain(&mut delivery);
        delivery.events
    }

    #[cfg(all(test, not(loom)))]
    pub(crate) fn for_tests() -> Arc<Shared> {
        Reactor::new().expect("a reactor opens").shared.clone()
    }
}

impl Unpark for Shared {
    fn unpark(&self) {
        match self.unpark.unpark() {
            ToDo::Nothing => {}
            ToDo::Signal => self.registrar.signal(),
            ToDo::Thread => self.thread.unpark(),
        }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reactor").field("driver", &self.kind.name()).finish_non_exhaustive()
    }
}
