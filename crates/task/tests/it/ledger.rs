//! The drawing in `ledger.rs`, edge by edge, and the ways a count can travel.

use std::sync::atomic::Ordering;
use std::task::Waker;

use corio_task::{Ran, Spawn};

use crate::support::{Door, Drops, Loop, away, wake_a_clone};

/// A task that waits at its door, polled once.
fn waiting(l: &Loop) -> (std::rc::Rc<Door>, corio_task::JoinHandle<()>) {
    let door = Door::new();
    let handle = l.spawn(door.clone().pass());
    l.turn();
    (door, handle)
}

#[test]
fn edge_1_mail_wake_sends_one_mail_for_many_wakes() {
    let l = Loop::new();
    let (door, _handle) = waiting(&l);
    let waker = door.waker();
    away(|| {
        waker.wake_by_ref();
        waker.wake_by_ref();
        wake_a_clone(&waker);
    });
    assert_eq!(l.mails(), 1);
    assert!(l.ready().is_empty(), "the home has not opened it");
    assert_eq!(l.turn(), [Ran::Pending]);
    assert_eq!(door.polls.get(), 2);
}

#[test]
fn edge_1_release_below_zero_sends_a_mail_that_wakes_nobody() {
    let l = Loop::new();
    let (door, _handle) = waiting(&l);
    let (first, second) = (door.waker(), door.waker());
    away(|| drop(first));
    away(|| drop(second));
    assert_eq!(l.mails(), 1);
    assert_eq!(l.turn(), []);
    assert_eq!(door.polls.get(), 1);
}

#[test]
fn edge_2_open_mail_lets_the_next_wake_send_again() {
    let l = Loop::new();
    let (door, _handle) = waiting(&l);
    let waker = door.waker();
    for round in 1..=3 {
        away(|| waker.wake_by_ref());
        assert_eq!(l.mails(), 1);
        l.turn();
        assert_eq!(door.polls.get(), 1 + round);
    }
    assert_eq!(l.shared.posted.load(Ordering::Relaxed), 3);
}

#[test]
fn edge_3_bounce_after_the_home_is_gone() {
    let mut l = Loop::new();
    let drops = Drops::new();
    let (door, counted) = (Door::new(), drops.counted());
    let passed = door.clone();
    let handle = l.spawn(async move {
        let _counted = counted;
        passed.pass().await;
    });
    l.turn();
    let waker = door.take_waker();
    let more = waker.clone();
    l.close();
    drops.assert(1);
    drop(l);
    away(|| {
        waker.wake_by_ref();
        waker.wake();
        drop(more);
    });
    drop(handle);
}

/// The mail is in its sender's hands while the home closes and settles.
#[test]
fn edge_3_bounce_of_a_mail_that_kept_the_task() {
    let mut l = Loop::new();
    let (door, handle) = waiting(&l);
    drop(handle);
    let waker = door.take_waker();
    away(|| waker.wake());
    let mails = l.shut_mailbox();
    assert_eq!(mails.len(), 1);
    // The last reference was given up with the wake; the mail keeps the task.
    l.close();
    away(|| drop(mails));
}

#[test]
fn edge_4_settle_leaves_the_count_to_whoever_is_about() {
    let l = Loop::new();
    let (door, handle) = waiting(&l);
    let waker = door.waker();
    // Counted away, so that the ledger is not at rest when the home has nothing left.
    let (kept, mut handle) = (away(|| waker.clone()), handle);
    drop(waker);
    door.open();
    away(|| kept.wake_by_ref());
    assert_eq!(l.turn(), [Ran::Returned]);
    assert!(handle.try_take().unwrap().is_ok());
    assert_eq!(l.tasks(), 1);
    drop(handle);
    assert_eq!(l.tasks(), 0, "settled: no longer the home's");
    // At home and from away, a settled task counts in the ledger alone.
    let another = kept.clone();
    kept.wake_by_ref();
    assert!(l.ready().is_empty());
    away(|| {
        another.wake_by_ref();
        wake_a_clone(&another);
        drop(another);
    });
    assert_eq!(l.mails(), 0, "nothing is to be told to a home that is done with it");
    drop(kept);
}

