//! The loop itself, without anything to wait on: its queue, its mail, its turns and its end.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use corio_base::Unparker;
use corio_base::ambient::{self, LoopId};
use corio_base::busy::BusyTime;
use corio_base::clock;
use corio_base::quiet::drop_quietly;
use corio_task::{Call, Home, JoinHandle, Runnable, Spawn, Task};
use corio_trace::metrics::RuntimeMetrics;

use crate::cadence::Cadence;
use crate::handle::Handle;
use crate::shared::{Delivery, Local, PanicHook, Router, Shared, UnseenHook};

/// How many deliveries are opened between two turns. More wait one turn: a thousand cost some 50 µs,
/// and senders that never stop must not keep the loop from its tasks.
const DELIVERIES_PER_TURN_MAX: usize = 1024;

/// What a turn did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// Deliveries from other threads opened before it.
    pub deliveries: usize,
    /// Tasks polled: as many as were ready when it began.
    pub polls: u32,
}

/// A loop, on the thread that made it.
pub struct Core {
    shared: Arc<Shared>,
    home: Home,
    cadence: Cadence,
    closed: Cell<bool>,
    factory: RefCell<Option<Factory>>,
    /// What goes when the loop ends.
    kept: RefCell<Vec<Rc<dyn Any>>>,
    id: LoopId,
    metrics: RuntimeMetrics,
    /// What the loop waits on notes when it rests.
    park_keeps_time: Cell<bool>,
    /// Polls were made known since the last park, or there was none.
    polled_since_park: Cell<bool>,
}

/// What every task of a loop is asked for with goes through this: see
/// [`set_task_factory`](crate::set_task_factory).
pub type Factory = Rc<dyn Fn(Spawn) -> Spawn>;

impl Core {
    /// A loop on the calling thread that `unparker` wakes from whatever it waits on.
    pub fn new(unparker: Unparker) -> Rc<Core> {
        let shared = Arc::new(Shared::new(unparker));
        let home = Home::new(Box::new(Router(shared.clone())));
        let metrics =
            RuntimeMetrics::register(home.number(), home.counts().clone(), shared.clone());
        Rc::new(Core {
            shared,
            home,
            cadence: Cadence::new(),
            closed: Cell::new(false),
            factory: RefCell::new(None),
            kept: RefCell::default(),
            id: LoopId::new(),
            metrics,
            park_keeps_time: Cell::new(false),
            polled_since_park: Cell::new(true),
        })
    }

    /// The loop's number, by which its thread finds what belongs to it.
    #[inline]
    pub fn id(&self) -> LoopId {
        self.id
    }

    /// Numbers the tasks to come of this loop far from all others, for the loop of a tool within a program: the
    /// program's own tasks then begin with Task-1. Says by which number debug mode knows the loop
    /// ([`corio_trace::pulse::Pulse::home`]).
    pub fn number_apart(&self) -> usize {
        self.home.number_apart();
        self.home.number()
    }

    #[inline]
    pub(crate) fn local(&self) -> &Local {
        match self.shared.local.get() {
            Some(local) => local,
            None => unreachable!("a Core is neither Send nor Sync"),
        }
    }

    pub(crate) fn home(&self) -> &Home {
        &self.home
    }

    /// Begins a task on this loop; it may be `!Send`.
    #[track_caller]
    #[inline]
    pub fn spawn_local<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
    {
        self.spawn_with(Spawn::new(), future)
    }

