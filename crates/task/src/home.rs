//! Where a task lives: the contract between the tasks and the loop that owns them.
//!
//! A [`Home`] belongs to one thread. Its tasks reach it by a counted pointer, and counting would
//! cost an atomic at each spawn and each end, so the home takes references in packs of
//! [`REFS_PER_PACK`] and hands them to its tasks one by one without atomics.
#![expect(unsafe_code, reason = "a counted pointer and fields bound to the home's thread")]

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize as StdAtomicUsize, Ordering as StdOrdering};

use corio_base::ThreadToken;
use corio_base::loom::sync::atomic::{AtomicUsize, Ordering, fence};
use corio_trace::book::NUMBERS_APART;
use corio_trace::metrics::parts::TaskCounts;

use crate::call::CallPanic;
use crate::mail::Mail;
use crate::more::Spare;
use crate::pool::Pool;
use crate::registry::Registry;
use crate::run_list::RunList;
use crate::runnable::{FreeRunnable, Runnable};
use crate::task::Task;
use crate::unseen::Unseen;
use crate::watch::Watch;

/// What a loop does for its tasks.
///
/// An implementation MUST NOT run tasks or user code in any of these, beyond what wakes its loop, and
/// MUST NOT block.
pub trait Schedule: Send + Sync + 'static {
    /// A bound task is ready to be polled: put it at the end of the queue. Called on the home's
    /// thread only, also during a poll and while the loop waits.
    fn ready(&self, task: Runnable);

    /// The queue at whose end [`ready`](Schedule::ready) puts a task, if it does nothing else: tasks
    /// then go there without the way through this table, unless the home [is diverted](Home::divert).
    /// Called on the home's thread, when the home is made and when a diversion ends.
    fn queue(&self) -> Option<&RunList> {
        None
    }

    /// Something for a bound task, from a thread that is not the home's, or from there while the
    /// home is being closed. Keep the mails in order, [open](Mail::open) them on the home's thread,
    /// and see to it that the loop wakes for them. A closed home drops the mail.
    fn post(&self, mail: Mail);

    /// A free task is ready to be polled, from any thread. A closed home drops it.
    fn submit(&self, task: FreeRunnable);

    /// Whether there are turns here, and a queue that tasks come back to. A pool of threads has none: its
    /// tasks are [jobs](crate::Spawn::job), ready at their first poll. There a job that is asked to unwind
    /// before it has begun ends at once, on the thread of who asks, and its queue entry is left to be
    /// [stale](crate::Ran::Stale); and done callbacks are called by the thread that ends it.
    fn has_turns(&self) -> bool {
        true
    }

    /// A job was asked to end, or aborted, while it runs: what it waits for by blocking may be of no use
    /// any more. From any thread.
    fn asked(&self, job: &Task) {
        let _ = job;
    }

    /// The function of a [`Call`](crate::Call) panicked. Called on the home's thread (without
    /// [turns](Schedule::has_turns), on that which ended the task), with no task
    /// current and in the call's context. This one may call user code; its panic is let be.
    fn call_panicked(&self, panic: CallPanic) {
        drop(panic);
    }

    /// A task of this home has ended with a panic, or an error, that nobody will see. Called on the thread
    /// where the last who could have taken it went, also after the home was closed. This one may call user
    /// code; its panic is let be.
    fn unseen(&self, unseen: &Unseen<'_>) {
        unseen.log();
    }
}

/// How many references a home takes from its counter at a time: one atomic in a thousand spawns.
const REFS_PER_PACK: usize = 1024;
/// How many task numbers a home takes from the process's counter at a time.
const IDS_PER_PACK: u64 = 1024;

/// The next task number of the process that no home has taken.
static NEXT_ID: AtomicU64 = AtomicU64::new(1);
/// The next home's number.
static NEXT_HOME: StdAtomicUsize = StdAtomicUsize::new(1);

pub(crate) struct HomeInner {
    owner: ThreadToken,
    /// By which people and the book know it.
    number: usize,
    refs: AtomicUsize,
    schedule: Box<dyn Schedule>,
    /// # Invariant
    /// Reached on the owner's thread only.
    local: HomeLocal,
}

