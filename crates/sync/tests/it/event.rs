//! The event: who is let go, and when.

use corio_base::park::block_on;
use corio_sync::Event;

use crate::util::{Polled, waiting};

#[test]
fn set_lets_all_go_and_stays() {
    let event = Event::new();
    let mut waiters: Vec<_> = (0..3).map(|_| waiting(event.wait())).collect();
    assert_eq!(format!("{event:?}"), "Event [unset, waiters:3]");
    event.set();
    assert_eq!(format!("{event:?}"), "Event [set]");
    for waiter in &mut waiters {
        assert_eq!(waiter.wakes(), 1);
        waiter.ready();
    }
    block_on(event.wait());
    event.set();
    event.clear();
    assert_eq!(format!("{event:?}"), "Event [unset]");
    drop(waiting(event.wait()));
}

#[test]
fn set_and_clear_in_one_go_let_those_go_who_waited() {
    let event = Event::new();
    let mut early = waiting(event.wait());
    event.set();
    event.clear();
    let mut late = waiting(event.wait());
    early.ready();
    assert!(late.poll().is_pending());
    event.set();
    late.ready();
}

#[test]
fn who_gives_up_leaves_no_trace() {
    let event = Event::new();
    let waiter = waiting(event.wait());
    let mut other = waiting(event.wait());
    drop(waiter);
    assert_eq!(format!("{event:?}"), "Event [unset, waiters:1]");
    event.set();
    other.ready();
    // Granted and dropped: nothing is owed to anybody.
    event.clear();
    let waiter = waiting(event.wait());
    event.set();
    drop(waiter);
    Polled::new(event.wait()).ready();
}

#[test]
fn threads_meet() {
    const ROUNDS: usize = 500;
    let (ping, pong) = (Event::new(), Event::new());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..ROUNDS {
                block_on(ping.wait());
                ping.clear();
                pong.set();
            }
        });
        for _ in 0..ROUNDS {
            ping.set();
            block_on(pong.wait());
            pong.clear();
        }
    });
    assert!(!ping.is_set() && !pong.is_set());
}
