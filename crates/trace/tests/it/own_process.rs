//! What holds for a whole process, each case in a process of its own: `CORIO_DEBUG`, and the sink.

use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use corio_trace::{Event, emit, init_from_env, set_enabled, set_sink};

use crate::{lines, switch};

/// Prints what the switch says after a runtime was built, and after the program spoke.
#[test]
#[ignore = "run by the tests below, in a process of its own"]
fn environment_child() {
    let built = init_from_env().map(|()| corio_trace::enabled());
    set_enabled(true);
    let again = init_from_env().is_ok() && corio_trace::enabled();
    match built {
        Ok(on) => println!("[built {on}, then {again}]"),
        Err(error) => println!("[{error}]"),
    }
}

static SEEN: AtomicUsize = AtomicUsize::new(0);

/// Installs a sink that panics at every second event.
#[test]
#[ignore = "run by the tests below, in a process of its own"]
fn sink_child() {
    fn sink(_: &Event<'_>) {
        assert!(SEEN.fetch_add(1, Ordering::Relaxed).is_multiple_of(2), "a sink that panics");
    }
    let _switch = switch();
    assert!(set_sink(sink).is_ok());
    assert!(set_sink(|_| ()).is_err());
    emit(&Event::TimerFired { count: 1 });
    assert_eq!(SEEN.load(Ordering::Relaxed), 0);
    set_enabled(true);
    for _ in 0..4 {
        emit(&Event::TimerFired { count: 1 });
    }
    println!("[sink {}, log {}]", SEEN.load(Ordering::Relaxed), lines().len());
}

#[track_caller]
fn check(child: &str, value: Option<&str>, expected: &str) {
    let mut command = Command::new(std::env::current_exe().expect("this test's path"));
    command.args(["--exact", &format!("own_process::{child}"), "--ignored", "--nocapture"]);
    match value {
        Some(value) => command.env("CORIO_DEBUG", value),
        None => command.env_remove("CORIO_DEBUG"),
    };
    let output = command.output().expect("the child runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains(expected), "{child} with {value:?}: {text}");
}

#[test]
fn the_environment_speaks_first_and_the_program_last() {
    check("environment_child", None, "[built false, then true]");
    check("environment_child", Some(""), "[built false, then true]");
    check("environment_child", Some("0"), "[built false, then true]");
    check("environment_child", Some("1"), "[built true, then true]");
}

#[test]
fn an_unusable_value_is_an_error_that_names_the_usable_ones() {
    check(
        "environment_child",
        Some("on"),
        r#"[CORIO_DEBUG is "on": set it to 1 (debug mode on) or 0 (off), or unset it]"#,
    );
}

#[test]
fn the_first_sink_takes_all_events_and_may_panic() {
    check("sink_child", None, "[sink 4, log 0]");
}
