//! Models of the wait list and of what is made of permits: no grant is lost, none is given twice.
#![cfg(loom)]

#[path = "loom/barrier.rs"]
mod barrier;
#[path = "loom/capacity_limiter.rs"]
mod capacity_limiter;
#[path = "loom/channels.rs"]
mod channels;
#[path = "loom/condition.rs"]
mod condition;
#[path = "loom/event.rs"]
mod event;
#[path = "loom/mutex.rs"]
mod mutex;
#[path = "loom/notify.rs"]
mod notify;
#[path = "loom/once_cell.rs"]
mod once_cell;
#[path = "loom/queue.rs"]
mod queue;
#[path = "loom/rw_lock.rs"]
mod rw_lock;
#[path = "loom/support.rs"]
mod support;

use std::future::Future;
use std::panic::Location;
use std::pin::{Pin, pin};
use std::sync::Arc as StdArc;
use std::sync::atomic::AtomicUsize as StdUsize;
use std::task::{Context, Poll, Waker};

use corio_base::loom::sync::Arc;
use corio_base::loom::sync::atomic::{AtomicUsize, Ordering};
use corio_base::loom::thread;
use corio_sync::wait_list::{Decision, Rules, Section, Wait, WaitList};
use corio_sync::{Lock, Semaphore};
use corio_trace::WaitKind;

use support::{block_on, wakes};

/// An event: its word says whether it is set, grants carry a number, what nobody took is counted.
struct Word {
    set: AtomicUsize,
    passed_on: StdUsize,
}

impl Rules for Word {
    type Data = ();
    type Slot = u32;

    fn kind(&self) -> WaitKind {
        WaitKind::Event
    }

