//! What blocks most often: each is shown with the function of this file that does it, while it does.

use std::io::{Read, Write};
use std::panic::Location;
use std::sync::Mutex;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use corio_trace::pulse::Pulse;

use crate::support::{self, STACK, Until, check, listen, new_task, report_of, wait_for};

fn watched() {
    listen();
    corio_watchdog::ensure_started();
    assert!(corio_watchdog::is_running());
}

const STILL: &str = " seconds and still runs; it is here:\n";

#[inline(never)]
fn sleeps(until: &Until) {
    while until.goes_on() {
        let begun = Instant::now();
        thread::sleep(Duration::from_millis(300));
        // The signal interrupts the system call; the rest of the time is slept nevertheless.
        assert!(begun.elapsed() >= Duration::from_millis(300));
    }
}

#[test]
fn a_sleep() {
    watched();
    let report = report_of(STACK, sleeps, || {});
    check(&report, &["WARN: Executing <Task name='Task-", "> has taken 0.", STILL, "  0: "]);
    let shown =
        ["std::thread::", "sleep at library/std/", "it::blocking::sleeps at ", "blocking.rs:"];
    check(&report, &shown);
}

#[inline(never)]
fn locks(mutex: &Mutex<u32>) {
    *mutex.lock().unwrap() += 1;
}

#[test]
fn a_mutex_that_another_thread_holds() {
    watched();
    let mutex = Mutex::new(0);
    let (release, released) = mpsc::channel();
    let (hold, held) = mpsc::channel();
    thread::scope(|scope| {
        let mutex = &mutex;
        scope.spawn(move || {
            let _guard = mutex.lock().unwrap();
            hold.send(()).unwrap();
            released.recv().unwrap();
        });
        held.recv().unwrap();
        let report = report_of(STACK, |_| locks(mutex), || release.send(()).unwrap());
        check(
            &report,
            &[STILL, "std::sync::", "utex", "lock at library/std/", "it::blocking::locks at "],
        );
    });
    assert_eq!(*mutex.lock().unwrap(), 1);
}

#[inline(never)]
fn computes(until: &Until) -> u64 {
    let mut sum = 0_u64;
    while until.goes_on() {
        sum = std::hint::black_box(sum.wrapping_mul(31).wrapping_add(7));
    }
    sum
}

#[test]
fn a_computation() {
    watched();
    let compute = |until: &Until| {
        std::hint::black_box(computes(until));
    };
    check(&report_of(STACK, compute, || {}), &[STILL, "it::blocking::computes at "]);
}

#[inline(never)]
fn reads_the_clock(until: &Until) {
    // Mostly in code of the kernel's that is mapped into the process.
    while until.goes_on() {
        std::hint::black_box(Instant::now());
    }
}

#[test]
fn a_loop_over_the_clock() {
    watched();
    check(&report_of(STACK, reads_the_clock, || {}), &[STILL, "it::blocking::reads_the_clock at "]);
}

#[inline(never)]
fn reads(mut pipe: impl Read) -> [u8; 5] {
    let mut bytes = [0; 5];
    // Not `read_exact`, which would try again: the call itself goes on after the signal.
    assert_eq!(pipe.read(&mut bytes).unwrap(), 5);
    bytes
}

#[test]
fn a_read_from_a_pipe() {
    watched();
    let (reader, mut writer) = std::io::pipe().unwrap();
    let read = |_: &Until| assert_eq!(&reads(reader), b"hello");
    let report = report_of(STACK, read, || writer.write_all(b"hello").unwrap());
    check(&report, &[STILL, "read", "it::blocking::reads"]);
}

#[test]
fn a_poll_that_goes_on_is_reported_again_at_doubling_times() {
    watched();
    let task = new_task();
    let (end, ended) = mpsc::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            let pulse = Pulse::register(0);
            pulse.refresh();
            let around = pulse.start(task, Some(Location::caller()));
            let _ = ended.recv();
            let _ = pulse.end(around);
            // What is polled next is another poll.
            pulse.refresh();
            let around = pulse.start(task, Some(Location::caller()));
            while support::lines_of(task).len() < 4 {
                thread::sleep(Duration::from_millis(1));
            }
            let _ = pulse.end(around);
        });
        assert!(!wait_for(task, 1).contains("(report"));
        assert!(wait_for(task, 2).contains(" seconds and still runs (report 2); it is here:\n"));
        assert!(wait_for(task, 3).contains(" seconds and still runs (report 3); it is here:\n"));
        drop(end);
        assert!(!wait_for(task, 4).contains("(report"));
    });
}

#[test]
fn short_polls_and_parked_loops_are_not_reported() {
    watched();
    let (short, parked) = (new_task(), new_task());
    let pulse = Pulse::register(0);
    let _ = pulse.end(pulse.start(parked, Some(Location::caller())));
    let begun = Instant::now();
    while begun.elapsed() < 10 * support::SLOW {
        let _ = pulse.end(pulse.start(short, Some(Location::caller())));
        thread::sleep(Duration::from_millis(1));
    }
    thread::sleep(3 * support::SLOW);
    assert_eq!(support::lines_of(short).len() + support::lines_of(parked).len(), 0);
}
