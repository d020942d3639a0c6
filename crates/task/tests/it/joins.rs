//! The join handle: at home, from away, and moved between.

use std::cell::RefCell;
use std::future::pending;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;

use corio_task::{JoinHandle, Ran, Spawn};

use crate::support::{Door, Drops, Loop, Wakes, assert_send, away, poll_once};

#[test]
fn a_handle_is_as_send_as_its_output() {
    assert_send::<JoinHandle<String>>();
    assert!(size_of::<JoinHandle<[u8; 4096]>>() <= 24);
    assert_eq!(size_of::<corio_task::JoinError>(), size_of::<usize>());
}

#[test]
fn at_home_the_joiner_is_woken_in_the_turn_of_the_end_and_runs_in_the_next() {
    let l = Loop::new();
    let log = Rc::new(RefCell::new(Vec::new()));
    let (seen, also) = (log.clone(), log.clone());
    let inner = l.spawn(async move { seen.borrow_mut().push("inner") });
    let _outer = l.spawn(async move {
        also.borrow_mut().push("outer waits");
        inner.await.unwrap();
        also.borrow_mut().push("outer goes on");
    });
    // The outer one is first, so that it has to wait.
    let inner_task = l.ready().pop().unwrap();
    l.turn();
    inner_task.run();
    assert_eq!(*log.borrow(), ["outer waits", "inner"]);
    l.turn();
    assert_eq!(*log.borrow(), ["outer waits", "inner", "outer goes on"]);
}

#[test]
fn at_home_the_last_waker_counts() {
    let l = Loop::new();
    let mut handle = l.spawn(async {});
    let (first, one) = Wakes::new();
    let (second, two) = Wakes::new();
    assert!(poll_once(&mut handle, &one).is_pending());
    assert!(poll_once(&mut handle, &two).is_pending());
    drop(one);
    assert_eq!(Arc::strong_count(&first), 1, "the one before is let go");
    l.turn();
    assert_eq!((first.count(), second.count()), (0, 1));
    drop(two);
    assert_eq!(Arc::strong_count(&second), 1);
    assert!(handle.try_take().is_some());
}

#[test]
fn from_away_it_asks_by_mail_once_per_waker() {
    let l = Loop::new();
    let mut handle = l.spawn(async { 5 });
    let (wakes, waker) = Wakes::new();
    let (others, other) = Wakes::new();
    away(|| {
        assert!(poll_once(&mut handle, &waker).is_pending());
        assert!(poll_once(&mut handle, &waker).is_pending());
    });
    assert_eq!(l.mails(), 1);
    away(|| assert!(poll_once(&mut handle, &other).is_pending()));
    assert_eq!(l.mails(), 2);
    l.turn();
    assert_eq!((wakes.count(), others.count()), (0, 1));
    let output = away(|| poll_once(&mut handle, &other));
    assert!(matches!(output, Poll::Ready(Ok(5))));
    away(|| drop(handle));
    l.settle();
    assert_eq!(l.tasks(), 0);
    drop((waker, other));
    assert_eq!((Arc::strong_count(&wakes), Arc::strong_count(&others)), (1, 1));
}

#[test]
fn from_away_an_end_before_the_mail_wakes() {
    let l = Loop::new();
    let mut handle = l.spawn(async {});
    let (wakes, waker) = Wakes::new();
    away(|| assert!(poll_once(&mut handle, &waker).is_pending()));
    // The task runs before the mail is opened.
    assert_eq!(l.ready().pop().unwrap().run(), Ran::Returned);
    assert_eq!(wakes.count(), 0);
    l.open_all();
    assert_eq!(wakes.count(), 1);
    assert!(handle.try_take().is_some());
}

#[test]
fn moved_home_and_away_the_newest_waker_stands() {
    let l = Loop::new();
    let mut handle = l.spawn(async {});
    let wakers: Vec<_> = (0..4).map(|_| Wakes::new()).collect();
    assert!(poll_once(&mut handle, &wakers[0].1).is_pending());
    away(|| assert!(poll_once(&mut handle, &wakers[1].1).is_pending()));
    // Back at home it goes on asking by mail: the order is that of the mails.
    assert!(poll_once(&mut handle, &wakers[2].1).is_pending());
    away(|| assert!(poll_once(&mut handle, &wakers[3].1).is_pending()));
    assert_eq!(l.mails(), 3);
    l.turn();
    let counts: Vec<usize> = wakers.iter().map(|(wakes, _)| wakes.count()).collect();
    assert_eq!(counts, [0, 0, 0, 1]);
    assert!(handle.try_take().is_some());
}