    fn left(_: &mut Section<'_, Self>, _: &mut u32) {}

    fn pass_on(list: &WaitList<Self>, slot: u32) {
        assert_eq!(slot, GRANT);
        list.rules().passed_on.fetch_add(1, Ordering::SeqCst);
    }
}

type List = WaitList<Word>;

/// What a grant carries.
const GRANT: u32 = 7;

fn list() -> Arc<List> {
    let word = Word { set: AtomicUsize::new(0), passed_on: StdUsize::new(0) };
    Arc::new(WaitList::new(word, ()))
}

fn poll(wait: Pin<&mut Wait<'_, Word>>, waker: &Waker) -> Poll<u32> {
    // Relaxed: the lock has to carry it.
    wait.poll(&Context::from_waker(waker), |section| {
        match section.rules().set.load(Ordering::Relaxed) {
            0 => Decision::Wait { lane: 0, slot: 0 },
            _ => Decision::Done(GRANT),
        }
    })
}

fn set_and_grant_all(list: &Arc<List>) -> thread::JoinHandle<usize> {
    let list = Arc::clone(list);
    thread::spawn(move || {
        list.rules().set.store(1, Ordering::Relaxed);
        list.lock().grant_all(0, |slot| *slot = GRANT)
    })
}

/// Everybody is told at the moment somebody comes: the newcomer sees it or is woken.
#[test]
fn grant_all_against_enqueue() {
    loom::model(|| {
        let list = list();
        let (count, waker) = wakes();
        let other = set_and_grant_all(&list);
        let mut wait = pin!(Wait::new(&*list, Location::caller()));
        let first = poll(wait.as_mut(), &waker);
        other.join().unwrap();
        if first.is_pending() {
            assert_eq!(count.count(), 1, "neither seen nor woken");
            assert_eq!(poll(wait.as_mut(), &waker), Poll::Ready(GRANT));
        } else {
            assert_eq!(first, Poll::Ready(GRANT));
        }
        drop(waker);
        assert_eq!(StdArc::strong_count(&count), 1, "a waker is left");
    });
}

/// Granted while it is dropped: taken out, or passed on, never both and never neither.
#[test]
fn grant_against_drop() {
    loom::model(|| {
        let list = list();
        let (count, waker) = wakes();
        let granted = {
            let mut wait = Box::pin(Wait::new(&*list, Location::caller()));
            assert!(poll(wait.as_mut(), &waker).is_pending());
            let other = set_and_grant_all(&list);
            drop(wait);
            other.join().unwrap()
        };
        let passed_on = list.rules().passed_on.load(Ordering::SeqCst);
        assert_eq!(granted, passed_on);
        drop(waker);
        assert_eq!(StdArc::strong_count(&count), 1, "a waker is left");
    });
}

/// Granted while it is polled with another waker: seen, or that waker is woken.
#[test]
fn grant_against_another_waker() {
    loom::model(|| {
        let list = list();
        let (_, one) = wakes();
        let (count, two) = wakes();
        let mut wait = pin!(Wait::new(&*list, Location::caller()));
        assert!(poll(wait.as_mut(), &one).is_pending());
        let other = set_and_grant_all(&list);
        let again = poll(wait.as_mut(), &two);
        assert_eq!(other.join().unwrap(), 1);
        if again.is_pending() {
            assert_eq!(count.count(), 1, "neither seen nor woken");
            assert_eq!(poll(wait.as_mut(), &two), Poll::Ready(GRANT));
        }
    });
}

/// Two in the list, one of them leaves while both are granted: the other is not touched by it.
#[test]
fn a_neighbour_leaves_while_all_are_granted() {
    loom::model(|| {
        let list = list();
        let (count, waker) = wakes();
        let mut stays = pin!(Wait::new(&*list, Location::caller()));
        let mut goes = Box::pin(Wait::new(&*list, Location::caller()));
        assert!(poll(goes.as_mut(), Waker::noop()).is_pending());
        assert!(poll(stays.as_mut(), &waker).is_pending());
        let other = set_and_grant_all(&list);
        drop(goes);
        let granted = other.join().unwrap();
        assert_eq!(granted, 1 + list.rules().passed_on.load(Ordering::SeqCst));
        assert_eq!(count.count(), 1);
        assert_eq!(poll(stays.as_mut(), &waker), Poll::Ready(GRANT));
    });
}

/// The lock goes from one to the next while the one in the middle gives up.
#[test]
fn lock_handover_against_cancel() {
    loom::model(|| {
        let lock = Arc::new(Lock::new());
        let guard = lock.try_lock().unwrap();
        let mut middle = Box::pin(lock.lock());
        let mut last = pin!(lock.lock());
        let (count, waker) = wakes();
        assert!(middle.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        assert!(last.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        let contender = {
            let lock = Arc::clone(&lock);
            thread::spawn(move || drop(block_on(lock.lock())))
        };
        drop(guard);
        drop(middle);
        assert_eq!(count.count(), 1, "the lock did not arrive");
        let last = last.as_mut().poll(&mut Context::from_waker(&waker));
        assert!(last.is_ready());
        drop(last);
        contender.join().unwrap();
        assert!(!lock.locked());
    });
}

/// A release crosses a waiter that comes and gives up: the permit is there in the end.
#[test]
fn release_against_enqueue_and_cancel() {
    loom::model(|| {
        let semaphore = Arc::new(Semaphore::new(0));
        let other = {
            let semaphore = Arc::clone(&semaphore);
            thread::spawn(move || semaphore.add_permits(1))
        };
        let mut acquire = Box::pin(semaphore.acquire());
        let poll = acquire.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        drop(acquire);
        drop(poll);
        other.join().unwrap();
        assert_eq!(semaphore.available_permits(), 1);
        drop(semaphore.try_acquire().expect("nobody waits"));
    });
}

/// Two threads lock by turns what only the lock guards.
#[test]
fn two_exclude_each_other() {
    loom::model(|| {
        let shared = Arc::new((Lock::new(), loom::cell::UnsafeCell::new(0)));
        let add = |shared: &(Lock, loom::cell::UnsafeCell<u32>)| {
            let _guard = block_on(shared.0.lock());
            // Loom checks that no other access is under way; the value is not touched.
            shared.1.with_mut(|_| ());
        };
        let other = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || add(&shared))
        };
        add(&shared);
        other.join().unwrap();
        assert!(!shared.0.locked());
    });
}
