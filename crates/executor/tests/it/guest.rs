//! The loop as a plain future in an executor that the test is.

use std::cell::{Cell, RefCell};
use std::future::{pending, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use corio_executor::{Guest, current, yield_now};
use corio_trace::recent;

use crate::alone::alone;
use crate::support::{Drops, Wakes, away, wait_in};

fn poll<F: Future>(future: &mut Pin<&mut F>, waker: &Waker) -> Poll<F::Output> {
    future.as_mut().poll(&mut Context::from_waker(waker))
}

#[test]
fn it_runs_its_tasks_while_the_host_polls() {
    let guest = Guest::new();
    let handle = guest.spawn_local(async {
        yield_now().await;
        7
    });
    let (wakes, waker) = Wakes::new();
    let mut run = pin!(guest.run(handle));
    assert!(poll(&mut run, &waker).is_pending(), "the host's future is polled first");
    assert_eq!(wakes.count(), 1, "and woken by the end of the task");
    let Poll::Ready(output) = poll(&mut run, &waker) else { panic!("ended") };
    assert_eq!(output.unwrap(), 7);
}

/// In debug mode a poll is taken to begin where the one before it ended.
#[test]
fn what_the_host_s_future_takes_is_no_task_s() {
    alone("guest::what_the_host_s_future_takes_is_no_task_s", || {
        const BLOCKS: Duration = Duration::from_millis(300);
        corio_trace::set_enabled(true);
        let guest = Guest::new();
        let handle = guest.spawn_local(async {});
        let id = handle.task().id();
        let (_, waker) = Wakes::new();
        let mut blocks = true;
        let mut run = pin!(guest.run(poll_fn(|_| {
            if std::mem::take(&mut blocks) {
                // It is the blocking itself that counts.
                std::thread::sleep(BLOCKS);
            }
            Poll::<()>::Pending
        })));
        assert!(poll(&mut run, &waker).is_pending());
        assert!(handle.is_finished());
        let slow = recent::slow_polls().into_iter().find(|slow| slow.task == Some(id));
        assert!(slow.is_none_or(|slow| slow.took < BLOCKS), "a poll of no length took it all");
    });
}

#[test]
fn at_rest_it_wakes_nobody() {
    let guest = Guest::new();
    drop(guest.spawn_local(pending::<()>()));
    let (wakes, waker) = Wakes::new();
    let mut run = pin!(guest.run(pending::<()>()));
    assert!(poll(&mut run, &waker).is_pending());
    assert_eq!(wakes.count(), 0);
}

#[test]
fn a_visit_polls_so_many_and_asks_for_another() {
    let guest = Guest::new();
    let polls = Rc::new(Cell::new(0));
    for _ in 0..1000 {
        let polls = polls.clone();
        drop(guest.spawn_local(async move { polls.set(polls.get() + 1) }));
    }
    let (wakes, waker) = Wakes::new();
    let mut run = pin!(guest.run(pending::<()>()));
    for visit in 1..=7 {
        assert!(poll(&mut run, &waker).is_pending());
        assert_eq!((polls.get(), wakes.count()), (128 * visit, visit));
    }
    assert!(poll(&mut run, &waker).is_pending());
    assert_eq!((polls.get(), wakes.count()), (1000, 7), "and then it rests");
}

#[test]
fn one_task_that_never_rests_does_not_keep_the_host() {
    let guest = Guest::new();
    let polls = Rc::new(Cell::new(0));
    let seen = polls.clone();
    drop(guest.spawn_local(poll_fn(move |context| {
        seen.set(seen.get() + 1);
        context.waker().wake_by_ref();
        Poll::<()>::Pending
    })));
    let (wakes, waker) = Wakes::new();
    let mut run = pin!(guest.run(pending::<()>()));
    assert!(poll(&mut run, &waker).is_pending());
    assert_eq!((polls.get(), wakes.count()), (128, 1));
}

/// A task is woken by `wake` while the host runs something else.
fn is_woken(wake: impl FnOnce(Waker)) {
    let guest = Guest::new();
    let slot = Rc::new(RefCell::new(None));
    let handle = guest.spawn_local(wait_in(slot.clone()));
    let (wakes, waker) = Wakes::new();
    let mut run = pin!(guest.run(handle));
    assert!(poll(&mut run, &waker).is_pending());
    assert_eq!(wakes.count(), 0);
    wake(slot.take().unwrap());
    assert_eq!(wakes.count(), 1, "the host learns of it");
    assert!(poll(&mut run, &waker).is_pending());
    assert!(poll(&mut run, &waker).is_ready());
}

#[test]
fn a_wake_on_its_thread_while_the_host_runs_something_else() {
    is_woken(Waker::wake);
}

#[test]
fn a_wake_from_another_thread() {
    is_woken(|waker| away(move || waker.wake()));
}

#[test]
fn spawned_from_another_thread() {
    let guest = Guest::new();
    let (wakes, waker) = Wakes::new();
    let ran = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let mut run = pin!(guest.run(pending::<()>()));
    assert!(poll(&mut run, &waker).is_pending());
    let (handle, seen) = (guest.handle(), ran.clone());
    away(move || {
        for _ in 0..10 {
            let seen = seen.clone();
            drop(handle.spawn(async move {
                seen.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            }));
        }
    });
    assert_eq!(wakes.count(), 1, "one for all of them");
    assert!(poll(&mut run, &waker).is_pending());
    assert_eq!(ran.load(std::sync::atomic::Ordering::Relaxed), 10);
}

#[test]
fn its_host_may_change_its_waker() {
    let guest = Guest::new();
    let slot = Rc::new(RefCell::new(None));
    let handle = guest.spawn_local(wait_in(slot.clone()));
    let (first, one) = Wakes::new();
    let (second, two) = Wakes::new();
    let mut run = pin!(guest.run(handle));
    assert!(poll(&mut run, &one).is_pending());
    assert!(poll(&mut run, &two).is_pending());
    slot.borrow_mut().take().unwrap().wake();
    assert_eq!((first.count(), second.count()), (0, 1));
    drop(one);
    assert_eq!(Arc::strong_count(&first), 1);
}

/// The run is a future like any other: dropped, and begun anew, it goes on where it was.
#[test]
fn a_run_dropped_leaves_the_tasks_to_the_next() {
    let guest = Guest::new();
    let (slot, done) = (Rc::new(RefCell::new(None)), Rc::new(Cell::new(false)));
    let (left, seen) = (slot.clone(), done.clone());
    drop(guest.spawn_local(async move {
        wait_in(left).await;
        seen.set(true);
    }));
    let (wakes, waker) = Wakes::new();
    assert!(poll(&mut pin!(guest.run(pending::<()>())), &waker).is_pending());
    slot.borrow_mut().take().unwrap().wake();
    assert_eq!(wakes.count(), 1);
    assert!(!done.get());
    assert!(poll(&mut pin!(guest.run(pending::<()>())), &waker).is_pending());
    assert!(done.get());
}

/// A panic of the host's future goes to the host, and leaves a loop that can be run again.
#[test]
fn a_panic_of_the_hosts_future() {
    let guest = Guest::new();
    let slot = Rc::new(RefCell::new(None));
    let ended = guest.spawn_local(wait_in(slot.clone()));
    let (_, waker) = Wakes::new();
    assert!(poll(&mut pin!(guest.run(pending::<()>())), &waker).is_pending());
    {
        let mut run = pin!(guest.run(async { panic!("the host's") }));
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _: Poll<()> = poll(&mut run, &waker);
        }));
        assert!(caught.is_err());
    }
    slot.borrow_mut().take().unwrap().wake();
    let mut run = pin!(guest.run(ended));
    assert!(poll(&mut run, &waker).is_pending());
    assert!(poll(&mut run, &waker).is_ready());
}

