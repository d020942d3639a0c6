//! What debug mode shows of waits and of what is held, and that nothing of it is left behind.

use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::thread;

use corio_base::park::block_on;
use corio_sync::*;
use corio_trace::WaitKind;
use corio_trace::book::{
    HeldRecord, NodeKind, NodeRecord, TaskBirth, TaskPage, TaskRecord, snapshot,
};
use futures::future::{join, select};
use futures::stream::{FuturesUnordered, StreamExt};

/// A task as the book knows it, without an executor.
struct FakeTask {
    id: u64,
    page: TaskPage,
}

impl FakeTask {
    #[track_caller]
    fn new() -> Self {
        // Numbers of its own: the tests of one process run beside each other.
        static NEXT: AtomicU64 = AtomicU64::new(1 << 40);
        corio_trace::set_enabled(true);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        let place = Location::caller();
        let birth = TaskBirth { id, parent: 0, place, type_name: "FakeTask", home: 0, late: false };
        FakeTask { id, page: TaskPage::new(&birth) }
    }

    /// Does something as a poll of this task.
    fn within<R>(&self, work: impl FnOnce() -> R) -> R {
        let _entered = self.page.enter(self.id);
        work()
    }

    fn poll<F: Future>(&self, future: &mut Pin<Box<F>>) -> Poll<F::Output> {
        let mut context = Context::from_waker(Waker::noop());
        self.within(|| future.as_mut().poll(&mut context))
    }

    #[track_caller]
    fn pending<F: Future>(&self, future: F) -> Pin<Box<F>> {
        let mut future = Box::pin(future);
        assert!(self.poll(&mut future).is_pending(), "it has something to wait for");
        future
    }

    #[track_caller]
    fn ready<F: Future>(&self, future: F) -> F::Output {
        match self.poll(&mut Box::pin(future)) {
            Poll::Ready(output) => output,
            Poll::Pending => panic!("still pending"),
        }
    }

    fn record(&self) -> TaskRecord {
        snapshot().tasks.into_iter().find(|task| task.id == self.id).expect("it has a page")
    }

    fn waits(&self) -> Vec<NodeRecord> {
        self.record().waits
    }

    #[track_caller]
    fn one_wait(&self) -> NodeRecord {
        let mut waits = self.waits();
        assert_eq!(waits.len(), 1, "{waits:?}");
        waits.remove(0)
    }

    fn holds(&self) -> Vec<HeldRecord> {
        self.record().holds
    }

    #[track_caller]
    fn one_held(&self) -> HeldRecord {
        let mut holds = self.holds();
        assert_eq!(holds.len(), 1, "{holds:?}");
        holds.remove(0)
    }

    /// Nothing is left of what it waited for and of what it had.
    #[track_caller]
    fn is_clean(&self) {
        let TaskRecord { waits, holds, .. } = self.record();
        assert!(waits.is_empty() && holds.is_empty(), "{waits:?} {holds:?}");
    }
}

/// The kinds and lines of what a task waits for, sorted by line.
fn shown(waits: &[NodeRecord]) -> Vec<(u32, NodeKind)> {
    let mut shown: Vec<_> = waits.iter().map(|wait| (wait.place.line(), wait.kind)).collect();
    shown.sort_by_key(|&(line, _)| line);
    assert!(waits.iter().all(|wait| wait.place.file().ends_with("book.rs")), "{waits:?}");
    shown
}

const fn kind(kind: WaitKind) -> NodeKind {
    NodeKind::Wait(kind)
}

/// Polls a wait that has to be pending, and looks for its kind and line.
macro_rules! shows {
    ($kind:ident, $future:expr) => {{
        let task = FakeTask::new();
        // What the future borrows lives as long as the match.
        match task.pending($future) {
            waiting => {
                let expected = vec![(line!(), kind(WaitKind::$kind))];
                assert_eq!(shown(&task.waits()), expected, stringify!($future));
                drop(waiting);
            }
        }
        task.is_clean();
    }};
}

