//! The drawing in `flags.rs`, edge by edge.

use std::cell::RefCell;
use std::future::{pending, poll_fn};
use std::rc::Rc;
use std::task::Poll;

use corio_task::Ran;

use crate::support::{Door, Drops, Loop, wake_a_clone};

#[test]
fn edge_1_schedule_queues_once_however_often_it_is_woken() {
    let l = Loop::new();
    let door = Door::new();
    let _handle = l.spawn(door.clone().pass());
    l.turn();
    assert!(l.ready().is_empty());
    let waker = door.waker();
    waker.wake_by_ref();
    waker.wake_by_ref();
    wake_a_clone(&waker);
    assert_eq!(l.ready().len(), 1);
    assert_eq!(l.turn(), [Ran::Pending]);
    assert_eq!(door.polls.get(), 2);
}

#[test]
fn edge_1_schedule_during_the_own_poll_queues_at_once() {
    let l = Loop::new();
    let order = Rc::new(RefCell::new(Vec::new()));
    let (seen, mut first) = (order.clone(), true);
    let door = Door::new();
    let other = door.clone();
    let _a = l.spawn(poll_fn(move |context| {
        seen.borrow_mut().push("a");
        if std::mem::take(&mut first) {
            // Woken before b: runs before b, though its poll goes on.
            context.waker().wake_by_ref();
            other.waker().wake();
            return Poll::Pending;
        }
        Poll::Ready(())
    }));
    let seen = order.clone();
    let passed = door.clone();
    let _b = l.spawn(async move {
        passed.pass().await;
        seen.borrow_mut().push("b");
    });
    // b waits first.
    let a = l.ready().pop().unwrap();
    l.turn();
    door.open();
    a.run();
    assert_eq!(l.ready().len(), 2);
    l.turn();
    assert_eq!(*order.borrow(), ["a", "a", "b"]);
}

#[test]
fn edge_2_start_polls_once_per_entry() {
    let l = Loop::new();
    let door = Door::new();
    let _handle = l.spawn(door.clone().pass());
    assert_eq!(l.turn(), [Ran::Pending]);
    assert_eq!(l.turn(), [], "no entry, no poll");
    assert_eq!(door.polls.get(), 1);
}

#[test]
fn edge_3_pause_leaves_the_task_to_its_wakers() {
    let l = Loop::new();
    let door = Door::new();
    let mut handle = l.spawn(door.clone().pass());
    l.turn();
    assert!(handle.try_take().is_none());
    door.open();
    door.waker().wake();
    assert_eq!(l.turn(), [Ran::Returned]);
    assert!(handle.try_take().unwrap().is_ok());
}

#[test]
fn edge_4_finish_gives_the_output_to_the_handle() {
    let l = Loop::new();
    let mut handle = l.spawn(async { 7 });
    assert!(!handle.is_finished());
    assert_eq!(l.turn(), [Ran::Returned]);
    assert!(handle.is_finished());
    assert_eq!(handle.try_take().unwrap().unwrap(), 7);
    assert!(handle.try_take().is_none(), "it is given once");
    assert_eq!(l.tasks(), 1, "the handle counts");
    drop(handle);
    assert_eq!(l.tasks(), 0);
}

#[test]
fn edge_5_unqueue_frees_a_task_woken_in_its_last_poll() {
    let l = Loop::new();
    let drops = Drops::new();
    let counted = drops.counted();
    drop(l.spawn(poll_fn(move |context| {
        let _ = &counted;
        context.waker().wake_by_ref();
        Poll::Ready(())
    })));
    assert_eq!(l.turn(), [Ran::Returned]);
    drops.assert(1);
    assert_eq!((l.ready().len(), l.tasks()), (1, 1), "the queue holds it");
    assert_eq!(l.turn(), [Ran::Stale]);
    assert_eq!(l.tasks(), 0);
}

#[test]
fn edge_5_unqueue_of_a_dropped_runnable_ends_the_task() {
    let l = Loop::new();
    let drops = Drops::new();
    let counted = drops.counted();
    let mut handle = l.spawn(async move {
        let _counted = counted;
        pending::<()>().await;
    });
    drop(l.ready().pop());
    drops.assert(1);
    assert!(handle.try_take().unwrap().unwrap_err().is_cancelled());
    drop(handle);
    assert_eq!(l.tasks(), 0);
}

#[test]
fn edge_6_abort_queues_and_the_next_start_cancels() {
    let l = Loop::new();
    let door = Door::new();
    let drops = Drops::new();
    let (counted, passed) = (drops.counted(), door.clone());
    let mut handle = l.spawn(async move {
        let _counted = counted;
        passed.pass().await;
    });
    l.turn();
    handle.abort();
    handle.abort();
    drops.assert(0);
    assert_eq!(l.turn(), [Ran::Cancelled]);
    drops.assert(1);
    assert_eq!(door.polls.get(), 1);
    assert!(handle.try_take().unwrap().unwrap_err().is_cancelled());
}

/// A runnable of a task that is being polled further up the stack goes back to the queue.
#[test]
fn a_task_is_never_polled_within_its_own_poll() {
    let l = Rc::new(Loop::new());
    let (inner, mut depth, most) = (l.clone(), 0, Rc::new(RefCell::new(0)));
    let seen = most.clone();
    let mut handle = l.spawn(poll_fn(move |context| {
        depth += 1;
        let now = depth;
        *seen.borrow_mut() += 1;
        context.waker().wake_by_ref();
        if now == 1 {
            assert_eq!(inner.turn(), [Ran::Pending], "put back, not polled");
        }
        assert_eq!(depth, now, "nobody was here meanwhile");
        if now == 3 { Poll::Ready(()) } else { Poll::Pending }
    }));
    for _ in 0..4 {
        l.turn();
    }
    assert!(handle.try_take().unwrap().is_ok());
    assert_eq!(*most.borrow(), 3);
    drop(handle);
    assert_eq!(l.tasks(), 0);
}

/// Nor while its future is being dropped.
#[test]
fn a_task_is_never_polled_or_dropped_within_its_own_drop() {
    struct Again {
        l: Rc<Loop>,
        door: Rc<Door>,
        handle: Rc<RefCell<Option<corio_task::JoinHandle<()>>>>,
        drops: Drops,
    }
    impl Drop for Again {
        fn drop(&mut self) {
            let _counted = self.drops.counted();
            self.door.waker().wake();
            self.l.turn();
            self.handle.borrow().as_ref().unwrap().abort();
            self.l.turn();
            self.l.home().cancel_all();
        }
    }
    for by_home in [false, true] {
        let l = Rc::new(Loop::new());
        let (door, drops) = (Door::new(), Drops::new());
        let slot = Rc::new(RefCell::new(None));
        let again =
            Again { l: l.clone(), door: door.clone(), handle: slot.clone(), drops: drops.clone() };
        let passed = door.clone();
        let handle = l.spawn(async move {
            let _again = again;
            passed.pass().await;
        });
        *slot.borrow_mut() = Some(handle);
        l.turn();
        if by_home {
            assert_eq!(l.home().cancel_all(), 1);
        } else {
            slot.borrow().as_ref().unwrap().abort();
            l.turn();
        }
        drops.assert(1);
        assert_eq!(door.polls.get(), 1);
        l.settle();
        drop(slot.take());
        drop(door.take_waker());
        assert_eq!(l.tasks(), 0);
    }
}
