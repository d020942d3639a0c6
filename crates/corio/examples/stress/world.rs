//! What the threads share: slots for wakers, handles and tasks, and the record of every task.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::task::Waker;

use corio::park::{Park, Parked, ThreadPark, Unpark, Unparker, Wait};
use corio::task::Task;
use corio::{Handle, JoinHandle};

use crate::probe::Token;

/// Tells what is wrong, and ends the process.
pub(crate) fn violation(what: &str) -> ! {
    eprintln!("VIOLATION: {what}");
    std::process::exit(1)
}

/// A place for one thing that any thread may take. Nothing is dropped or woken under its lock.
pub(crate) struct Slot<T>(Mutex<Option<T>>);

impl<T> Slot<T> {
    fn new() -> Self {
        Slot(Mutex::new(None))
    }

    fn lock(&self) -> MutexGuard<'_, Option<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn take(&self) -> Option<T> {
        self.lock().take()
    }

    /// Puts `thing` in; what was there is the caller's.
    pub(crate) fn swap(&self, thing: T) -> Option<T> {
        self.lock().replace(thing)
    }

    pub(crate) fn copy(&self) -> Option<T>
    where
        T: Clone,
    {
        self.lock().clone()
    }
}

impl Slot<Waker> {
    pub(crate) fn put(&self, waker: &Waker) {
        drop(self.swap(waker.clone()));
    }
}

/// What is known of one task, for as long as anybody may ask.
#[derive(Default)]
pub(crate) struct Record {
    pub(crate) polling: AtomicBool,
    pub(crate) futures_dropped: AtomicUsize,
    pub(crate) outputs_made: AtomicUsize,
    pub(crate) outputs_dropped: AtomicUsize,
    /// How often it was woken by somebody who counts; raised before the wake.
    pub(crate) wanted: AtomicU64,
    /// What `wanted` was at the beginning of the last poll.
    pub(crate) answered: AtomicU64,
    /// The task whose end it waits for.
    pub(crate) joining: Mutex<Option<Arc<Record>>>,
}

impl Record {
    pub(crate) fn has_ended(&self) -> bool {
        self.futures_dropped.load(Ordering::Acquire) > 0
    }

    pub(crate) fn joining(&self) -> MutexGuard<'_, Option<Arc<Record>>> {
        self.joining.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether it was polled after the `wanted`th wake, and waits for no task that has ended.
    pub(crate) fn is_content(&self, wanted: u64) -> bool {
        self.has_ended()
            || self.answered.load(Ordering::Acquire) >= wanted
                && !self.joining().as_ref().is_some_and(|other| other.has_ended())
    }

    fn check_gone(&self) {
        let futures = self.futures_dropped.load(Ordering::Acquire);
        let made = self.outputs_made.load(Ordering::Acquire);
        let dropped = self.outputs_dropped.load(Ordering::Acquire);
        if futures != 1 || made != dropped || made > 1 {
            violation(&format!(
                "a future dropped {futures} times, its output made {made} and dropped {dropped} times"
            ));
        }
    }
}

/// A waker, and whom it wakes.
#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) waker: Waker,
    pub(crate) record: Arc<Record>,
}

impl Call {
    pub(crate) fn wake(self) {
        self.record.wanted.fetch_add(1, Ordering::AcqRel);
        self.waker.wake();
    }

    pub(crate) fn wake_by_ref(&self) {
        self.record.wanted.fetch_add(1, Ordering::AcqRel);
        self.waker.wake_by_ref();
    }
}

/// A handle, and whose it is.
pub(crate) struct Joining {
    pub(crate) handle: JoinHandle<Token>,
    pub(crate) record: Arc<Record>,
}

/// Everything the threads share.
pub(crate) struct World {
    calls: Vec<Slot<Call>>,
    handles: Vec<Slot<Joining>>,
    tasks: Vec<Slot<Task>>,
    /// The future that the loop is run for.
    pub(crate) root: Slot<Waker>,
    pub(crate) round_is_over: AtomicBool,
    pub(crate) runtime: Slot<Handle>,
    records: Mutex<Vec<Arc<Record>>>,
    /// Meddlers meddle under it; who writes has paused them.
    meddling: RwLock<()>,
    stopped: AtomicBool,
    /// How many runtimes' parks are about.
    pub(crate) parks: Arc<AtomicUsize>,
    pub(crate) progress: AtomicU64,
    pub(crate) drained: AtomicU64,
    spawned: AtomicU64,
    epochs: AtomicU64,
    pub(crate) polls: AtomicU64,
    pub(crate) deeds: AtomicU64,
}

/// How many tasks there may be at a time.
const ALIVE_MAX: usize = 2000;

impl World {
    pub(crate) fn new() -> World {
        fn slots<T>(count: usize) -> Vec<Slot<T>> {
            (0..count).map(|_| Slot::new()).collect()
        }
        World {
            calls: slots(64),
            handles: slots(32),
            tasks: slots(32),
            root: Slot::new(),
            round_is_over: AtomicBool::new(false),
            runtime: Slot::new(),
            records: Mutex::default(),
            meddling: RwLock::default(),
            stopped: AtomicBool::new(false),
            parks: Arc::default(),
            progress: AtomicU64::new(0),
            drained: AtomicU64::new(0),
            spawned: AtomicU64::new(0),
            epochs: AtomicU64::new(0),
            polls: AtomicU64::new(0),
            deeds: AtomicU64::new(0),
        }
    }

