//! The hand-off by itself: what no job of a pool can bring about.

use std::sync::Arc;
use std::sync::mpsc::channel;

use corio_blocking::handoff::{Handoff, Next, Seat};

use crate::util::{LONG, wait_until};

#[test]
fn a_thread_that_fell_asleep_gets_what_the_one_that_did_not_start_was_for() {
    let handoff = Arc::new(Handoff::new(2, LONG));
    assert_eq!(handoff.push(0), Ok(Next::StartThread));
    let (took, has_taken) = channel();
    let (go_on, goes_on) = channel();
    let thread = {
        let handoff = handoff.clone();
        std::thread::spawn(move || {
            let mut seat = Seat::new();
            while let Some((item, next)) = handoff.take(&mut seat, || true) {
                assert_eq!(next, Next::Nothing);
                took.send(item).unwrap();
                goes_on.recv().unwrap();
            }
            handoff.leave();
        })
    };
    assert_eq!(has_taken.recv_timeout(LONG), Ok(0));
    // The thread is at work: there is to be another one.
    assert_eq!(handoff.push(1), Ok(Next::StartThread));
    go_on.send(()).unwrap();
    assert_eq!(has_taken.recv_timeout(LONG), Ok(1));
    go_on.send(()).unwrap();
    wait_until("the thread falls asleep", || handoff.threads() == (2, 1));
    // Whoever is being started is relied on.
    assert_eq!(handoff.push(2), Ok(Next::Nothing));
    assert!(!handoff.not_started(), "there is another one");
    assert_eq!(has_taken.recv_timeout(LONG), Ok(2));
    go_on.send(()).unwrap();
    handoff.close();
    thread.join().unwrap();
}
