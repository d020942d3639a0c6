//! Wakers and values that misbehave: they panic where nobody expects it, or come back to the
//! primitive that runs them. Whatever they do, nothing is lost to the others.

use std::cell::RefCell;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Wake, Waker};

use corio_base::park::block_on;
use corio_sync::{
    Barrier, CapacityLimiter, Condition, Event, Lock, Mutex, Notify, OnceCell, PriorityQueue,
    Queue, RwLock, Semaphore, broadcast, channel, mpsc, oneshot,
};

use crate::util::{Polled, waiting};

/// What a hostile waker does. For one thread, which outlives all wakers of it.
struct Hostile<'a> {
    on_clone: RefCell<Option<Box<dyn FnOnce() + 'a>>>,
    panics_in: &'static str,
}

const TABLE: RawWakerVTable = RawWakerVTable::new(
    |data| {
        let hostile = hostile(data);
        let on_clone = hostile.on_clone.borrow_mut().take();
        if let Some(on_clone) = on_clone {
            on_clone();
        }
        act(hostile, "clone");
        RawWaker::new(data, &TABLE)
    },
    |data| act(hostile(data), "wake"),
    |data| act(hostile(data), "wake"),
    |data| act(hostile(data), "drop"),
);

fn hostile<'a>(data: *const ()) -> &'a Hostile<'a> {
    #[expect(unsafe_code, reason = "a waker's data is a bare pointer")]
    // SAFETY: `with_hostile` keeps it alive and on its thread.
    unsafe {
        &*data.cast::<Hostile<'a>>()
    }
}

fn act(hostile: &Hostile<'_>, at: &str) {
    assert!(hostile.panics_in != at, "a waker panics on purpose in {at}");
}

/// Calls `test` with a waker that calls `on_clone` when it is cloned first, and panics in each
/// `panics_in`.
fn with_hostile<'a, R>(
    panics_in: &'static str,
    on_clone: impl FnOnce() + 'a,
    test: impl FnOnce(&Waker) -> R,
) -> R {
    let hostile = Hostile { on_clone: RefCell::new(Some(Box::new(on_clone))), panics_in };
    let raw = RawWaker::new((&raw const hostile).cast(), &TABLE);
    #[expect(unsafe_code, reason = "a waker's data is a bare pointer")]
    // SAFETY: the tests let no clone out of `test`, and the waker itself is not dropped.
    let waker = std::mem::ManuallyDrop::new(unsafe { Waker::from_raw(raw) });
    test(&waker)
}

/// Polls `future` once. `give` makes ready what it waits for after it has looked for the first time;
/// so it takes that under the lock, with a waker that it does not need.
#[track_caller]
fn takes_in_spite_of_a_dropped_waker<F: Future>(future: F, give: impl FnOnce()) -> F::Output {
    with_hostile("drop", give, |waker| match pin!(future).poll(&mut Context::from_waker(waker)) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it is there"),
    })
}

#[test]
fn a_waker_that_panics_when_it_is_dropped_takes_no_grant_with_it() {
    let mutex = Mutex::new(());
    let held = mutex.try_lock().unwrap();
    drop(takes_in_spite_of_a_dropped_waker(mutex.lock(), || drop(held)));
    assert!(!mutex.locked());

    let lock = Lock::new();
    let held = lock.try_lock().unwrap();
    drop(takes_in_spite_of_a_dropped_waker(lock.lock(), || drop(held)));
    assert!(!lock.locked());

    let semaphore = Semaphore::new(0);
    let permit =
        takes_in_spite_of_a_dropped_waker(semaphore.acquire_many(2), || semaphore.add_permits(2));
    drop(permit);
    assert_eq!(semaphore.available_permits(), 2);

    let rw_lock = RwLock::new(());
    let held = rw_lock.try_read().unwrap();
    drop(takes_in_spite_of_a_dropped_waker(rw_lock.write(), || drop(held)));
    assert!(rw_lock.try_write().is_ok());

    let limiter = CapacityLimiter::new(1);
    drop(takes_in_spite_of_a_dropped_waker(limiter.acquire(), || {}));
    assert_eq!(limiter.available_tokens(), 1);

    let queue = Queue::unbounded();
    let got = takes_in_spite_of_a_dropped_waker(queue.get(), || queue.try_put(7).unwrap());
    assert_eq!(got, Ok(7));

    let (sender, receiver) = channel::bounded(1);
    let got = takes_in_spite_of_a_dropped_waker(receiver.recv(), || sender.try_send(7).unwrap());
    assert_eq!(got, Ok(7));

    let barrier = Barrier::new(1);
    assert_eq!(takes_in_spite_of_a_dropped_waker(barrier.wait(), || {}).unwrap().index(), 0);
}