#[test]
fn edge_5_release_to_zero_frees_on_any_thread() {
    for last_is_home in [true, false] {
        let l = Loop::new();
        let (door, handle) = waiting(&l);
        drop(handle);
        let waker = door.waker();
        let kept = away(|| waker.clone());
        drop(waker);
        door.open();
        kept.wake_by_ref();
        assert_eq!(l.turn(), [Ran::Returned]);
        assert_eq!(l.tasks(), 0);
        if last_is_home { drop(kept) } else { away(|| drop(kept)) }
    }
}

#[test]
fn a_count_made_at_home_and_given_up_away_is_carried() {
    let l = Loop::new();
    let (door, handle) = waiting(&l);
    drop(handle);
    let wakers: Vec<Waker> = (0..100).map(|_| door.waker()).collect();
    away(|| drop(wakers));
    door.open_and_wake();
    l.settle();
    assert_eq!(l.tasks(), 0, "all of them were counted back");
}

#[test]
fn a_count_made_away_and_given_up_at_home_is_absorbed() {
    let l = Loop::new();
    let (door, handle) = waiting(&l);
    drop(handle);
    let waker = door.waker();
    let wakers = away(|| (0..100).map(|_| waker.clone()).collect::<Vec<_>>());
    drop(waker);
    // The home's own number passes zero on the way.
    drop(wakers);
    door.open_and_wake();
    l.settle();
    assert_eq!(l.tasks(), 0);
}

#[test]
fn a_mail_opened_after_the_end_frees() {
    let l = Loop::new();
    let (door, handle) = waiting(&l);
    let waker = door.waker();
    away(|| drop(waker));
    door.open_and_wake();
    drop(handle);
    let task = l.ready().pop().unwrap();
    assert_eq!(task.run(), Ran::Returned);
    assert_eq!(l.tasks(), 1, "a reference was given up away, and only the mail says so");
    l.open_all();
    assert_eq!(l.tasks(), 0);
}

#[test]
fn a_task_from_away_counts_its_handle_away() {
    for dropped_at_home in [true, false] {
        let l = Loop::new();
        let remote = l.remote();
        let handle = away(|| Spawn::new().remote(&remote, async { 1 }));
        if dropped_at_home {
            drop(handle);
        } else {
            away(|| drop(handle));
        }
        assert_eq!(l.turn(), [Ran::Returned]);
        l.settle();
        assert_eq!(l.tasks(), 0);
    }
}

/// Ended, but woken in its last poll: the queue still has it, and the home has no number left when a
/// reference that was counted away is given up at home.
#[test]
fn a_count_made_away_and_given_up_at_home_between_the_end_and_the_queue() {
    for wakers in [0, 1, 3] {
        let l = Loop::new();
        let remote = l.remote();
        let handle = away(|| {
            Spawn::new().remote(
                &remote,
                std::future::poll_fn(|context| {
                    context.waker().wake_by_ref();
                    std::task::Poll::Ready(())
                }),
            )
        });
        let tasks = away(|| (0..wakers).map(|_| handle.task()).collect::<Vec<_>>());
        assert_eq!(l.turn(), [Ran::Returned]);
        drop(handle);
        drop(tasks);
        assert_eq!(l.tasks(), 1, "the queue has it");
        assert_eq!(l.turn(), [Ran::Stale]);
        assert_eq!(l.tasks(), 0);
    }
}

/// In the midst of the end, when the home's own reference is all that is left and the home has counted
/// it away: whoever gives up another one then settles the task before its end has given up the last.
#[test]
fn a_count_made_away_and_given_up_at_home_within_the_end() {
    struct LetsGo(std::sync::Mutex<Option<corio_task::Task>>);
    impl std::task::Wake for LetsGo {
        fn wake(self: std::sync::Arc<Self>) {
            drop(self.0.lock().unwrap().take());
        }
    }
    let l = Loop::new();
    let remote = l.remote();
    let (mut handle, task) = away(|| {
        let handle = Spawn::new().remote(&remote, async { 8 });
        let task = handle.task();
        (handle, task)
    });
    let joiner = Waker::from(std::sync::Arc::new(LetsGo(Some(task).into())));
    assert!(crate::support::poll_once(&mut handle, &joiner).is_pending());
    assert_eq!(l.turn(), [Ran::Returned]);
    assert_eq!(handle.try_take().unwrap().unwrap(), 8);
    drop(handle);
    assert_eq!(l.tasks(), 0);
}