/// What only the home's thread touches.
pub(crate) struct HomeLocal {
    pub(crate) registry: Registry,
    pub(crate) pool: Pool,
    pub(crate) spare: Spare,
    /// The block of a root task that nobody saw, for the next one; not registered.
    pub(crate) idle_root: Cell<Option<crate::bound::Raw>>,
    /// The outermost task being polled, where a spawn polls another one within.
    pub(crate) outermost: Cell<Option<crate::bound::Raw>>,
    /// References taken from `refs` and not handed out.
    spare_refs: Cell<usize>,
    /// What [`Schedule::queue`] said; `None` while the home is diverted.
    ///
    /// # Invariant
    /// Part of what the home's `schedule` has, which nobody reaches by `&mut` while the home is there.
    queue: Cell<Option<NonNull<RunList>>>,
    /// The home takes no task in any more.
    pub(crate) closing: Cell<bool>,
    /// The home has given up its own reference; what comes back goes to `refs`.
    closed: Cell<bool>,
    next_id: Cell<u64>,
    ids_end: Cell<u64>,
    /// For debug mode.
    pub(crate) watch: Watch,
}

impl HomeLocal {
    /// Where tasks go that become ready, unless they have to go through [`Schedule::ready`].
    #[inline(always)]
    pub(crate) fn queue(&self) -> Option<&RunList> {
        // SAFETY: the invariant of `queue`; who has a `HomeLocal` has a reference to the home.
        self.queue.get().map(|queue| unsafe { queue.as_ref() })
    }
}

/// A task's reference to its home.
pub(crate) struct HomeRef(NonNull<HomeInner>);

// SAFETY: the count is atomic, `schedule` is Send and Sync, `local` is reached on one thread only.
unsafe impl Send for HomeRef {}
// SAFETY: as above.
unsafe impl Sync for HomeRef {}

impl HomeRef {
    fn inner(&self) -> &HomeInner {
        // SAFETY: this reference is counted, so the home is there.
        unsafe { self.0.as_ref() }
    }

    /// Puts a task of this home into its queue; on the home's thread.
    #[inline(always)]
    pub(crate) fn ready(&self, task: Runnable) {
        match self.inner().local.queue() {
            Some(queue) => queue.push(task),
            None => self.schedule().ready(task),
        }
    }

    pub(crate) fn schedule(&self) -> &dyn Schedule {
        &*self.inner().schedule
    }

    /// One more reference, from any thread.
    pub(crate) fn clone_away(&self) -> HomeRef {
        // Relaxed: made from a reference that exists.
        self.inner().refs.fetch_add(1, Ordering::Relaxed);
        HomeRef(self.0)
    }

    /// One more reference, on the home's thread and before its end.
    pub(crate) fn clone_here(&self, local: &HomeLocal) -> HomeRef {
        take_spare(self.0, local)
    }

    /// What belongs to the home's thread, if this is it.
    #[inline]
    pub(crate) fn local(&self) -> Option<&HomeLocal> {
        let inner = self.inner();
        if inner.owner.is_current() { Some(&inner.local) } else { None }
    }

    /// A task of this home has ended; on the home's thread.
    #[inline(always)]
    pub(crate) fn task_ended(&self) {
        self.inner().local.registry.ended();
    }

    /// By which the book knows the home.
    pub(crate) fn number(&self) -> usize {
        self.inner().number
    }

    /// Whether this is the home's thread.
    #[inline]
    pub(crate) fn is_here(&self) -> bool {
        self.inner().owner.is_current()
    }
}

impl Drop for HomeRef {
    #[inline]
    fn drop(&mut self) {
        let inner = self.inner();
        if inner.owner.is_current() && !inner.local.closed.get() {
            inner.local.spare_refs.set(inner.local.spare_refs.get() + 1);
        } else {
            release(self.0, 1);
        }
    }
}

/// A reference out of those that the home keeps to hand out; `local` is that home's.
#[inline(always)]
fn take_spare(home: NonNull<HomeInner>, local: &HomeLocal) -> HomeRef {
    let spare = &local.spare_refs;
    if spare.get() == 0 {
        // SAFETY: the caller has a reference. Relaxed: made from a reference that exists.
        unsafe { home.as_ref() }.refs.fetch_add(REFS_PER_PACK, Ordering::Relaxed);
        spare.set(REFS_PER_PACK);
    }
    spare.set(spare.get() - 1);
    HomeRef(home)
}

