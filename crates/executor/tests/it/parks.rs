//! When the loop waits, for how long, and when it only looks.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;

use corio_base::{Parked, Wait};
use corio_executor::cadence::POLLS_BETWEEN_LOOKS_MAX;
use corio_executor::{Executor, yield_now};

use crate::support::{FakePark, Slot, away, executor, park_that_wakes_twice, wait_in, wake};

#[test]
fn it_waits_for_ever_when_nothing_is_ready() {
    let (park, waits) = park_that_wakes_twice();
    let log = park.log.clone();
    Executor::new(park).block_on(waits);
    assert_eq!(*log.borrow(), [Wait::Forever; 3]);
}

#[test]
fn ready_futures_never_wait_or_look() {
    let (executor, parks) = executor();
    assert_eq!(executor.block_on(async { 1 }), 1);
    assert_eq!(executor.block_on(async { 2 }), 2);
    assert!(parks.borrow().is_empty());
}

#[test]
fn under_load_it_looks_after_so_many_polls() {
    let (executor, parks) = executor();
    // The first poll of all is no part of a turn.
    let polls = 10 * POLLS_BETWEEN_LOOKS_MAX + 1;
    executor.block_on(async {
        for _ in 0..polls {
            yield_now().await;
        }
    });
    assert_eq!(*parks.borrow(), [Wait::Poll; 10]);
}

#[test]
fn a_turn_that_has_begun_is_finished_before_the_look() {
    let slot = Slot::default();
    let polled = Rc::new(RefCell::new(0));
    let at_look = polled.clone();
    let park = FakePark::new().then(move |wait| {
        assert_eq!((wait, *at_look.borrow()), (Wait::Poll, 1000));
        Ok(Parked::default())
    });
    let log = park.log.clone();
    let executor = Executor::new(park);
    for _ in 0..1000 {
        let polled = polled.clone();
        drop(executor.spawn_local(async move {
            *polled.borrow_mut() += 1;
        }));
    }
    executor.block_on(async {
        yield_now().await;
    });
    assert_eq!(*log.borrow(), [Wait::Poll]);
    drop(slot);
}

#[test]
fn slow_polls_bring_the_looks_nearer() {
    // One look says that the polls took 1 ms each.
    let park = FakePark::new().then(|_| {
        Ok(Parked { events: 0, away_nanos: 1_000_000 * u64::from(POLLS_BETWEEN_LOOKS_MAX) })
    });
    let log = park.log.clone();
    Executor::new(park).block_on(async {
        for _ in 0..POLLS_BETWEEN_LOOKS_MAX + 10 {
            yield_now().await;
        }
    });
    assert!(log.borrow().len() >= 10, "{}", log.borrow().len());
}

#[test]
fn a_park_that_fails_is_reported_and_the_loop_goes_on() {
    let slot = Slot::default();
    let waking = slot.clone();
    let park =
        FakePark::new().then(|_| Err(io::Error::other("on purpose"))).then(move |_| wake(&waking));
    let log = park.log.clone();
    Executor::new(park).block_on(wait_in(slot));
    assert_eq!(*log.borrow(), [Wait::Forever; 2]);
}

/// A waker that panics in a park ends the wait for the loop, not the loop.
#[test]
fn a_park_that_panics_leaves_a_loop_that_can_wait_again() {
    let slot = Slot::default();
    let waking = slot.clone();
    let park = FakePark::new().then(|_| panic!("in a foreign waker")).then(move |_| wake(&waking));
    let log = park.log.clone();
    let executor = Executor::new(park);
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        executor.block_on(std::future::pending::<()>());
    }));
    assert!(caught.is_err());
    assert_eq!(executor.core().tasks(), 0, "the future was taken back");
    // Were the loop still asleep in its own eyes, it would spin here and never park.
    executor.block_on(wait_in(slot));
    assert_eq!(*log.borrow(), [Wait::Forever; 2]);
}

/// Deliveries that poll nothing count as well: a flood of them must not keep the loop from looking.
#[test]
fn deliveries_bring_the_look_nearer() {
    let (executor, parks) = executor();
    let handle = executor.handle();
    let slot = Slot::default();
    let ended = executor.spawn_local(wait_in(slot.clone()));
    executor.block_on(yield_now());
    let task = ended.task();
    // Aborts of a task that has ended: mail that polls nothing.
    ended.abort();
    executor.block_on(async {
        yield_now().await;
        for _ in 0..10 {
            away(|| (0..POLLS_BETWEEN_LOOKS_MAX).for_each(|_| task.abort()));
            yield_now().await;
        }
    });
    assert!(parks.borrow().len() >= 9, "{} looks", parks.borrow().len());
    drop(handle);
}

#[test]
fn a_delivery_in_the_last_moment_keeps_the_loop_awake() {
    let (executor, parks) = executor();
    let handle = executor.handle();
    // Delivered during the poll after which nothing is ready.
    let joined = executor.block_on(async {
        let handle = away(|| handle.spawn(async { 5 }));
        handle.await.unwrap()
    });
    assert_eq!(joined, 5);
    assert!(parks.borrow().is_empty());
}

#[test]
fn one_unpark_for_many_deliveries() {
    let unparks = Rc::new(RefCell::new(0));
    let park = FakePark::new();
    let counted = park.unparks.clone();
    let seen = unparks.clone();
    let slot: Rc<RefCell<Option<corio_executor::Handle>>> = Rc::default();
    let found = slot.clone();
    let root = Slot::default();
    let waking = root.clone();
    let before = counted.clone();
    let park = park
        .then(move |_| {
            let handle = found.borrow_mut().take().unwrap();
            away(move || (0..100).for_each(|_| drop(handle.spawn(async {}))));
            *seen.borrow_mut() = before.count();
            Ok(Parked::default())
        })
        .then(move |_| wake(&waking));
    let executor = Executor::new(park);
    *slot.borrow_mut() = Some(executor.handle());
    executor.block_on(wait_in(root));
    assert_eq!(*unparks.borrow(), 1, "the loop was asleep: the first one wakes it");
    // While it runs, or does not wait, nobody unparks it.
    let handle = executor.handle();
    away(move || (0..100).for_each(|_| drop(handle.spawn(async {}))));
    assert_eq!(counted.count(), 1);
}