    /// As [`Core::spawn_local`], with a name and a place.
    #[inline(always)]
    pub fn spawn_with<F>(&self, spawn: Spawn, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
    {
        if spawn.is_eager() {
            return self.spawn_eager(spawn, future);
        }
        let handle = spawn.bound(&self.home, future);
        if corio_trace::enabled() {
            handle.info().announce();
        }
        handle
    }

    /// Begins a task with its first poll, if this loop is running; else as one that is not eager: what
    /// it needs around it is not there.
    fn spawn_eager<F>(&self, spawn: Spawn, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
    {
        if crate::entered::running_since().is_none() || ambient::active() != Some(self.id) {
            return self.spawn_with(spawn.eager_start(false), future);
        }
        spawn.eager(&self.home, future)
    }

    /// The tasks of this loop that have not ended, the oldest first. One spawned from another thread is
    /// among them when the loop has opened its mail.
    pub fn all_tasks(&self) -> Vec<Task> {
        self.home.all()
    }

    /// For debug mode: the loop did something else than to run tasks. See [`Home::refresh_watch`].
    #[inline]
    pub(crate) fn refresh_watch(&self) {
        self.home.refresh_watch();
    }

    /// Puts `function` into the queue, where it has its turn among the tasks.
    #[track_caller]
    pub fn call<F>(&self, function: F) -> Call
    where
        F: FnOnce() + 'static,
    {
        self.call_with(Spawn::new(), function)
    }

    /// As [`Core::call`], with a place and a context.
    pub fn call_with<F>(&self, spawn: Spawn, function: F) -> Call
    where
        F: FnOnce() + 'static,
    {
        spawn.call(&self.home, function)
    }

    /// Who is told of the panics of calls, on the loop's thread and outside all of its borrows. Unless
    /// somebody is, they are logged.
    pub fn set_panic_hook(&self, hook: PanicHook) {
        let before = self.local().panic_hook.replace(Some(hook));
        drop(before);
    }

    /// Has `hook` told, on this thread, of errors and panics of tasks that nobody retrieved, in place of
    /// the log.
    pub fn set_unseen_hook(&self, hook: UnseenHook) {
        let before = self.local().unseen_hook.replace(Some(hook));
        drop(before);
    }

    pub(crate) fn replace_factory(&self, factory: Option<Factory>) -> Option<Factory> {
        self.factory.replace(factory)
    }

    /// How tasks are made.
    pub fn task_factory(&self) -> Option<Factory> {
        self.factory.borrow().clone()
    }

    /// What the factory makes of `spawn`.
    pub(crate) fn in_factory(&self, spawn: Spawn) -> Spawn {
        match self.task_factory() {
            Some(factory) => factory(spawn),
            None => spawn,
        }
    }

    /// What the loop keeps of type `T`, made by `make` the first time. It is dropped when the loop ends,
    /// after the tasks. `None`: the loop has ended.
    ///
    /// For what belongs to one loop and is driven by its calls.
    ///
    /// ```
    /// use corio_base::park::ThreadPark;
    /// use corio_executor::Executor;
    /// use std::cell::Cell;
    ///
    /// let executor = Executor::new(ThreadPark::new());
    /// let count = executor.core().kept(|_| Cell::new(1)).unwrap();
    /// count.set(2);
    /// let same = executor.core().kept(|_| Cell::new(1)).unwrap();
    /// assert_eq!(same.get(), 2);
    /// drop((executor, same));
    /// assert_eq!(std::rc::Rc::strong_count(&count), 1);
    /// ```
    pub fn kept<T: 'static>(&self, make: impl FnOnce(&Core) -> T) -> Option<Rc<T>> {
        let find = || self.kept.borrow().iter().find_map(|any| any.clone().downcast::<T>().ok());
        if let Some(there) = find() {
            return Some(there);
        }
        if self.closed.get() {
            return None;
        }
        let made = Rc::new(make(self));
        self.kept.borrow_mut().push(made.clone());
        Some(made)
    }

    /// Whether the loop has ended.
    pub fn is_closed(&self) -> bool {
        self.closed.get()
    }

    /// A handle for other threads.
    pub fn handle(&self) -> Handle {
        Handle::new(self.home.remote(), self.metrics.clone())
    }

    /// How the loop is doing: see [`Handle::metrics`].
    pub fn metrics(&self) -> RuntimeMetrics {
        self.metrics.view()
    }

    /// The same for those who add parts to the loop, and do not look: its time at work is not measured for it.
    pub fn counters(&self) -> &RuntimeMetrics {
        &self.metrics
    }

    /// Counts the time from here on as time at work, until the guard is dropped: for those who run tasks of
    /// the loop their own way. Within another such guard, and within a run, it changes nothing.
    pub fn at_work(&self) -> AtWork<'_> {
        self.measure_if_debugged();
        if !self.busy().is_busy() {
            self.busy().begin(clock::os_now);
        }
        AtWork(self)
    }