#[test]
fn a_waker_that_panics_when_it_leaves_the_seat_leaves_the_mutex_usable() {
    let mutex = Mutex::new(());
    for panics_in in ["clone", "drop", "wake"] {
        let held = mutex.try_lock().unwrap();
        let mut first = waiting(mutex.lock());
        drop(held);
        // Woken in vain, it sits down with the hostile waker.
        let held = mutex.try_lock().unwrap();
        with_hostile(
            panics_in,
            || {},
            |waker| {
                let _ = catch_unwind(AssertUnwindSafe(|| first.poll_with(waker).is_pending()));
                let _ = catch_unwind(AssertUnwindSafe(|| first.poll().is_pending()));
                let _ = catch_unwind(AssertUnwindSafe(|| first.poll_with(waker).is_pending()));
                let mut second = waiting(mutex.lock());
                drop(held);
                let _ = catch_unwind(AssertUnwindSafe(|| drop(first)));
                drop(second.ready());
            },
        );
        assert!(!mutex.locked(), "{panics_in}");
    }
}

#[test]
fn a_waker_that_panics_when_it_is_cloned_leaves_no_trace() {
    fn try_it<F: Future>(future: F) {
        with_hostile(
            "clone",
            || {},
            |waker| {
                let mut future = Box::pin(future);
                let poll = catch_unwind(AssertUnwindSafe(|| {
                    future.as_mut().poll(&mut Context::from_waker(waker))
                }));
                assert!(poll.is_err(), "it needs the waker");
            },
        );
    }
    let (mutex, lock, semaphore, notify) =
        (Mutex::new(()), Lock::new(), Semaphore::new(1), Notify::new());
    let held =
        (mutex.try_lock().unwrap(), lock.try_lock().unwrap(), semaphore.try_acquire().unwrap());
    try_it(mutex.lock());
    try_it(lock.lock());
    try_it(semaphore.acquire());
    try_it(notify.notified());
    drop(held);
    assert!(!mutex.locked() && !lock.locked() && !semaphore.locked());
    assert_eq!(format!("{notify:?}"), "Notify [idle]");

    let (queue, event, barrier, cell) =
        (Queue::<u8>::unbounded(), Event::new(), Barrier::new(2), OnceCell::<u8>::new());
    try_it(queue.get());
    try_it(event.wait());
    try_it(barrier.wait());
    try_it(cell.wait());
    assert_eq!(
        format!("{queue:?} {event:?} {barrier:?}"),
        "Queue [maxsize:0] Event [unset] Barrier [filling, waiters:0/2]"
    );

    let condition = Condition::new();
    try_it(condition.wait(mutex.try_lock().unwrap()));
    assert!(!mutex.locked(), "the guard went with the future");
    assert_eq!(condition.waiters(), 0);

    let (sender, mut receiver) = mpsc::channel::<u8>(1);
    try_it(receiver.recv());
    sender.try_send(1).unwrap();
    try_it(sender.send(2));
    assert_eq!(receiver.try_recv(), Ok(1));
    assert_eq!(sender.capacity(), 1);
    let (sender, mut receiver) = oneshot::channel::<u8>();
    try_it(&mut receiver);
    sender.send(3).unwrap();
    assert_eq!(receiver.try_recv(), Ok(3));
}