#[test]
fn detached_tasks_run_on() {
    for from_away in [false, true] {
        let l = Loop::new();
        let drops = Drops::new();
        let (door, counted) = (Door::new(), drops.counted());
        let passed = door.clone();
        let handle = l.spawn(async move {
            passed.pass().await;
            counted
        });
        l.turn();
        if from_away {
            away(|| drop(handle))
        } else {
            drop(handle)
        }
        l.settle();
        drops.assert(0);
        door.open_and_wake();
        assert_eq!(l.turn(), [Ran::Returned]);
        drops.assert(1);
        assert_eq!(l.tasks(), 0);
    }
}

#[test]
fn a_detached_handle_lets_its_joiner_go() {
    for from_away in [false, true] {
        let l = Loop::new();
        let mut handle = l.spawn(pending::<()>());
        let (wakes, waker) = Wakes::new();
        if from_away {
            away(|| {
                assert!(poll_once(&mut handle, &waker).is_pending());
                drop(handle);
            });
        } else {
            assert!(poll_once(&mut handle, &waker).is_pending());
            drop(handle);
        }
        l.settle();
        drop(waker);
        assert_eq!((Arc::strong_count(&wakes), wakes.count()), (1, 0));
    }
}

#[test]
#[should_panic(expected = "polled after it had given its result")]
fn polled_after_its_result_it_says_so() {
    let l = Loop::new();
    let mut handle = l.spawn(async {});
    let (_, waker) = Wakes::new();
    l.turn();
    assert!(poll_once(&mut handle, &waker).is_ready());
    let _ = poll_once(&mut handle, &waker);
}

#[test]
fn a_handle_kept_by_its_own_future_is_detached_by_the_end() {
    let l = Loop::new();
    let slot = Rc::new(RefCell::new(None));
    let kept = slot.clone();
    let drops = Drops::new();
    let counted = drops.counted();
    let handle = l.spawn(async move {
        let _own: Option<JoinHandle<crate::support::Counted>> = kept.borrow_mut().take();
        counted
    });
    *slot.borrow_mut() = Some(handle);
    l.turn();
    drops.assert(1);
    assert_eq!(l.tasks(), 0);
}

#[test]
fn two_tasks_that_await_each_other_leave_nothing_behind() {
    let mut l = Loop::new();
    let (one, two) = (Rc::new(RefCell::new(None)), Rc::new(RefCell::new(None)));
    let (for_a, for_b) = (two.clone(), one.clone());
    let take = |slot: &Rc<RefCell<Option<JoinHandle<()>>>>| slot.borrow_mut().take().unwrap();
    let a = l.spawn(async move { drop(take(&for_a).await) });
    let b = l.spawn(async move { drop(take(&for_b).await) });
    *one.borrow_mut() = Some(a);
    *two.borrow_mut() = Some(b);
    l.settle();
    assert_eq!(l.tasks(), 2);
    l.close();
}

/// The task is under way to a home that closes: nobody may be left waiting for it.
#[test]
fn a_joiner_of_a_task_that_arrives_too_late_is_woken() {
    let mut l = Loop::new();
    let remote = l.remote();
    let (wakes, waker) = Wakes::new();
    let mut handle = Spawn::new().remote(&remote, async {});
    // At home, and before the task has arrived.
    assert!(poll_once(&mut handle, &waker).is_pending());
    l.close();
    assert_eq!(wakes.count(), 1);
    assert!(handle.try_take().unwrap().unwrap_err().is_cancelled());
}

/// The same from away, where the question itself is refused: the thread that asks is told once the
/// home has had its last look at its mail.
#[test]
fn a_joiner_refused_while_its_task_is_under_way_is_woken_after_the_end() {
    let mut l = Loop::new();
    let remote = l.remote();
    let (wakes, waker) = Wakes::new();
    let mut handle = Spawn::new().remote(&remote, async {});
    l.home().cancel_all();
    let mails = l.shut_mailbox();
    let posted = l.shared.posted.load(Ordering::Relaxed);
    std::thread::scope(|scope| {
        let asking = scope.spawn(|| {
            let mut polls = Vec::new();
            let before = wakes.count();
            polls.push(poll_once(&mut handle, &waker).is_ready());
            // Woken or ended: both say "poll again", and then it must be ready.
            assert!(polls[0] || wakes.count() > before, "pending, and nobody will wake it");
            if !polls[0] {
                polls.push(poll_once(&mut handle, &waker).is_ready());
            }
            assert_eq!(polls.last(), Some(&true), "woken before there was a result");
        });
        // The question has been refused, and is not answered yet.
        while l.shared.posted.load(Ordering::Relaxed) == posted && !asking.is_finished() {
            std::thread::yield_now();
        }
        mails.into_iter().for_each(corio_task::Mail::open);
        asking.join().unwrap();
    });
    drop(handle);
    l.close();
}
