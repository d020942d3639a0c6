//! What holds for a whole process, each case in a process of its own: `CORIO_DEBUG`, and the sink.

use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use corio_trace::{
    Event, emit, init_from_env, report_error, report_info, report_warning, set_enabled, set_sink,
    slow,
};

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

/// Reports to nobody: with debug mode off, and on.
#[test]
#[ignore = "run by the tests below, in a process of its own"]
fn listener_child() {
    for on in [false, true] {
        set_enabled(on);
        report_error("corio::test", format_args!("an error, {on}"));
        report_warning("corio::test", format_args!("a warning, {on}"));
        report_info("corio::test", format_args!("news, {on}"));
        slow::report_slow_turn(7, Duration::from_secs(2));
    }
}

fn child(name: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this test's path"));
    command.args(["--exact", &format!("own_process::{name}"), "--ignored", "--nocapture"]);
    command.env_remove("CORIO_DEBUG");
    command
}

#[track_caller]
fn check(name: &str, value: Option<&str>, expected: &str) {
    let output = child(name).envs(value.map(|value| ("CORIO_DEBUG", value))).output();
    let text = String::from_utf8(output.expect("the child runs").stdout).unwrap();
    assert!(text.contains(expected), "{name} with {value:?}: {text}");
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

#[test]
fn without_a_logger_debug_mode_tells_the_standard_error_output() {
    let output = child("listener_child").output().expect("the child runs");
    let text = String::from_utf8(output.stderr).unwrap();
    let told: Vec<&str> = text.lines().filter(|line| line.contains(" corio::")).collect();
    let [error, warning, slow] = told[..] else { panic!("{text}") };
    assert_eq!(error, "ERROR corio::test: an error, true");
    assert_eq!(warning, "WARN corio::test: a warning, true");
    assert!(slow.starts_with("WARN corio::slow: Executing 7 polls"), "{slow}");
}

#[test]
fn without_a_logger_and_an_error_output_nothing_happens() {
    let shut = "exec \"$0\" \"$@\" 2>&-";
    let of = child("listener_child");
    let output =
        Command::new("sh").args(["-c", shut]).arg(of.get_program()).args(of.get_args()).output();
    assert!(output.expect("the child runs").status.success());
}