#[test]
fn every_wait_is_shown_with_the_line_that_made_it() {
    let holder = FakeTask::new();
    let (lock, mutex, words) = (Arc::new(Lock::new()), Arc::new(Mutex::new(())), RwLock::new(()));
    let none = Arc::new(Semaphore::new(0));
    let guards = holder.within(|| {
        (lock.try_lock().unwrap(), mutex.try_lock().unwrap(), words.try_write().unwrap())
    });
    shows!(Lock, lock.lock());
    shows!(Lock, lock.clone().lock_owned());
    shows!(Lock, mutex.lock());
    shows!(Lock, mutex.clone().lock_owned());
    shows!(Lock, words.read());
    shows!(Lock, words.write());
    shows!(Semaphore, none.acquire());
    shows!(Semaphore, none.clone().acquire_owned());
    shows!(Semaphore, BoundedSemaphore::new(0).acquire());
    shows!(Semaphore, CapacityLimiter::new(0).acquire());
    shows!(Event, Event::new().wait());
    shows!(Event, Notify::new().notified());
    let (told, stock) = (Condition::new(), Mutex::new(0));
    shows!(Condition, told.wait(stock.try_lock().unwrap()));
    shows!(Condition, told.wait_for(stock.try_lock().unwrap(), |stock| **stock > 0));
    shows!(Barrier, Barrier::new(2).wait());
    shows!(Event, OnceCell::<()>::new().wait());
    let queue = Queue::bounded(1);
    shows!(Queue, queue.get());
    queue.try_put(1).unwrap();
    shows!(Queue, queue.put(2));
    shows!(Queue, queue.join());
    let (sender, mut receiver) = mpsc::channel(1);
    shows!(Channel, receiver.recv());
    sender.try_send(1).unwrap();
    shows!(Channel, sender.send(2));
    shows!(Channel, sender.reserve());
    shows!(Channel, sender.closed());
    let (mut once, answer) = oneshot::channel::<()>();
    shows!(Channel, once.closed());
    drop(answer);
    let (news, mut seen) = watch::channel(1);
    shows!(Channel, seen.changed());
    shows!(Channel, seen.wait_for(|&value| value > 1));
    shows!(Channel, news.closed());
    let (_told, mut heard) = broadcast::channel::<()>(1);
    shows!(Channel, heard.recv());
    drop(guards);
    holder.is_clean();
}

#[test]
fn the_receiver_of_one_value_is_shown_where_the_channel_was_made() {
    let task = FakeTask::new();
    let line = line!() + 1;
    let (sender, receiver) = oneshot::channel();
    let mut waiting = task.pending(receiver);
    assert_eq!(shown(&task.waits()), [(line, kind(WaitKind::Channel))]);
    sender.send(1).unwrap();
    assert_eq!(task.poll(&mut waiting), Poll::Ready(Ok(1)));
    task.is_clean();
    let (sender, receiver) = oneshot::channel::<()>();
    drop(task.pending(receiver));
    task.is_clean();
    drop(sender);
}

#[test]
fn who_was_notified_and_wants_the_lock_again_waits_for_the_lock() {
    let (waiter, holder) = (FakeTask::new(), FakeTask::new());
    let (told, stock) = (Condition::new(), Mutex::new(0));
    let line = line!() + 1;
    let mut waiting = waiter.pending(told.wait(stock.try_lock().unwrap()));
    assert_eq!(shown(&waiter.waits()), [(line, kind(WaitKind::Condition))]);
    assert!(waiter.holds().is_empty(), "the lock was given back");
    let guard = holder.ready(stock.lock());
    told.notify_one();
    assert!(waiter.poll(&mut waiting).is_pending());
    let wait = waiter.one_wait();
    assert_eq!((wait.kind, wait.object), (kind(WaitKind::Lock), holder.one_held().object));
    drop((waiting, guard));
    waiter.is_clean();
    holder.is_clean();
}

/// Whoever has the queue may put, so nobody is known to be the one who will.
#[test]
fn a_queue_and_a_channel_have_no_owner() {
    let task = FakeTask::new();
    let queue = Queue::<u8>::bounded(1);
    let get = task.pending(queue.get());
    assert_eq!(task.one_wait().owner, None);
    drop(get);
    let (sender, mut receiver) = mpsc::channel::<u8>(1);
    let recv = task.pending(receiver.recv());
    assert_eq!(task.one_wait().owner, None);
    drop((recv, sender));
    task.is_clean();
}