fn release(home: NonNull<HomeInner>, refs: usize) {
    // SAFETY: the caller gives up `refs` counted references, which kept the home until here.
    let before = unsafe { home.as_ref() }.refs.fetch_sub(refs, Ordering::Release);
    if before == refs {
        // Acquire: pairs with the Release of every earlier release.
        fence(Ordering::Acquire);
        // SAFETY: the last reference; the box was leaked by `Home::new`. What is in `local` is
        // plain memory by now: `Home::drop` emptied the registry, and a pool may be freed anywhere.
        drop(unsafe { Box::from_raw(home.as_ptr()) });
    }
}

/// The owner's end: made by a loop, dropped by it on the same thread.
///
/// Before it is dropped the loop calls [`Home::cancel_all`], closes its mailbox, opens what is in it,
/// empties its queue, and calls [`Home::settle_all`].
pub struct Home {
    inner: NonNull<HomeInner>,
    _not_send: PhantomData<*const ()>,
}

impl Home {
    /// A home on the calling thread, whose tasks go where `schedule` puts them.
    pub fn new(schedule: Box<dyn Schedule>) -> Home {
        let inner = Box::new(HomeInner {
            owner: ThreadToken::current(),
            // Relaxed: numbers only have to differ.
            number: NEXT_HOME.fetch_add(1, StdOrdering::Relaxed),
            refs: AtomicUsize::new(1),
            schedule,
            local: HomeLocal {
                registry: Registry::new(),
                pool: Pool::new(),
                spare: Spare::default(),
                idle_root: Cell::new(None),
                outermost: Cell::new(None),
                spare_refs: Cell::new(0),
                queue: Cell::new(None),
                closing: Cell::new(false),
                closed: Cell::new(false),
                next_id: Cell::new(0),
                ids_end: Cell::new(0),
                watch: Watch::default(),
            },
        });
        let home = Home { inner: NonNull::from(Box::leak(inner)), _not_send: PhantomData };
        home.divert(false);
        home
    }

    /// While `diverted`, tasks that become ready go through [`Schedule::ready`], also where there is a
    /// [`Schedule::queue`].
    pub fn divert(&self, diverted: bool) {
        // SAFETY: the home keeps its own reference.
        let inner = unsafe { self.inner.as_ref() };
        let queue = if diverted { None } else { inner.schedule.queue() };
        inner.local.queue.set(queue.map(NonNull::from));
    }

    #[inline]
    pub(crate) fn local(&self) -> &HomeLocal {
        // SAFETY: the home keeps its own reference, and a `Home` never leaves its thread.
        unsafe { &self.inner.as_ref().local }
    }

    /// One more reference to this home.
    #[inline]
    pub(crate) fn to_ref(&self) -> HomeRef {
        take_spare(self.inner, self.local())
    }

    /// A number for a new task.
    #[inline]
    pub(crate) fn next_id(&self) -> u64 {
        let local = self.local();
        let id = local.next_id.get();
        if id == local.ids_end.get() {
            // Relaxed: numbers only have to differ.
            let id = NEXT_ID.fetch_add(IDS_PER_PACK, StdOrdering::Relaxed);
            local.next_id.set(id + 1);
            local.ids_end.set(id + IDS_PER_PACK);
            return id;
        }
        local.next_id.set(id + 1);
        id
    }

    /// Numbers the tasks to come of this home far from all others: the loop of a tool within the program takes
    /// no numbers away from the program's own tasks.
    pub fn number_apart(&self) {
        let local = self.local();
        // Room for 2^32 tasks of each of 2^30 homes, without an end that would be reached.
        local.next_id.set(NUMBERS_APART | (self.number() as u64) << 32);
        local.ids_end.set(u64::MAX);
    }

    /// How many tasks came to this home and how many of them have ended, for readers on any thread.
    pub fn counts(&self) -> &Arc<TaskCounts> {
        self.local().registry.counts()
    }

