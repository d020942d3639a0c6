//! The barrier: its states, and what a cancelled wait, a reset and an abort mean in each of them.

use std::collections::BTreeSet;
use std::sync::Mutex;

use corio_base::park::block_on;
use corio_sync::{Barrier, BrokenBarrier};

use crate::util::{Polled, waiting};

#[track_caller]
fn check(barrier: &Barrier, expected: &str) {
    assert_eq!(format!("{barrier:?}"), format!("Barrier [{expected}]"));
}

#[test]
fn all_pass_together_with_numbers() {
    let barrier = Barrier::new(3);
    check(&barrier, "filling, waiters:0/3");
    let (mut one, mut two) = (waiting(barrier.wait()), waiting(barrier.wait()));
    check(&barrier, "filling, waiters:2/3");
    let last = Polled::new(barrier.wait()).ready().unwrap();
    assert!(last.is_leader() && last.index() == 2);
    check(&barrier, "draining, waiters:0/3");
    assert_eq!((one.wakes(), two.wakes()), (1, 1));
    assert_eq!(two.ready().unwrap().index(), 1);
    let first = one.ready().unwrap();
    assert!(!first.is_leader() && first.index() == 0);
    check(&barrier, "filling, waiters:0/3");
}

#[test]
fn one_party_never_waits() {
    let barrier = Barrier::new(1);
    for _ in 0..3 {
        let told = Polled::new(barrier.wait()).ready().unwrap();
        assert!(told.is_leader() && told.index() == 0);
        check(&barrier, "filling, waiters:0/1");
    }
    barrier.reset();
    barrier.abort();
    assert!(Polled::new(barrier.wait()).ready().is_err());
}

#[test]
#[should_panic(expected = "use at least 1")]
fn no_parties_are_a_mistake() {
    let _ = Barrier::new(0);
}

#[test]
fn who_comes_while_it_drains_waits_for_the_next_round() {
    let barrier = Barrier::new(2);
    let mut one = waiting(barrier.wait());
    Polled::new(barrier.wait()).ready().unwrap();
    let (mut three, mut four) = (waiting(barrier.wait()), waiting(barrier.wait()));
    let mut five = waiting(barrier.wait());
    check(&barrier, "draining, waiters:0/2");
    assert!(three.poll().is_pending());
    one.ready().unwrap();
    // The second round is complete by those who came meanwhile.
    check(&barrier, "draining, waiters:0/2");
    let indices = [three.ready().unwrap().index(), four.ready().unwrap().index()];
    assert_eq!(indices, [0, 1]);
    check(&barrier, "filling, waiters:1/2");
    let six = Polled::new(barrier.wait()).ready().unwrap();
    assert!(six.is_leader());
    five.ready().unwrap();
}

#[test]
fn a_cancelled_wait_does_not_break_it() {
    let barrier = Barrier::new(3);
    let (one, mut two) = (waiting(barrier.wait()), waiting(barrier.wait()));
    drop(one);
    check(&barrier, "filling, waiters:1/3");
    let mut three = waiting(barrier.wait());
    Polled::new(barrier.wait()).ready().unwrap();
    // Let go and dropped: the others pass, and the round ends.
    assert_eq!(three.ready().unwrap().index(), 1, "numbers are given when all are there");
    let mut four = waiting(barrier.wait());
    drop(two);
    check(&barrier, "filling, waiters:1/3");
    assert!(four.poll().is_pending());
    two = waiting(barrier.wait());
    Polled::new(barrier.wait()).ready().unwrap();
    assert_eq!(four.ready().unwrap().index() + two.ready().unwrap().index(), 1);
}

#[test]
fn reset_breaks_those_who_wait_and_nobody_else() {
    let barrier = Barrier::new(3);
    let (mut one, mut two) = (waiting(barrier.wait()), waiting(barrier.wait()));
    barrier.reset();
    check(&barrier, "resetting, waiters:0/3");
    let mut late = waiting(barrier.wait());
    assert_eq!(one.ready(), Err(BrokenBarrier::Reset));
    assert_eq!(two.ready(), Err(BrokenBarrier::Reset));
    check(&barrier, "filling, waiters:1/3");
    assert!(late.poll().is_pending() && !barrier.is_broken());
    barrier.reset();
    assert_eq!(late.ready(), Err(BrokenBarrier::Reset));
    barrier.reset();
    check(&barrier, "filling, waiters:0/3");
}

#[test]
fn reset_while_half_have_left() {
    let barrier = Barrier::new(4);
    let mut three: Vec<_> = (0..3).map(|_| waiting(barrier.wait())).collect();
    Polled::new(barrier.wait()).ready().unwrap();
    three[0].ready().unwrap();
    let mut blocked = waiting(barrier.wait());
    barrier.reset();
    check(&barrier, "resetting, waiters:0/4");
    assert_eq!(three[1].ready(), Err(BrokenBarrier::Reset));
    assert!(blocked.poll().is_pending());
    assert_eq!(three[2].ready(), Err(BrokenBarrier::Reset));
    check(&barrier, "filling, waiters:1/4");
    assert!(blocked.poll().is_pending());
}

#[test]
fn abort_lasts_until_a_reset() {
    let barrier = Barrier::new(3);
    let mut one = waiting(barrier.wait());
    barrier.abort();
    check(&barrier, "broken");
    assert!(barrier.is_broken());
    assert_eq!(one.ready(), Err(BrokenBarrier::Aborted));
    assert_eq!(Polled::new(barrier.wait()).ready(), Err(BrokenBarrier::Aborted));
    barrier.reset();
    check(&barrier, "filling, waiters:0/3");
    // Aborted while it drains, with somebody blocked.
    let (mut one, mut two) = (waiting(barrier.wait()), waiting(barrier.wait()));
    Polled::new(barrier.wait()).ready().unwrap();
    let mut blocked = waiting(barrier.wait());
    one.ready().unwrap();
    barrier.abort();
    assert_eq!(two.ready(), Err(BrokenBarrier::Aborted));
    barrier.reset();
    check(&barrier, "resetting, waiters:0/3");
    assert!(blocked.ready().is_err());
    check(&barrier, "filling, waiters:0/3");
}

#[test]
fn threads_meet_round_after_round() {
    const PARTIES: usize = 3;
    const ROUNDS: usize = 200;
    let barrier = Barrier::new(PARTIES);
    let seen = Mutex::new(vec![BTreeSet::new(); ROUNDS]);
    std::thread::scope(|scope| {
        for _ in 0..PARTIES {
            scope.spawn(|| {
                for round in 0..ROUNDS {
                    let told = block_on(barrier.wait()).unwrap();
                    seen.lock().unwrap()[round].insert(told.index());
                }
            });
        }
    });
    assert!(seen.into_inner().unwrap().iter().all(|indices| indices.len() == PARTIES));
    check(&barrier, "filling, waiters:0/3");
}