/// Calls what it has when it is woken.
struct Calls<F>(F);

impl<F: Fn() + Send + Sync> Wake for Calls<F> {
    fn wake(self: Arc<Self>) {
        self.0();
    }
}

#[test]
fn who_is_woken_with_all_can_notify_one() {
    static NOTIFY: Notify = Notify::new();
    let waker = Waker::from(Arc::new(Calls(|| NOTIFY.notify_one())));
    let mut first = Polled::new(NOTIFY.notified());
    assert!(first.poll_with(&waker).is_pending());
    let mut second = waiting(NOTIFY.notified());
    NOTIFY.notify_waiters();
    first.ready();
    second.ready();
    assert_eq!(format!("{NOTIFY:?}"), "Notify [notified]", "all waited no more, so it was kept");
}

#[test]
fn wakers_that_come_back_find_no_lock_held() {
    static QUEUE: Queue<u8> = Queue::bounded(1);
    static SEMAPHORE: Semaphore = Semaphore::new(0);
    static EVENT: Event = Event::new();
    static CELL: OnceCell<u8> = OnceCell::new();
    let waker = Waker::from(Arc::new(Calls(|| {
        let _ = format!("{QUEUE:?} {SEMAPHORE:?} {EVENT:?} {CELL:?}");
        drop(SEMAPHORE.try_acquire());
        drop(waiting_or_ready(QUEUE.get()));
        drop(waiting_or_ready(EVENT.wait()));
        drop(waiting_or_ready(CELL.wait()));
    })));
    let mut pending = (
        Box::pin(QUEUE.get()),
        Box::pin(SEMAPHORE.acquire()),
        Box::pin(EVENT.wait()),
        Box::pin(CELL.wait()),
    );
    let context = &mut Context::from_waker(&waker);
    assert!(pending.0.as_mut().poll(context).is_pending());
    assert!(pending.1.as_mut().poll(context).is_pending());
    assert!(pending.2.as_mut().poll(context).is_pending());
    assert!(pending.3.as_mut().poll(context).is_pending());
    QUEUE.try_put(1).unwrap();
    SEMAPHORE.add_permits(1);
    EVENT.set();
    CELL.set(1).unwrap();
    SEMAPHORE.close();
    QUEUE.shutdown(true);
}

fn waiting_or_ready<F: Future>(future: F) -> Polled<F> {
    let mut polled = Polled::new(future);
    let _ = polled.poll();
    polled
}

#[test]
fn a_send_that_is_polled_too_often_leaves_the_channel_usable() {
    let (sender, mut receiver) = mpsc::channel(2);
    // The first send makes the ring and gets a ration, so that the next one is done at once.
    Polled::new(sender.send(0)).ready().unwrap();
    assert_eq!(receiver.try_recv(), Ok(0));
    let mut sending = Polled::new(sender.send(1));
    sending.ready().unwrap();
    for _ in 0..2 {
        assert!(catch_unwind(AssertUnwindSafe(|| sending.poll().is_ready())).is_err());
    }
    assert_eq!((receiver.try_recv(), receiver.is_empty()), (Ok(1), true));
    assert_eq!(sender.capacity(), 2);
}

/// Counts its drops, and the first of a count panics.
struct Bomb<'a>(&'a AtomicUsize);

impl Drop for Bomb<'_> {
    fn drop(&mut self) {
        assert!(self.0.fetch_add(1, Ordering::SeqCst) != 0, "a value panics on purpose");
    }
}

