//! Loggers that panic, block or make threads, where the watchdog's thread writes: loops and the next warnings are
//! none the worse. Each test in a process of its own.

use std::panic::Location;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use corio_trace::pulse::Pulse;

use crate::child::check_in_child;
use crate::support::{
    STACK, Until, check, lines_of, new_task, report_of, wait_for, with_next_line,
};

#[inline(never)]
fn spins(until: &Until) {
    while until.goes_on() {
        std::hint::spin_loop();
    }
}

fn check_stack() {
    check(&report_of(STACK, spins, || {}), &["; it is here:\n", "it::loggers::spins at "]);
}

#[test]
fn one_that_panics_is_asked_again() {
    check_in_child("loggers::one_that_panics_is_asked_again", &[], || {
        corio_watchdog::ensure_started();
        for _ in 0..3 {
            with_next_line(|| panic!("a logger's"));
            check_stack();
        }
    });
}

#[test]
fn one_that_blocks_holds_up_no_loop() {
    check_in_child("loggers::one_that_blocks_holds_up_no_loop", &[], || {
        corio_watchdog::ensure_started();
        let (go_on, waits) = mpsc::channel::<()>();
        with_next_line(move || {
            let _ = waits.recv();
        });
        check_stack();
        // The watchdog is stuck in its logger. Loops come, poll and go.
        let begun = Instant::now();
        let (pulse, slow) = (Pulse::register(0), new_task());
        for task in [new_task(), slow] {
            pulse.refresh();
            let around = pulse.start(task, Some(Location::caller()));
            thread::sleep(Duration::from_millis(100));
            let _ = pulse.end(around);
        }
        drop(pulse);
        assert!(begun.elapsed() < Duration::from_secs(30), "nobody waits for the logger");
        assert_eq!(lines_of(slow).len(), 0, "nobody looks meanwhile");
        drop(go_on);
        check_stack();
    });
}

#[test]
fn one_that_makes_threads_and_loops_is_let_do_so() {
    check_in_child("loggers::one_that_makes_threads_and_loops_is_let_do_so", &[], || {
        corio_watchdog::ensure_started();
        let task = new_task();
        with_next_line(move || {
            let makes = move || {
                let pulse = Pulse::register(1);
                let around = pulse.start(task, Some(Location::caller()));
                wait_for(task, 1);
                let _ = pulse.end(around);
            };
            // Not joined: it ends when the watchdog has reported it, which this line keeps it from.
            drop(thread::spawn(makes));
            // And on the watchdog's own thread.
            let own = Pulse::register(2);
            let _ = own.end(own.start(new_task(), None));
        });
        check_stack();
        wait_for(task, 1);
        check_stack();
    });
}
