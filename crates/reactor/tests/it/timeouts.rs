//! Real time: no park ends before its deadline for no reason, none much later.

use std::time::{Duration, Instant};

use corio_base::{Park, Time, Wait, clock};
use corio_reactor::DriverKind;

use crate::util::for_each_driver;

fn until(from_now: Duration) -> Wait {
    Wait::Until(clock::now().saturating_add(from_now))
}

#[test]
fn a_park_lasts_until_its_deadline() {
    for_each_driver(|reactor| {
        for micros in [50, 300, 1_000, 2_500] {
            let wanted = Duration::from_micros(micros);
            let begin = Instant::now();
            reactor.park(until(wanted)).unwrap();
            let took = begin.elapsed();
            assert!(took >= wanted, "{wanted:?} ended after {took:?}");
        }
    });
}

#[test]
fn a_deadline_between_milliseconds_is_kept() {
    for_each_driver(|reactor| {
        if !matches!(reactor.handle().driver(), DriverKind::Epoll | DriverKind::EpollTimerfd) {
            return;
        }
        // Rounded up to milliseconds each would take 1 ms; the best of many is not the machine's.
        let best = (0..50).map(|_| {
            let begin = Instant::now();
            reactor.park(until(Duration::from_micros(100))).unwrap();
            begin.elapsed()
        });
        let best = best.min().unwrap();
        assert!(best < Duration::from_micros(800), "a wait of 100 µs took {best:?} at best");
    });
}

#[test]
fn the_same_deadline_twice_and_then_a_later_one() {
    for_each_driver(|reactor| {
        let first = clock::now().saturating_add(Duration::from_millis(3));
        let unparker = reactor.unparker();
        unparker.unpark();
        reactor.park(Wait::Until(first)).unwrap();
        assert!(clock::now() < first, "the unpark ends the first wait");
        reactor.park(Wait::Until(first)).unwrap();
        assert!(clock::now() >= first);
        let second = clock::now().saturating_add(Duration::from_millis(3));
        while clock::now() < second {
            reactor.park(Wait::Until(second)).unwrap();
        }
    });
}

#[test]
fn a_passed_deadline_and_a_look_return_at_once() {
    for_each_driver(|reactor| {
        let begin = Instant::now();
        reactor.park(Wait::Until(Time::ZERO)).unwrap();
        reactor.park(Wait::Until(clock::now())).unwrap();
        reactor.park(Wait::Poll).unwrap();
        assert!(begin.elapsed() < Duration::from_secs(1));
    });
}

#[test]
fn a_deadline_far_beyond_any_timeout_waits() {
    for_each_driver(|reactor| {
        for far in [Time::from_nanos(u64::MAX - 1), Time::NEVER] {
            let unparker = reactor.unparker();
            let ender = std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(5));
                unparker.unpark();
            });
            reactor.park(Wait::Until(far)).unwrap();
            ender.join().unwrap();
        }
        // The second park may have been ended by the first signal; take what is left over.
        reactor.park(Wait::Poll).unwrap();
    });
}