    pub(crate) fn call(&self, rng: &mut fastrand::Rng) -> &Slot<Call> {
        &self.calls[rng.usize(..self.calls.len())]
    }

    pub(crate) fn handle(&self, rng: &mut fastrand::Rng) -> &Slot<Joining> {
        &self.handles[rng.usize(..self.handles.len())]
    }

    pub(crate) fn task(&self, rng: &mut fastrand::Rng) -> &Slot<Task> {
        &self.tasks[rng.usize(..self.tasks.len())]
    }

    fn records(&self) -> MutexGuard<'_, Vec<Arc<Record>>> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A record for a new task; `None`: there are enough.
    pub(crate) fn record(&self) -> Option<Arc<Record>> {
        let mut records = self.records();
        if records.len() >= ALIVE_MAX {
            records.retain(|record| Arc::strong_count(record) > 1 || !record.has_ended());
            if records.len() >= ALIVE_MAX {
                return None;
            }
        }
        let record = Arc::<Record>::default();
        records.push(record.clone());
        self.spawned.fetch_add(1, Ordering::Relaxed);
        Some(record)
    }

    pub(crate) fn begin_epoch(&self, handle: Handle) {
        self.epochs.fetch_add(1, Ordering::Relaxed);
        drop(self.runtime.swap(handle));
    }

    /// All who are alive, and how often each was woken.
    pub(crate) fn wanted(&self) -> Vec<(Arc<Record>, u64)> {
        let records = self.records();
        let alive = records.iter().filter(|record| !record.has_ended());
        alive.map(|record| (record.clone(), record.wanted.load(Ordering::Acquire))).collect()
    }

    pub(crate) fn who_waits(&self) -> String {
        let late = self.wanted().into_iter().filter(|(record, wanted)| !record.is_content(*wanted));
        format!(
            "{} tasks were woken, or their joined tasks ended, and they were not polled",
            late.count()
        )
    }

    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }

    /// The right to meddle, for one deed.
    pub(crate) fn meddling(&self) -> RwLockReadGuard<'_, ()> {
        self.meddling.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps the meddlers from it.
    pub(crate) fn pause(&self) -> RwLockWriteGuard<'_, ()> {
        self.meddling.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Empties every slot. With the meddlers paused and no runtime, that is the end of everything.
    pub(crate) fn let_all_go(&self) {
        drop(self.runtime.take());
        drop(self.root.take());
        // What is dropped may put something into a slot that was emptied before.
        for _ in 0..4 {
            self.calls.iter().for_each(|slot| drop(slot.take()));
            self.handles.iter().for_each(|slot| drop(slot.take()));
            self.tasks.iter().for_each(|slot| drop(slot.take()));
        }
    }

    /// Checks that everything is gone: every task has ended once, and no runtime is kept by any.
    pub(crate) fn check_all_gone(&self) {
        let records = std::mem::take(&mut *self.records());
        for record in &records {
            *record.joining() = None;
        }
        for record in &records {
            record.check_gone();
            let about = Arc::strong_count(record);
            if about != 1 {
                violation(&format!("{} copies of an ended task's parts are left", about - 1));
            }
        }
        let parks = self.parks.load(Ordering::Acquire);
        if parks != 0 {
            violation(&format!("{parks} runtimes are kept by tasks that were leaked"));
        }
    }

    pub(crate) fn summary(&self) -> String {
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        format!(
            "ok: {} runtimes, {} tasks, {} polls, {} deeds of other threads, {} times at rest; \
             nothing lost, nothing left",
            count(&self.epochs),
            count(&self.spawned),
            count(&self.polls),
            count(&self.deeds),
            count(&self.drained),
        )
    }
}

/// A park whose unparker counts itself: a runtime's tasks, handles and wakers keep the runtime's
/// mailbox, and the mailbox keeps the unparker.
pub(crate) struct CountedPark {
    park: ThreadPark,
    counted: Arc<Counted>,
}

struct Counted {
    unparker: Unparker,
    parks: Arc<AtomicUsize>,
}

impl CountedPark {
    pub(crate) fn new(parks: &Arc<AtomicUsize>) -> CountedPark {
        let park = ThreadPark::new();
        parks.fetch_add(1, Ordering::AcqRel);
        let counted = Counted { unparker: park.unparker(), parks: parks.clone() };
        CountedPark { park, counted: Arc::new(counted) }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.parks.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Unpark for Counted {
    fn unpark(&self) {
        self.unparker.unpark();
    }
}

impl Park for CountedPark {
    fn park(&mut self, wait: Wait) -> io::Result<Parked> {
        self.park.park(wait)
    }

    fn unparker(&self) -> Unparker {
        self.counted.clone()
    }
}
