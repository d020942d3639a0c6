//! Wakers: equal to their clones, and good for use at any moment.

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

use corio_task::{Ran, Spawn};

use crate::support::{Door, Loop, away, wake_a_clone};

#[test]
fn clones_will_wake_each_other_and_no_one_else() {
    let l = Loop::new();
    let (one, two) = (Door::new(), Door::new());
    let _a = l.spawn(one.clone().pass());
    // Another type of future: the table is one all the same.
    let _b = l.spawn(two.clone().pass());
    l.turn();
    let waker = one.waker();
    assert!(waker.will_wake(&waker.clone()));
    assert!(waker.will_wake(&one.waker()));
    assert!(away(|| waker.clone()).will_wake(&waker));
    assert!(!waker.will_wake(&two.waker()));
    // The one lent to the poll is equal to the one cloned from it in the poll before.
    let kept = waker.clone();
    let seen = Rc::new(RefCell::new(Vec::new()));
    let log = seen.clone();
    drop(l.spawn(poll_fn(move |context| {
        let mut log = log.borrow_mut();
        let same = log.last().is_some_and(|before: &Waker| before.will_wake(context.waker()));
        log.push(context.waker().clone());
        context.waker().wake_by_ref();
        if same { Poll::Ready(()) } else { Poll::Pending }
    })));
    l.turn();
    assert_eq!(l.turn().last(), Some(&Ran::Returned));
    drop(kept);
}

#[test]
fn a_waker_after_the_end_does_nothing() {
    let l = Loop::new();
    let door = Door::new();
    let handle = l.spawn(door.clone().pass());
    l.turn();
    let waker = door.waker();
    door.open();
    waker.wake_by_ref();
    l.turn();
    waker.wake_by_ref();
    away(|| waker.wake_by_ref());
    assert_eq!(l.turn(), []);
    drop(handle);
    assert_eq!(l.tasks(), 1, "the waker counts");
    let more = away(|| waker.clone());
    away(|| drop(more));
    waker.wake();
    l.settle();
    assert_eq!(l.tasks(), 0);
}

#[test]
fn a_waker_outlives_its_home_on_its_thread_and_on_others() {
    for (at_home, by_value) in [(true, true), (true, false), (false, true), (false, false)] {
        let mut l = Loop::new();
        let door = Door::new();
        drop(l.spawn(door.clone().pass()));
        l.turn();
        let waker = door.take_waker();
        l.close();
        drop(l);
        let use_up = move || {
            let another = waker.clone();
            another.wake_by_ref();
            if by_value { waker.wake() } else { drop(waker) }
        };
        if at_home { use_up() } else { away(use_up) }
    }
}

#[test]
fn a_waker_outlives_its_home_thread() {
    let waker = away(|| {
        let l = Loop::new();
        let door = Door::new();
        drop(l.spawn(door.clone().pass()));
        l.turn();
        door.take_waker()
    });
    waker.wake_by_ref();
    wake_a_clone(&waker);
}

#[test]
fn a_wake_from_away_during_the_poll_is_not_lost() {
    let l = Loop::new();
    let mut polls = 0;
    let mut handle = l.spawn(poll_fn(move |context| {
        polls += 1;
        let waker = context.waker().clone();
        away(move || waker.wake());
        if polls == 3 { Poll::Ready(polls) } else { Poll::Pending }
    }));
    for _ in 0..3 {
        assert_eq!(l.turn().len(), 1);
    }
    assert_eq!(handle.try_take().unwrap().unwrap(), 3);
    drop(handle);
    l.settle();
    assert_eq!(l.tasks(), 0);
}

#[test]
fn wakers_cross_threads_in_every_direction() {
    let l = Loop::new();
    let door = Door::new();
    drop(l.spawn(door.clone().pass()));
    l.turn();
    let home_made = door.waker();
    let away_made = away(|| home_made.clone());
    // home-made dropped away, away-made dropped at home, and both again a generation later.
    let (second_home, second_away) = (away_made.clone(), away(|| away_made.clone()));
    away(|| drop(home_made));
    drop(away_made);
    away(|| second_home.wake());
    second_away.wake();
    l.settle();
    door.open_and_wake();
    l.settle();
    assert_eq!(l.tasks(), 0);
}

#[test]
fn a_task_that_came_by_mail_is_woken_like_any_other() {
    let l = Loop::new();
    let remote = l.remote();
    let (to_test, wakers) = std::sync::mpsc::channel();
    let mut handle = away(|| {
        let mut first = true;
        Spawn::new().remote(
            &remote,
            poll_fn(move |context| {
                if std::mem::take(&mut first) {
                    to_test.send(context.waker().clone()).unwrap();
                    return Poll::Pending;
                }
                Poll::Ready(1)
            }),
        )
    });
    l.turn();
    wakers.recv().unwrap().wake();
    assert_eq!(l.turn(), [Ran::Returned]);
    assert_eq!(handle.try_take().unwrap().unwrap(), 1);
}