/// There is one place for a host's waker: of two runs one would never be told.
#[test]
#[should_panic(expected = "run by one future at a time")]
fn a_second_run_beside_the_first_is_refused() {
    let guest = Guest::new();
    let (_, waker) = Wakes::new();
    let mut first = pin!(guest.run(pending::<()>()));
    assert!(poll(&mut first, &waker).is_pending());
    let _ = poll(&mut pin!(guest.run(pending::<()>())), &waker);
}

#[test]
fn it_is_current_while_it_is_visited_and_no_longer() {
    let guest = Guest::new();
    assert!(current().is_none());
    let (_, waker) = Wakes::new();
    let inside = poll_fn(|_| Poll::Ready(current().is_some()));
    assert!(matches!(poll(&mut pin!(guest.run(inside)), &waker), Poll::Ready(true)));
    assert!(current().is_none());
}

#[test]
fn two_guests_side_by_side() {
    let (one, two) = (Guest::new(), Guest::new());
    let (wakes, waker) = Wakes::new();
    let slot = Rc::new(RefCell::new(None));
    let (inner, found) = (slot.clone(), slot);
    let first = one.spawn_local(wait_in(inner));
    let second = two.spawn_local(async move {
        yield_now().await;
        // Wakes a task of the other one, whose host is somewhere else.
        found.borrow_mut().take().unwrap().wake();
    });
    let mut run_one = pin!(one.run(first));
    let mut run_two = pin!(two.run(second));
    let mut turns = 0;
    let (mut one_done, mut two_done) = (false, false);
    while !(one_done && two_done) {
        let before = wakes.count();
        one_done = one_done || poll(&mut run_one, &waker).is_ready();
        two_done = two_done || poll(&mut run_two, &waker).is_ready();
        turns += 1;
        assert!(turns < 10 && (one_done && two_done || wakes.count() > before), "at a halt");
    }
}

#[test]
fn dropped_it_ends_its_tasks_and_lets_its_host_go() {
    let guest = Guest::new();
    let drops = Drops::new();
    let counted = drops.counted();
    let handle = guest.spawn_local(async move {
        let _counted = counted;
        pending::<()>().await;
    });
    let far = guest.handle();
    let (wakes, waker) = Wakes::new();
    assert!(poll(&mut pin!(guest.run(pending::<()>())), &waker).is_pending());
    drop(guest);
    drops.assert(1);
    drop(waker);
    assert_eq!(Arc::strong_count(&wakes), 1, "no waker of the host is left in a handle's reach");
    drop((handle, far));
}
