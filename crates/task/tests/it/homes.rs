//! A home's life: what it counts, what it refuses, what outlives it.

use std::cell::RefCell;
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use corio_task::{Home, JoinHandle, Spawn};

use crate::support::{Door, Drops, Loop, away, keep_for_ever};

#[test]
fn memory_goes_round() {
    let l = Loop::new();
    for _ in 0..3 {
        let handles: Vec<JoinHandle<usize>> =
            (0..10_000).map(|n| l.spawn(async move { n })).collect();
        assert_eq!(l.tasks(), 10_000);
        l.turn();
        for (n, mut handle) in handles.into_iter().enumerate() {
            assert_eq!(handle.try_take().unwrap().unwrap(), n);
        }
        assert_eq!(l.tasks(), 0);
    }
}

#[test]
fn a_diverted_home_asks_its_schedule_about_each_task() {
    let l = Loop::new();
    let detours = || l.shared.detours.load(Ordering::Relaxed);
    let door = Door::new();
    let mut handle = l.spawn(door.clone().pass());
    l.turn();
    door.waker().wake_by_ref();
    assert_eq!((detours(), l.turn().len()), (0, 1), "straight into the queue");

    l.home().divert(true);
    let _other = l.spawn(async {});
    door.waker().wake_by_ref();
    door.waker().wake();
    assert_eq!((detours(), l.turn().len()), (2, 2), "spawned and woken: one entry each");

    l.home().divert(false);
    door.open();
    door.waker().wake();
    assert_eq!((detours(), l.turn().len()), (2, 1));
    assert!(handle.try_take().unwrap().is_ok());
}

#[test]
fn large_and_aligned_futures_find_their_place() {
    #[repr(align(64))]
    struct Aligned(u8);
    let l = Loop::new();
    for _ in 0..3 {
        let aligned = Aligned(7);
        let big = [3_u8; 5000];
        let mut one = l.spawn(async move {
            let at = std::ptr::from_ref(&aligned) as usize;
            assert_eq!(at % 64, 0, "{}", aligned.0);
        });
        let mut two = l.spawn(async move {
            std::future::ready(()).await;
            big.iter().map(|&b| usize::from(b)).sum::<usize>()
        });
        let mut zero = l.spawn(std::future::ready(()));
        l.turn();
        one.try_take().unwrap().unwrap();
        assert_eq!(two.try_take().unwrap().unwrap(), 15_000);
        zero.try_take().unwrap().unwrap();
    }
}

#[test]
fn a_closed_home_refuses_at_home_and_from_away() {
    let mut l = Loop::new();
    let remote = l.remote();
    let drops = Drops::new();
    l.home().cancel_all();
    let counted = drops.counted();
    let mut here = l.spawn(async move { drop(counted) });
    assert!(here.is_finished());
    assert!(here.try_take().unwrap().unwrap_err().is_cancelled());
    let counted = drops.counted();
    drop(l.spawn(async move { drop(counted) }));
    drops.assert(2);
    l.close();
    let counted = drops.counted();
    let mut handle = away(|| Spawn::new().remote(&remote, async move { drop(counted) }));
    assert!(handle.try_take().unwrap().unwrap_err().is_cancelled());
    let counted = drops.counted();
    drop(Spawn::new().remote(&remote, async move { drop(counted) }));
    drops.assert(4);
}

#[test]
fn what_is_in_the_mailbox_when_it_closes_ends_too() {
    for handle_kept in [true, false] {
        let mut l = Loop::new();
        let remote = l.remote();
        let drops = Drops::new();
        let counted = drops.counted();
        let handle = away(|| Spawn::new().remote(&remote, async move { drop(counted) }));
        let handle = if handle_kept { Some(handle) } else { None };
        l.close();
        drops.assert(1);
        if let Some(mut handle) = handle {
            assert!(handle.try_take().unwrap().unwrap_err().is_cancelled());
        }
    }
}