#[test]
fn all_waits_of_one_task_are_shown() {
    let task = FakeTask::new();
    let (event, notify, none) = (Event::new(), Notify::new(), Semaphore::new(0));
    let line = line!();
    let notified = Box::pin(notify.notified());
    let acquire = Box::pin(none.acquire());
    let all = join(event.wait(), select(notified, acquire));
    let all = task.pending(all);
    let expected = [
        (line + 1, kind(WaitKind::Event)),
        (line + 2, kind(WaitKind::Semaphore)),
        (line + 3, kind(WaitKind::Event)),
    ];
    assert_eq!(shown(&task.waits()), expected);
    drop(all);
    task.is_clean();
    let mut many: FuturesUnordered<_> = (0..3).map(|_| event.wait()).collect();
    let next = task.pending(many.next());
    assert_eq!(task.waits().len(), 3);
    drop(next);
    drop(many);
    task.is_clean();
}

#[test]
fn a_wait_moves_with_its_future() {
    let (one, other) = (FakeTask::new(), FakeTask::new());
    let event = Arc::new(Event::new());
    let waited = Arc::clone(&event);
    let mut waiting = one.pending(async move { waited.wait().await });
    assert_eq!(one.waits().len(), 1);
    let other = thread::spawn(move || {
        let mut context = Context::from_waker(Waker::noop());
        let poll = other.within(|| waiting.as_mut().poll(&mut context));
        assert!(poll.is_pending());
        (other, waiting)
    });
    let (other, waiting) = other.join().unwrap();
    one.is_clean();
    assert_eq!(other.one_wait().kind, kind(WaitKind::Event));
    drop(waiting);
    other.is_clean();
}

#[test]
fn who_holds_a_lock_and_who_waits_for_it_meet_by_the_object() {
    let (holder, waiter) = (FakeTask::new(), FakeTask::new());
    let (lock, mutex, words) = (Lock::new(), Mutex::new(()), RwLock::new(()));
    let line = line!() + 1;
    let guard = holder.ready(lock.lock());
    let held = holder.one_held();
    assert_eq!((held.kind, held.place.line(), held.movable), (WaitKind::Lock, line, false));
    let waiting = waiter.pending(lock.lock());
    assert_eq!(waiter.one_wait().object, held.object);
    drop((guard, waiting));

    let guard = holder.ready(mutex.lock());
    let waiting = waiter.pending(mutex.lock());
    assert_eq!(waiter.one_wait().object, holder.one_held().object);
    drop(waiting);
    let part = holder.within(|| MutexGuard::map(guard, |whole| whole));
    assert_eq!(holder.holds().len(), 1, "a part is held as the whole");
    drop(part);

    let guard = holder.ready(words.read());
    let another = waiter.ready(words.read());
    let waiting = waiter.pending(words.write());
    assert_eq!(waiter.one_wait().object, holder.one_held().object);
    assert_eq!(holder.one_held().object, waiter.one_held().object);
    holder.within(|| drop(guard));
    holder.is_clean();
    drop((waiting, another));
    let guard = holder.ready(words.write());
    let guard = holder.within(|| guard.downgrade());
    assert_eq!(holder.holds().len(), 1, "now as a reader");
    drop(guard);
    holder.is_clean();
    waiter.is_clean();
}

#[test]
fn permits_are_shown_at_those_who_have_them() {
    let (one, other) = (FakeTask::new(), FakeTask::new());
    let permits = Arc::new(Semaphore::new(3));
    let mut first = one.ready(permits.acquire_many(2)).unwrap();
    let second = other.ready(permits.acquire()).unwrap();
    assert_eq!(one.one_held().object, other.one_held().object);
    let part = one.within(|| first.split(1).unwrap());
    assert_eq!(one.holds().len(), 2);
    one.within(|| first.merge(part));
    assert_eq!(one.holds().len(), 1);
    other.within(|| second.forget());
    other.is_clean();
    one.within(|| drop(first));
    one.is_clean();

    let owned = one.ready(permits.clone().acquire_owned()).unwrap();
    assert!(one.one_held().movable, "it may be given away");
    other.within(|| drop(owned));
    one.is_clean();

    let limiter = CapacityLimiter::new(1);
    let token = one.ready(limiter.acquire());
    let waiting = other.pending(limiter.acquire());
    assert_eq!(one.one_held().object, other.one_wait().object);
    drop((waiting, token));
    one.is_clean();
    other.is_clean();
}