#[test]
fn a_value_that_panics_when_it_is_dropped_keeps_no_other_from_it() {
    let drops = AtomicUsize::new(0);
    let (sender, receiver) = mpsc::channel(4);
    (0..4).for_each(|_| sender.try_send(Bomb(&drops)).unwrap());
    assert!(catch_unwind(AssertUnwindSafe(|| drop(receiver))).is_err());
    assert_eq!(drops.load(Ordering::SeqCst), 4);
    assert!(sender.is_closed());

    let drops = AtomicUsize::new(0);
    let (sender, receiver) = broadcast::channel(4);
    for _ in 0..4 {
        assert!(sender.send(Arc::new(Bomb(&drops))).is_ok());
    }
    assert!(catch_unwind(AssertUnwindSafe(|| drop(receiver))).is_err());
    assert_eq!(drops.load(Ordering::SeqCst), 4);
    assert!(sender.is_closed());

    let drops = AtomicUsize::new(0);
    let queue = Queue::unbounded();
    (0..4).for_each(|_| assert!(queue.try_put(Bomb(&drops)).is_ok()));
    let mut joined = waiting(queue.join());
    assert!(catch_unwind(AssertUnwindSafe(|| queue.shutdown(true))).is_err());
    assert_eq!(drops.load(Ordering::SeqCst), 4);
    joined.ready();

    let drops = AtomicUsize::new(0);
    let (sender, receiver) = oneshot::channel();
    assert!(sender.send(Bomb(&drops)).is_ok());
    assert!(catch_unwind(AssertUnwindSafe(|| drop(receiver))).is_err());
    assert_eq!(drops.load(Ordering::SeqCst), 1);
}

/// Panics when it is compared with 13.
#[derive(Debug, PartialEq, Eq)]
struct Touchy(u32);

impl PartialOrd for Touchy {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Touchy {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        assert!(self.0 != 13 || other.0 == 1, "an item panics on purpose");
        self.0.cmp(&other.0)
    }
}

#[test]
fn a_comparison_that_panics_leaves_no_putter_beside_the_room() {
    let queue = PriorityQueue::bounded(3);
    for item in [1, 13, 14] {
        queue.try_put(Touchy(item)).unwrap();
    }
    let mut putter = waiting(queue.put(Touchy(2)));
    assert!(catch_unwind(AssertUnwindSafe(|| queue.try_get())).is_err());
    assert!(!queue.is_full(), "the item is lost, its place is not");
    assert_eq!(putter.wakes(), 1);
    let _ = catch_unwind(AssertUnwindSafe(|| putter.poll().is_ready()));
    assert!(queue.is_full());
}

#[test]
fn a_thread_that_ends_still_has_channels() {
    struct AtTheEnd(RefCell<Vec<oneshot::Sender<u8>>>);
    impl Drop for AtTheEnd {
        fn drop(&mut self) {
            for sender in self.0.take() {
                // Of some the receiver is gone: then this frees the block.
                let _ = sender.send(1);
            }
            let (sender, receiver) = oneshot::channel();
            sender.send(2).unwrap();
            assert_eq!(block_on(receiver), Ok(2));
        }
    }
    std::thread_local! {
        static EARLY: AtTheEnd = const { AtTheEnd(RefCell::new(Vec::new())) };
        static LATE: AtTheEnd = const { AtTheEnd(RefCell::new(Vec::new())) };
    }
    let receivers = std::thread::spawn(|| {
        // Before and after the first channel of the thread, so that one ends after its blocks have.
        EARLY.with(|_| {});
        let (senders, receivers): (Vec<_>, Vec<_>) = (0..200).map(|_| oneshot::channel()).unzip();
        LATE.with(|late| late.0.borrow_mut().extend(senders));
        let (senders, more): (Vec<_>, Vec<_>) = (0..200).map(|_| oneshot::channel()).unzip();
        EARLY.with(|early| early.0.borrow_mut().extend(senders));
        drop(more);
        receivers
    })
    .join();
    for receiver in receivers.into_iter().flatten() {
        assert_eq!(block_on(receiver), Ok(1));
    }
}
