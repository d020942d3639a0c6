//! Futures and guards that are leaked in the midst of their wait: what they wait in goes on working,
//! and can be dropped.

use std::future::Future;
use std::mem;

use corio_sync::{
    Barrier, CapacityLimiter, Condition, Event, Lock, Mutex, Notify, OnceCell, Queue, RwLock,
    Semaphore, broadcast, channel, mpsc, oneshot, watch,
};

use crate::util::{keep_for_ever, waiting};

/// Leaves `future` waiting for ever.
#[track_caller]
fn leak<F: Future>(future: F) {
    waiting(future).keep();
}

#[test]
fn in_a_queue() {
    let (semaphore, rw_lock, lock) = (Semaphore::new(1), RwLock::new(1), Lock::new());
    let held =
        (semaphore.try_acquire().unwrap(), rw_lock.try_read().unwrap(), lock.try_lock().unwrap());
    leak(semaphore.acquire_many(2));
    leak(rw_lock.write());
    leak(lock.lock());
    drop(held);
    // The lock was granted to the leaked future, the others still wait for what it wants.
    assert!(lock.locked() && semaphore.locked());
    drop(waiting(semaphore.acquire()));
    semaphore.close();
    assert!(semaphore.try_acquire().is_err());
    assert_eq!(rw_lock.into_inner(), 1);

    let event = Event::new();
    leak(event.wait());
    let mut other = waiting(event.wait());
    event.set();
    other.ready();

    let (barrier, limiter) = (Barrier::new(3), CapacityLimiter::new(0));
    leak(barrier.wait());
    leak(limiter.acquire());
    barrier.abort();
    limiter.set_total_tokens(2);
    assert_eq!(limiter.borrowed_tokens(), 1);

    let queue = Queue::bounded(1);
    leak(queue.get());
    leak(queue.join_after_put());
    queue.shutdown(true);

    let mut cell = OnceCell::<u8>::new();
    leak(cell.wait());
    leak(cell.get_or_init(std::future::pending));
    leak(cell.get_or_init(|| async { 1 }));
    assert!(cell.set(2).is_err(), "the leaked initialiser is at work");
    assert_eq!(cell.take(), None);
    cell.set(3).unwrap();
    assert_eq!(cell.take(), Some(3));
}

trait JoinAfterPut {
    fn join_after_put(&self) -> impl Future<Output = ()>;
}

impl JoinAfterPut for Queue<u8> {
    fn join_after_put(&self) -> impl Future<Output = ()> {
        self.try_put(1).unwrap();
        self.join()
    }
}

#[test]
fn in_a_seat() {
    let mut notify = Notify::new();
    leak(notify.notified());
    // Moved, with an address of what was leaked in it.
    notify = mem::take(&mut notify);
    notify.notify_one();
    notify.notify_one();
    assert_eq!(format!("{notify:?}"), "Notify [notified]", "the first went to the leaked one");

    let mut notify = Box::new(Notify::new());
    leak(notify.notified());
    leak(notify.notified());
    let moved = mem::take(&mut *notify);
    drop(notify);
    moved.notify_waiters();

    let mutex = Mutex::new(1);
    let held = mutex.try_lock().unwrap();
    let mut waiter = waiting(mutex.lock());
    drop(held);
    let held = mutex.try_lock().unwrap();
    assert!(waiter.poll().is_pending(), "in the seat");
    waiter.keep();
    drop(held);
    *mutex.try_lock().unwrap() += 1;
    assert_eq!(mutex.into_inner(), 2);
}

#[test]
fn guards() {
    let (mutex, rw_lock, condition) = (Mutex::new(1), RwLock::new(1), Condition::new());
    leak(condition.wait(mutex.try_lock().unwrap()));
    assert_eq!(condition.notify_all(), 1);
    mem::forget(mutex.try_lock().unwrap());
    mem::forget(rw_lock.try_write().unwrap());
    drop(waiting(mutex.lock()));
    drop(waiting(rw_lock.read()));
    assert_eq!(mutex.into_inner() + rw_lock.into_inner(), 2);
}

#[test]
fn in_a_channel() {
    let (sender, mut receiver) = mpsc::channel(1);
    sender.try_send(1).unwrap();
    leak(sender.send(2));
    leak(sender.reserve());
    leak(sender.closed());
    assert_eq!(receiver.try_recv(), Ok(1));
    receiver.close();
    // The place went to the leaked one, so the end never comes.
    leak(receiver.recv());
    drop(receiver);
    drop(sender);

    let (sender, receiver) = channel::bounded(1);
    leak(receiver.recv());
    let mut other = waiting(receiver.recv());
    sender.try_send(1).unwrap();
    assert!(other.poll().is_pending(), "the leaked one was called");
    assert_eq!(receiver.try_recv(), Ok(1));

    let (sender, mut receiver) = oneshot::channel::<u8>();
    assert!(waiting(&mut receiver).poll().is_pending());
    keep_for_ever(receiver);
    sender.send(1).unwrap();

    let (sender, mut receiver) = broadcast::channel(1);
    leak(receiver.recv());
    assert_eq!(sender.send(String::from("one")), Ok(1));
    assert_eq!(receiver.try_recv().as_deref(), Ok("one"));

    let (sender, mut receiver) = watch::channel(0);
    leak(receiver.changed());
    leak(sender.closed());
    sender.send(1).unwrap();
    assert_eq!(*receiver.borrow_and_update(), 1);
}
