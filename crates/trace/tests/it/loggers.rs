//! Loggers that do what they like: panic, block, log again, make mistakes of their own.

use std::cell::{Cell, RefCell};
use std::future::ready;
use std::panic::Location;
use std::time::{Duration, Instant};

use corio_trace::coroutine::Coroutine;
use corio_trace::emit::NESTED_MAX;
use corio_trace::{
    Event, emit, report_error, report_slow_poll, report_warning, set_enabled, targets,
};

use crate::{during, lines, switch};

fn report_to(target: &str, text: &str) {
    report_error(target, format_args!("{text}"));
    report_warning(target, format_args!("{text}"));
}

#[test]
fn one_that_panics_harms_nobody_on_any_target() {
    let _switch = switch();
    set_enabled(true);
    lines();
    for target in targets::ALL {
        report_to(target, "explosive");
    }
    report_slow_poll(1, Some("explosive"), Location::caller(), Duration::from_secs(1));
    // What is told of may panic, too, when it is asked for its words.
    struct Explosive;
    impl std::fmt::Display for Explosive {
        fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            panic!("asked for its words")
        }
    }
    report_error(targets::TASK, format_args!("{Explosive}"));
    report_to(targets::TASK, "calm");
    set_enabled(false);
    assert_eq!(lines(), ["ERROR corio::task calm", "WARN corio::task calm"]);
}

/// Every line sets off the next one: it ends all the same, and the first who were told of are there.
#[test]
fn one_whose_lines_set_off_lines_comes_to_an_end() {
    thread_local! {
        static CALLS: Cell<u32> = const { Cell::new(0) };
    }
    let _switch = switch();
    set_enabled(true);
    lines();
    during(
        || {
            CALLS.set(CALLS.get() + 1);
            report_error(targets::TASK, format_args!("from the logger"));
            emit(&Event::TimerFired { count: 1 });
            drop(Coroutine::new(&"forgotten", Location::caller(), ready(())));
        },
        || report_error(targets::LOOP, format_args!("first")),
    );
    set_enabled(false);
    let first = lines();
    // One line, and what the logger set off by itself, one deep.
    assert_eq!(NESTED_MAX, 2);
    assert_eq!(first.len(), 4, "{first:#?}");
    assert!(first.contains(&"ERROR corio::loop first".to_owned()), "{first:#?}");
    assert_eq!(CALLS.get(), 4);
    // Nothing is left under way.
    report_error(targets::LOOP, format_args!("second"));
    assert_eq!(lines(), ["ERROR corio::loop second"]);
}

#[test]
fn one_that_blocks_is_only_slow() {
    const BLOCKS: Duration = Duration::from_millis(20);
    let _switch = switch();
    lines();
    let begun = Instant::now();
    during(|| std::thread::sleep(BLOCKS), || report_error(targets::TASK, format_args!("slow")));
    assert!(begun.elapsed() >= BLOCKS);
    assert_eq!(lines(), ["ERROR corio::task slow"]);
}

#[test]
fn every_target_is_named_once_and_is_corio_s() {
    let names = RefCell::new(Vec::new());
    for &target in targets::ALL {
        assert!(target.starts_with("corio::"), "{target}");
        assert!(!names.borrow().contains(&target), "{target} twice");
        names.borrow_mut().push(target);
    }
}
