//! The hand-off by itself: what no job of a pool can bring about.

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use corio_blocking::handoff::{Handoff, Next, Role, Seat};

use crate::util::{LONG, wait_until};

#[test]
fn a_thread_that_fell_asleep_gets_what_the_one_that_did_not_start_was_for() {
    let handoff = Arc::new(Handoff::new(2, LONG));
    assert_eq!(handoff.push(0), Ok(Next::START_LOOKER));
    let (took, has_taken) = channel();
    let (go_on, goes_on) = channel();
    let thread = {
        let handoff = handoff.clone();
        std::thread::spawn(move || {
            let mut seat = Seat::new(Role::Looks);
            while let Some((item, next)) = handoff.take(&mut seat, || 1, || ()) {
                assert_eq!(next, Next::NOTHING);
                took.send(item).unwrap();
                goes_on.recv().unwrap();
            }
            handoff.leave();
        })
    };
    assert_eq!(has_taken.recv_timeout(LONG), Ok(0));
    // The thread is at work: there is to be another one.
    assert_eq!(handoff.push(1), Ok(Next::START_LOOKER));
    go_on.send(()).unwrap();
    assert_eq!(has_taken.recv_timeout(LONG), Ok(1));
    go_on.send(()).unwrap();
    wait_until("the thread falls asleep", || handoff.threads() == (2, 1));
    // Whoever is being started is relied on.
    assert_eq!(handoff.push(2), Ok(Next::NOTHING));
    assert!(!handoff.not_started(Role::Looks), "there is another one");
    assert_eq!(has_taken.recv_timeout(LONG), Ok(2));
    go_on.send(()).unwrap();
    wait_until("the thread falls asleep again", || handoff.threads() == (1, 1));
    handoff.close();
    assert_eq!(handoff.threads().1, 0, "all are awake, to leave");
    thread.join().unwrap();
    assert_eq!(handoff.threads(), (0, 0));
}

#[test]
fn a_looker_with_room_calls_takers_and_one_that_does_not_start_harms_nobody() {
    let handoff = Arc::new(Handoff::new(8, LONG));
    assert_eq!(handoff.push(0), Ok(Next::START_LOOKER));
    (1..4).for_each(|item| assert_eq!(handoff.push(item), Ok(Next::NOTHING)));
    let mut seat = Seat::new(Role::Looks);
    let (item, next) = handoff.take(&mut seat, || 8, || ()).expect("there are four");
    let roles: Vec<Role> = next.roles().collect();
    // Of the three that are left, one is the next looker's.
    assert_eq!((item, &roles[..]), (0, &[Role::Looks, Role::Takes, Role::Takes][..]));
    assert_eq!(handoff.threads(), (4, 0));
    assert!(!handoff.not_started(Role::Takes));
    assert!(handoff.is_looked_into(), "it was not the one that is to look");
    let mut taker = Seat::new(Role::Takes);
    assert_eq!(handoff.take(&mut taker, || 8, || ()), Some((1, Next::NOTHING)));
    let mut looker = Seat::new(Role::Looks);
    let (item, next) = handoff.take(&mut looker, || 1, || ()).expect("there are two");
    assert_eq!((item, next), (2, Next::START_LOOKER));
    assert!(!handoff.not_started(Role::Looks));
    let looks_no_more = || unreachable!("only who looks is asked about room");
    assert_eq!(handoff.take(&mut seat, looks_no_more, || ()), Some((3, Next::NOTHING)));
    assert_eq!(handoff.threads(), (3, 0));
}

#[test]
fn a_closed_queue_is_taken_from_by_nobody_and_drained() {
    let handoff = Handoff::new(1, LONG);
    assert_eq!(handoff.push(0), Ok(Next::START_LOOKER));
    assert_eq!(handoff.push(1), Ok(Next::NOTHING));
    let mut seat = Seat::new(Role::Looks);
    assert_eq!(handoff.take(&mut seat, || 1, || ()), Some((0, Next::NOTHING)));
    handoff.close();
    assert_eq!(handoff.push(2), Err(2));
    assert_eq!(handoff.take(&mut seat, || 1, || ()), None);
    assert_eq!(handoff.drain().collect::<Vec<_>>(), [1]);
    handoff.leave();
    assert!(handoff.has_left());
}

/// Two threads of one are on their way out as the end comes between the look of a third and its job.
#[test]
fn who_looks_as_the_end_comes_has_nobody_started() {
    let handoff = Handoff::new(1, Duration::ZERO);
    for item in 0..2 {
        assert_eq!(handoff.push(item), Ok(Next::START_LOOKER));
        let mut seat = Seat::new(Role::Looks);
        assert_eq!(handoff.take(&mut seat, || 1, || ()), Some((item, Next::NOTHING)));
        assert_eq!(handoff.take(&mut seat, || 1, || ()), None, "nothing came for long");
    }
    assert_eq!(handoff.push(2), Ok(Next::START_LOOKER));
    (3..6).for_each(|item| assert_eq!(handoff.push(item), Ok(Next::NOTHING)));
    let mut seat = Seat::new(Role::Looks);
    let ends = || {
        handoff.close();
        handoff.leave();
        8
    };
    assert_eq!(handoff.take(&mut seat, ends, || ()), Some((2, Next::NOTHING)));
    assert_eq!(handoff.threads().0, 2);
    (0..2).for_each(|_| handoff.leave());
    assert!(handoff.has_left());
}

/// A thread out of jobs looks itself, and whoever pushes then relies on it.
#[test]
fn who_looks_by_himself_is_relied_on() {
    let handoff = Handoff::new(2, LONG);
    assert_eq!(handoff.push(0), Ok(Next::START_LOOKER));
    let mut seat = Seat::new(Role::Looks);
    assert_eq!(handoff.take(&mut seat, || 1, || ()), Some((0, Next::NOTHING)));
    // It has found the queue empty; the one that was called for this does not come.
    let rests = || {
        assert_eq!(handoff.push(1), Ok(Next::START_LOOKER));
        assert!(!handoff.not_started(Role::Looks));
    };
    let room = || {
        assert_eq!(handoff.push(2), Ok(Next::NOTHING));
        1
    };
    let (item, next) = handoff.take(&mut seat, room, rests).expect("not closed");
    assert_eq!((item, next), (1, Next::START_LOOKER));
}