#[test]
fn a_guard_that_was_moved_takes_its_record_along() {
    let (one, other) = (FakeTask::new(), FakeTask::new());
    let mutex = Arc::new(Mutex::new(()));
    let guard = one.ready(mutex.clone().lock_owned());
    assert!(one.one_held().movable);
    other.within(|| drop(guard));
    one.is_clean();
    let guard = other.within(|| mutex.try_lock().unwrap());
    assert_eq!(other.holds().len(), 1);
    drop(guard);
    other.is_clean();
}

#[test]
fn a_grant_that_nobody_polls_is_told_from_a_wait() {
    let (holder, waiter) = (FakeTask::new(), FakeTask::new());
    let lock = Lock::new();
    let guard = holder.ready(lock.lock());
    let mut waiting = waiter.pending(lock.lock());
    assert_eq!(waiter.one_wait().granted, None);
    drop(guard);
    assert!(waiter.one_wait().granted.is_some(), "it has the lock and does not know");
    let Poll::Ready(guard) = waiter.poll(&mut waiting) else { panic!("it has the lock") };
    assert_eq!((waiter.waits().len(), waiter.holds().len()), (0, 1));
    drop(guard);

    let mutex = Mutex::new(());
    let guard = holder.ready(mutex.lock());
    let waiting = waiter.pending(mutex.lock());
    drop(guard);
    assert!(waiter.one_wait().granted.is_some(), "it was called and does not come");
    drop(waiting);

    let notify = Notify::new();
    let waiting = waiter.pending(notify.notified());
    notify.notify_one();
    assert!(waiter.one_wait().granted.is_some());
    drop(waiting);

    // What all get nobody keeps from others.
    let notify = Notify::new();
    let waiting = waiter.pending(notify.notified());
    notify.notify_waiters();
    assert_eq!(waiter.one_wait().granted, None);
    drop(waiting);
    let event = Event::new();
    let waiting = waiter.pending(event.wait());
    event.set();
    assert_eq!(waiter.one_wait().granted, None);
    drop(waiting);
    waiter.is_clean();
    holder.is_clean();
}

#[test]
fn waits_and_guards_from_before_the_switch_leave_nothing() {
    let task = FakeTask::new();
    let lock = Lock::new();
    corio_trace::set_enabled(false);
    let guard = lock.try_lock().unwrap();
    let mut waiting = task.pending(lock.lock());
    task.is_clean();
    corio_trace::set_enabled(true);
    assert!(task.poll(&mut waiting).is_pending());
    assert_eq!(task.waits().len(), 1, "known from its next poll on");
    drop(guard);
    assert!(task.poll(&mut waiting).is_ready());
    task.is_clean();
}

#[test]
fn a_guard_dropped_in_another_task_takes_its_own_record() {
    let (one, other) = (FakeTask::new(), FakeTask::new());
    let words = RwLock::new(1);
    let (first, second) = (one.ready(words.read()), other.ready(words.read()));
    other.within(|| drop(first));
    one.is_clean();
    assert_eq!(other.holds().len(), 1, "it reads still");
    let part = other.within(|| RwLockReadGuard::map(second, |whole| whole));
    one.within(|| drop(part));
    other.is_clean();

    let permits = Semaphore::new(2);
    let (first, second) =
        (one.ready(permits.acquire()).unwrap(), other.ready(permits.acquire()).unwrap());
    other.within(|| drop(first));
    one.is_clean();
    one.within(|| second.forget());
    other.is_clean();

    let bounded = BoundedSemaphore::new(2);
    let first = one.ready(bounded.acquire()).unwrap();
    let second = other.ready(bounded.acquire()).unwrap();
    other.within(|| drop(first));
    one.is_clean();
    drop(second);
    other.is_clean();
}