    /// In debug mode time at work is measured whether somebody looks at it so far or not: a tool that comes
    /// later finds how it was.
    #[inline]
    pub(crate) fn measure_if_debugged(&self) {
        if corio_trace::enabled() {
            self.metrics.measure();
        }
    }

    /// When the loop is at work.
    pub(crate) fn busy(&self) -> &Arc<BusyTime> {
        self.metrics.busy()
    }

    pub(crate) fn park_keeps_time(&self) -> bool {
        self.park_keeps_time.get()
    }

    /// Says whether what the loop waits on [notes when it rests](corio_base::Park::keep_time).
    pub(crate) fn set_park_keeps_time(&self, keeps_time: bool) {
        self.park_keeps_time.set(keeps_time);
    }

    /// Counts a poll outside of the turns.
    pub(crate) fn polled_apart(&self) {
        self.metrics.counts().polls.add(1);
        self.polled_since_park.set(true);
    }

    /// Makes known what was counted since the last time, and that so many are ready. Says how many polls
    /// there were.
    #[inline]
    fn publish(&self, ready: usize) -> u64 {
        let counts = self.metrics.counts();
        let done = self.cadence.counted();
        counts.turns.add(done.turns);
        counts.polls.add(done.polls);
        counts.ready.set(ready as u64);
        done.polls
    }

    /// As [`Core::publish`], where the loop does not park: its next park then follows on polls.
    fn publish_between_parks(&self) {
        if self.publish(self.ready()) > 0 {
            self.polled_since_park.set(true);
        }
    }

    /// How many tasks are alive, or have ended while a handle or waker of theirs is about.
    pub fn tasks(&self) -> usize {
        self.home.tasks()
    }

    /// How many tasks are ready to be polled.
    pub fn ready(&self) -> usize {
        self.local().ready.len()
    }

    /// Says whether somebody else drives the loop's thread from now on, who is then told of the first
    /// task that becomes ready.
    pub(crate) fn set_outside(&self, outside: bool) {
        self.local().outside.set(outside);
        self.home.divert(outside);
    }

    /// One turn: opens what was delivered, then polls every task that is ready by then, once, in the
    /// order in which they became so. What becomes ready meanwhile runs in the next turn.
    #[inline]
    pub fn turn(&self) -> Turn {
        self.turn_of(self.local())
    }

    /// As [`Core::turn`], for callers who take many.
    #[inline(always)]
    pub(crate) fn turn_of(&self, local: &Local) -> Turn {
        self.part_of_turn(local, usize::MAX)
    }

    /// As [`Core::turn`], but polls `most` tasks at most. The rest of the turn comes first in the next
    /// one: the order is the same.
    #[inline(always)]
    pub(crate) fn part_of_turn(&self, local: &Local, most: usize) -> Turn {
        let mail = match self.shared.inbox.is_notified() {
            true => self.open_mail(),
            false => Turn::default(),
        };
        let ready = &local.ready;
        let mut left = ready.len().min(most);
        let polls = left as u32;
        let turn = Turn { polls: mail.polls + polls, ..mail };
        while left > 0
            && let Some(task) = ready.pop()
        {
            if corio_trace::enabled() {
                task.run_watched();
            } else {
                task.run();
            }
            left -= 1;
        }
        self.cadence.turned(polls);
        turn
    }

    #[cold]
    fn open_mail(&self) -> Turn {
        let mut turn = Turn::default();
        let ready = self.ready();
        turn.deliveries = self.shared.inbox.open(DELIVERIES_PER_TURN_MAX, |delivery| {
            match delivery {
                Delivery::Mail(mail) => mail.open(),
                // A free task runs wherever it is delivered; it has no place in the queue of the
                // bound ones.
                Delivery::Free(task) => {
                    turn.polls += 1;
                    task.run();
                }
            }
        });
        // A delivery takes as long as a small poll: those that poll nothing must not keep the loop
        // from looking at the rest of the world either.
        self.cadence.delivered(turn.deliveries as u32 + turn.polls);
        let counts = self.metrics.counts();
        counts.deliveries.add(turn.deliveries as u64);
        counts.scheduled_by_deliveries.add(self.ready().saturating_sub(ready) as u64);
        turn
    }

