//! Events, slow polls and waits, as the log and the slot show them.

use std::panic::Location;
use std::time::Duration;

use corio_trace::{
    Event, Outcome, Wait, WaitKind, emit, record, report_slow_poll, set_enabled, set_slow_poll,
    slow, slow_poll, take_last_wait,
};

use crate::{lines, switch};

fn emit_one_of_each() {
    let location = Location::caller();
    let took = Duration::from_micros(1500);
    emit(&Event::TaskSpawned { id: 2, name: Some("reader"), location, parent: None });
    emit(&Event::PollStarted { id: 2 });
    emit(&Event::LoopUnparked { took, events: 1 });
    emit(&Event::TimerFired { count: 1 });
    emit(&Event::IoReady { count: 1 });
    emit(&Event::TaskEnded { id: 2, outcome: Outcome::Returned });
}

#[test]
fn off_nothing_is_logged_or_recorded() {
    let _switch = switch();
    set_enabled(false);
    emit_one_of_each();
    record(&Wait { kind: WaitKind::Sleep, object: 1, owner: None, place: Location::caller() });
    assert_eq!(lines(), [""; 0]);
    assert_eq!(take_last_wait(), None);
}

#[test]
fn on_every_event_has_its_target_and_level() {
    let _switch = switch();
    set_enabled(true);
    emit_one_of_each();
    set_enabled(false);
    let lines = lines();
    let starts = [
        "DEBUG corio::task <Task name='reader' spawned at crates/trace/tests/it/log_lines.rs:",
        "TRACE corio::task Task-2 poll",
        "TRACE corio::loop poll took 1.500 ms: 1 events",
        "TRACE corio::timer 1 timers fired",
        "TRACE corio::reactor 1 descriptors ready",
        "DEBUG corio::task Task-2 returned",
    ];
    assert_eq!(lines.len(), starts.len(), "{lines:#?}");
    for (line, start) in lines.iter().zip(starts) {
        assert!(line.starts_with(start), "{line:?} does not start with {start:?}");
    }
}

#[test]
fn a_slow_poll_is_worded_as_asyncio_words_it() {
    let _switch = switch();
    let location = Location::caller();
    report_slow_poll(3, None, location, Duration::from_millis(120));
    assert_eq!(
        lines(),
        [format!(
            "WARN corio::slow Executing <Task name='Task-3' spawned at {location}> \
             took 0.120 seconds"
        )]
    );
}

#[test]
fn the_limit_of_slowness_can_be_moved() {
    let _switch = switch();
    let before = slow_poll();
    assert_eq!(before, Duration::from_millis(100));
    set_slow_poll(Duration::from_micros(7));
    assert_eq!(slow_poll(), Duration::from_micros(7));
    set_slow_poll(Duration::MAX);
    assert!(slow_poll() > Duration::from_secs(500 * 365 * 24 * 3600));
    set_slow_poll(before);
}

#[test]
fn a_logger_that_panics_harms_nobody() {
    let _switch = switch();
    let location = Location::caller();
    report_slow_poll(1, Some("explosive"), location, Duration::from_secs(1));
    report_slow_poll(1, Some("calm"), location, Duration::from_secs(1));
    let lines = lines();
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert!(lines[0].contains("calm"));
}

#[test]
fn the_last_wait_of_a_poll_is_kept_once() {
    let _switch = switch();
    set_enabled(true);
    let place = Location::caller();
    record(&Wait { kind: WaitKind::Sleep, object: 1, owner: None, place });
    let last = Wait { kind: WaitKind::Join, object: 5, owner: Some(5), place };
    record(&last);
    set_enabled(false);
    assert_eq!(take_last_wait(), Some(last));
    assert_eq!(take_last_wait(), None);
}

#[test]
fn turns_that_are_long_and_waits_that_end_late_have_their_words() {
    let _switch = switch();
    slow::report_slow_turn(2000, Duration::from_millis(512));
    slow::report_late_wait(Duration::from_millis(10), Duration::from_millis(512), 3);
    assert_eq!(
        lines(),
        [
            "WARN corio::slow Executing 2000 polls and callbacks in a row took 0.512 seconds, none of them \
             long by itself: no socket and no timer had its turn meanwhile",
            "WARN corio::loop poll 10.000 ms took 512.000 ms: 3 events, 502.000 ms late: the process was \
             stopped, or other programs kept the processors",
        ]
    );
}

#[test]
fn what_was_told_of_slow_polls_is_counted_on_each_thread() {
    let _switch = switch();
    let before = slow::told_nanos_here();
    report_slow_poll(3, None, Location::caller(), Duration::from_nanos(70));
    assert_eq!(slow::told_nanos_here().wrapping_sub(before), 70);
    let elsewhere = std::thread::spawn(slow::told_nanos_here);
    assert_eq!(elsewhere.join().unwrap(), 0);
    lines();
}