#[test]
fn destructors_may_spawn_wake_abort_and_detach_while_the_home_closes() {
    struct Busy {
        l: Rc<RefCell<Option<Loop>>>,
        others: Vec<JoinHandle<()>>,
        doors: Vec<Rc<Door>>,
        drops: Drops,
    }
    impl Drop for Busy {
        fn drop(&mut self) {
            let l = self.l.borrow();
            let l = l.as_ref().unwrap();
            let counted = self.drops.counted();
            let handle = l.spawn(async move { drop(counted) });
            assert!(handle.is_finished());
            self.doors.iter().for_each(|door| door.waker().wake());
            self.others.iter().for_each(JoinHandle::abort);
        }
    }
    let slot = Rc::new(RefCell::new(Some(Loop::new())));
    let drops = Drops::new();
    {
        let l = slot.borrow();
        let l = l.as_ref().unwrap();
        let doors: Vec<_> = (0..4).map(|_| Door::new()).collect();
        let others = doors.iter().map(|door| l.spawn(door.clone().pass())).collect();
        let busy = Busy { l: slot.clone(), others, doors, drops: drops.clone() };
        // One before the others in the table, and it is cancelled first.
        l.turn();
        drop(l.spawn(async move {
            let _busy = busy;
            pending::<()>().await;
        }));
        l.turn();
        assert_eq!(l.home().cancel_all(), 5);
        assert_eq!(l.home().cancel_all(), 0);
    }
    drops.assert(1);
    let mut l = slot.take().unwrap();
    l.close();
}

#[test]
fn a_home_dropped_with_tasks_says_what_to_do() {
    let shared = Loop::new();
    let _keep = &shared;
    struct Nowhere;
    impl corio_task::Schedule for Nowhere {
        fn ready(&self, task: corio_task::Runnable) {
            std::mem::forget(task);
        }
        fn post(&self, mail: corio_task::Mail) {
            drop(mail);
        }
        fn submit(&self, task: corio_task::FreeRunnable) {
            drop(task);
        }
    }
    let home = Home::new(Box::new(Nowhere));
    let handle = Spawn::new().bound(&home, async {});
    let payload = catch_unwind(AssertUnwindSafe(|| drop(home))).unwrap_err();
    let text = payload.downcast_ref::<String>().unwrap();
    assert!(text.contains("dropped with 1 tasks"), "{text}");
    keep_for_ever(handle);
}

/// Settling with an entry or a poll under way would free a task in use.
#[test]
#[should_panic(expected = "cancel_all comes first")]
fn a_home_is_not_settled_with_tasks_alive() {
    let l = Loop::new();
    let _handle = l.spawn(async {});
    l.home().settle_all();
}

#[test]
#[should_panic(expected = "a task in its queue: empty it first")]
fn a_home_is_not_settled_with_tasks_queued() {
    let l = Loop::new();
    let _handle = l.spawn(async {});
    l.home().cancel_all();
    l.home().settle_all();
}

/// What the tasks keep of the home goes with the last of them, on any thread.
#[test]
fn the_schedule_is_dropped_with_the_last_reference() {
    let mut l = Loop::new();
    let door = Door::new();
    let handle = l.spawn(door.clone().pass());
    l.turn();
    let waker = door.take_waker();
    let remote = l.remote();
    let shared = Arc::downgrade(&l.shared);
    l.close();
    drop(l);
    assert!(shared.upgrade().is_some());
    drop(handle);
    away(|| drop(waker));
    assert!(shared.upgrade().is_some());
    away(move || {
        let another = remote.clone();
        drop(remote);
        drop(another);
    });
    assert!(shared.upgrade().is_none());
}

/// Thread-locals' destructors are the last code of a thread: wakers and handles work even there.
#[test]
fn wakers_and_handles_in_thread_locals() {
    thread_local! {
        static KEPT: RefCell<Vec<Box<dyn std::any::Any>>> = const { RefCell::new(Vec::new()) };
    }
    let drops = Drops::new();
    let counted = drops.counted();
    away(move || {
        let l = Loop::new();
        let door = Door::new();
        let handle = l.spawn(async move { counted });
        let other = l.spawn(door.clone().pass());
        l.turn();
        KEPT.with_borrow_mut(|kept| {
            kept.push(Box::new(door.take_waker()));
            kept.push(Box::new(handle));
            kept.push(Box::new(other));
        });
    });
    drops.assert(1);
}