    /// By which debug mode knows this home; no other one of the process has it.
    pub fn number(&self) -> usize {
        // SAFETY: the home keeps its own reference.
        unsafe { self.inner.as_ref() }.number
    }

    /// For debug mode: the thread did something else than to run tasks, so that the next poll does not
    /// begin where the last one ended.
    #[inline]
    pub fn refresh_watch(&self) {
        if corio_trace::enabled() {
            self.local().watch.refresh();
        }
    }

    /// Whether `task` lives here.
    pub(crate) fn is_home_of(&self, task: crate::bound::Raw) -> bool {
        crate::bound::header(task).home.0 == self.inner
    }

    /// A way for other threads to spawn tasks that live here.
    pub fn remote(&self) -> RemoteHome {
        RemoteHome { home: self.to_ref() }
    }

    /// How many tasks the home counts: those alive, and those that ended while a handle or a waker
    /// of theirs is still about.
    pub fn tasks(&self) -> usize {
        self.local().registry.len()
    }

    /// Cancels every task, dropping its future here, and says how many were alive. From now on a task
    /// that is spawned here ends at once, as cancelled.
    ///
    /// Must not be called from within a poll of one of the tasks.
    pub fn cancel_all(&self) -> usize {
        self.local().closing.set(true);
        let mut cancelled = 0;
        let mut slot = 0;
        while let Some((at, task)) = self.local().registry.next_from(slot) {
            if crate::bound::cancel_alive(task) {
                cancelled += 1;
            }
            slot = at + 1;
        }
        cancelled
    }

    /// Cancels one task of this home now, dropping its future here. `false`: it had ended, or it is
    /// being polled further up the stack.
    ///
    /// # Panics
    /// If the task is another home's.
    pub(crate) fn cancel<T>(&self, task: &crate::JoinHandle<T>) -> bool {
        let task = task.raw();
        assert!(
            self.is_home_of(task),
            "a task is cancelled by the home it lives in: use `abort` from elsewhere",
        );
        crate::bound::cancel_alive(task)
    }

    /// Gives up counting: what handles and wakers are still about count for themselves from now on.
    /// Call it last, with the mailbox closed and emptied.
    ///
    /// # Panics
    /// If a task is alive, or still in the queue.
    pub fn settle_all(&self) {
        let mut slot = 0;
        while let Some((at, task)) = self.local().registry.next_from(slot) {
            let flags = crate::bound::flags(task);
            // A task settled before its time would be freed while it is polled or queued.
            assert!(
                flags.is_done(),
                "a home was settled with a task alive: cancel_all comes first"
            );
            assert!(
                !flags.is_queued(),
                "a home was settled with a task in its queue: empty it first"
            );
            crate::bound::settle(task, self.local());
            slot = at + 1;
        }
        debug_assert_eq!(self.local().registry.len(), 0);
        self.local().watch.close(self.number());
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let local = self.local();
        local.watch.close(self.number());
        assert!(
            local.registry.len() == 0,
            "a home was dropped with {} tasks: cancel_all, then settle_all",
            local.registry.len(),
        );
        if let Some(block) = local.idle_root.take() {
            crate::root::free_idle(block);
        }
        local.closed.set(true);
        let spare = local.spare_refs.replace(0);
        release(self.inner, spare + 1);
    }
}

impl fmt::Debug for Home {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Home").field("tasks", &self.tasks()).finish_non_exhaustive()
    }
}

/// A home as other threads have it: to spawn tasks that will live there.
pub struct RemoteHome {
    pub(crate) home: HomeRef,
}

impl RemoteHome {
    /// Whether the calling thread is the home's.
    #[inline]
    pub fn is_here(&self) -> bool {
        self.home.is_here()
    }

    /// A number for a task spawned from away.
    pub(crate) fn next_id(&self) -> u64 {
        // Relaxed: numbers only have to differ.
        NEXT_ID.fetch_add(1, StdOrdering::Relaxed)
    }
}

impl Clone for RemoteHome {
    fn clone(&self) -> Self {
        RemoteHome { home: self.home.clone_away() }
    }
}

impl fmt::Debug for RemoteHome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteHome").finish_non_exhaustive()
    }
}