    /// Whether there is something to run now.
    #[inline]
    pub fn has_work(&self) -> bool {
        self.has_work_of(self.local())
    }

    /// As [`Core::has_work`], for callers who ask often.
    #[inline]
    pub(crate) fn has_work_of(&self, local: &Local) -> bool {
        !local.ready.is_empty() || self.shared.inbox.is_notified()
    }

    /// Whether a loop that has work should look at the OS and the timers all the same.
    #[inline]
    pub fn look_is_due(&self) -> bool {
        self.cadence.is_due()
    }

    /// The loop has looked, `away_nanos` after it did so before (0: not known).
    pub fn looked(&self, away_nanos: u64) {
        self.publish_between_parks();
        self.cadence.looked(away_nanos);
    }

    /// As [`Core::looked`], of a loop that has parked: nothing was counted since it fell asleep.
    #[inline]
    pub(crate) fn waited(&self, local: &Local, away_nanos: u64) {
        self.metrics.counts().ready.set(local.ready.len() as u64);
        self.cadence.looked(away_nanos);
    }

    /// Announces a park, for a loop that has nothing to run. `false`: something was delivered, take another
    /// turn.
    #[must_use]
    #[inline]
    pub fn fall_asleep(&self) -> bool {
        let polls = self.publish(0);
        let asleep = self.shared.inbox.fall_asleep();
        let counts = self.metrics.counts();
        if asleep {
            counts.parks_and_unparks.add(1);
            if !self.polled_since_park.replace(false) && polls == 0 {
                counts.noops.add(1);
            }
        } else {
            self.polled_since_park.set(self.polled_since_park.get() || polls > 0);
        }
        asleep
    }

    /// The park is over, if there was one.
    pub fn wake_up(&self) {
        if self.metrics.counts().parks_and_unparks.get() % 2 == 1 {
            self.park_ends();
        }
    }

    /// As [`Core::wake_up`], of a loop that fell asleep.
    #[inline]
    pub(crate) fn park_ends(&self) {
        let undisturbed = self.shared.inbox.wake_up();
        let counts = self.metrics.counts();
        counts.parks_and_unparks.add(1);
        if !undisturbed {
            counts.remote_unparks.add(1);
        }
    }

    /// Ends every task: drops their futures here, and refuses what other threads deliver from now on.
    /// Part of dropping the loop.
    ///
    /// The order matters to other threads: a delivery is refused only when every task it could be
    /// about has ended, but for those that are in the inbox in that moment.
    pub(crate) fn close(&self) {
        if self.closed.replace(true) {
            return;
        }
        self.home.cancel_all();
        self.shared.inbox.close();
        self.shared.inbox.open(usize::MAX, |delivery| match delivery {
            Delivery::Mail(mail) => mail.open(),
            Delivery::Free(task) => drop(task),
        });
        // All of them have ended by now: their entries only have to go.
        for _ in 0..self.local().ready.len() {
            self.local().ready.pop().map(Runnable::run);
        }
        self.home.settle_all();
        self.publish_between_parks();
        self.metrics.close();
        // Destructors of users: outside of the borrow, and none keeps the others from theirs.
        self.kept.take().into_iter().for_each(drop_quietly);
        // The last of the handles may go on another thread, where what is this thread's cannot be dropped.
        drop_quietly(self.local().panic_hook.take());
        drop_quietly(self.local().unseen_hook.take());
    }
}

/// While it lives, its loop is at work; made by [`Core::at_work`].
#[derive(Debug)]
#[must_use = "the time at work ends when the guard is dropped"]
pub struct AtWork<'a>(&'a Core);

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        self.0.publish_between_parks();
        let busy = self.0.busy();
        if busy.is_busy() {
            busy.rest(clock::os_now);
        }
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        self.close();
    }
}

impl fmt::Debug for Core {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Core")
            .field("tasks", &self.tasks())
            .field("ready", &self.ready())
            .finish_non_exhaustive()
    }
}