#[test]
fn what_leaked_guards_leave_goes_with_their_locks() {
    let task = FakeTask::new();
    // In boxes: a lock that is moved leaves them to the next one at its place.
    let (mutex, lock) = (Box::new(Mutex::new(())), Box::new(Lock::new()));
    let (words, permits) = (Box::new(RwLock::new(())), Box::new(Semaphore::new(2)));
    std::mem::forget(task.ready(mutex.lock()));
    std::mem::forget(task.ready(lock.lock()));
    std::mem::forget(task.ready(words.read()));
    std::mem::forget(task.ready(permits.acquire()));
    assert_eq!(task.holds().len(), 4, "nobody else gets them");
    drop((mutex, lock, words, permits));
    task.is_clean();
}

#[test]
fn a_receiver_that_is_called_and_not_polled_is_told_from_one_that_waits() {
    let task = FakeTask::new();
    let (sender, receiver) = oneshot::channel();
    let mut waiting = task.pending(receiver);
    assert_eq!(task.one_wait().granted, None);
    sender.send(1).unwrap();
    assert!(task.one_wait().granted.is_some(), "the value is there");
    assert_eq!(task.poll(&mut waiting), Poll::Ready(Ok(1)));
    task.is_clean();
    let (sender, receiver) = oneshot::channel::<()>();
    let waiting = task.pending(receiver);
    drop(sender);
    assert!(task.one_wait().granted.is_some(), "and so is the end");
    drop(waiting);

    let (sender, mut receiver) = mpsc::channel(1);
    let mut waiting = task.pending(receiver.recv());
    assert_eq!(task.one_wait().granted, None);
    sender.try_send(1).unwrap();
    assert!(task.one_wait().granted.is_some(), "a message is there");
    assert_eq!(task.poll(&mut waiting), Poll::Ready(Some(1)));
    // Also where the future is kept.
    task.is_clean();
    drop(waiting);
    let (sender, mut receiver) = mpsc::unbounded_channel::<()>();
    let waiting = task.pending(receiver.recv());
    drop(sender);
    assert!(task.one_wait().granted.is_some());
    drop(waiting);
    task.is_clean();
}

#[test]
fn the_wait_of_one_in_the_mutexs_seat_is_marked_and_taken_away() {
    let (holder, waiter) = (FakeTask::new(), FakeTask::new());
    let mutex = Mutex::new(());
    let held = || holder.within(|| mutex.try_lock().unwrap());
    let let_go = |guard| holder.within(|| drop(guard));
    let mut guard = held();
    let mut waiting = waiter.pending(mutex.lock());
    for _ in 0..2 {
        let_go(guard);
        assert!(
            waiter.one_wait().granted.is_some(),
            "it was called, from the queue and from the seat"
        );
        guard = held();
        assert!(waiter.poll(&mut waiting).is_pending(), "in vain: it sits down");
        assert_eq!(waiter.one_wait().granted, None, "and waits again");
    }
    let_go(guard);
    let Poll::Ready(guard) = waiter.poll(&mut waiting) else { panic!("it is free") };
    assert_eq!((waiter.waits().len(), waiter.holds().len()), (0, 1));
    waiter.within(|| drop(guard));

    let guard = held();
    let mut waiting = waiter.pending(mutex.lock());
    let_go(guard);
    let guard = held();
    assert!(waiter.poll(&mut waiting).is_pending());
    drop(waiting);
    let_go(guard);
    assert!(!mutex.locked());
    holder.is_clean();
    waiter.is_clean();
}

#[test]
fn waits_that_are_raced_for_leave_no_record() {
    const ROUNDS: u32 = 2_000;
    let tasks = [FakeTask::new(), FakeTask::new()];
    let mutex = Mutex::new(0);
    thread::scope(|scope| {
        for task in &tasks {
            let count = async {
                for _ in 0..ROUNDS {
                    *mutex.lock().await += 1;
                }
            };
            scope.spawn(|| task.within(|| block_on(count)));
        }
    });
    assert_eq!(mutex.into_inner(), 2 * ROUNDS);
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..ROUNDS).map(|_| oneshot::channel()).unzip();
    thread::scope(|scope| {
        let receive = async {
            for (number, receiver) in (0..).zip(receivers) {
                assert_eq!(receiver.await, Ok(number));
            }
        };
        scope.spawn(|| tasks[0].within(|| block_on(receive)));
        for (number, sender) in (0..).zip(senders) {
            sender.send(number).unwrap();
        }
    });
    for task in &tasks {
        task.is_clean();
    }
}
