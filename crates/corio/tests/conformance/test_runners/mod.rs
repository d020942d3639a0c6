//! Whole programs: `run` and `Runner`.

mod run_tests;
mod runner_tests;

use std::process::{Command, Output};
use std::time::Duration;

use crate::default_actions;

/// Set in a process made by [`in_child`].
const INSIDE: &str = "CORIO_CONFORMANCE_IN_CHILD";

/// Runs `work` in a process of its own, the test of this name, with `CORIO_DEBUG` set to `debug`. What
/// concerns the whole process (signals, debug mode) would disturb the other tests here. Signals have their
/// default actions there. In that process `None` is given.
#[track_caller]
pub(crate) fn in_child(test: &str, debug: Option<&str>, work: impl FnOnce()) -> Option<Output> {
    if std::env::var_os(INSIDE).is_some() {
        work();
        return None;
    }
    default_actions::restore();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]).env(INSIDE, "1").env_remove("CORIO_DEBUG");
    command.envs(debug.map(|debug| ("CORIO_DEBUG", debug)));
    Some(command.output().unwrap())
}

/// Fails with what the process wrote unless its test passed.
#[track_caller]
pub(crate) fn assert_passed(output: Option<Output>) {
    let Some(output) = output else { return };
    let out = String::from_utf8_lossy(&output.stdout);
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && out.contains("1 passed"), "{out}\n{err}");
}

/// Fails unless the process has died of Ctrl-C, as a shell sees it, having said `said`.
#[track_caller]
fn assert_interrupted(output: Option<Output>, said: &str) {
    use std::os::unix::process::ExitStatusExt as _;

    const SIGINT: i32 = 2;
    let Some(output) = output else { return };
    let out = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.signal(), Some(SIGINT), "{:?}\n{out}", output.status);
    assert!(out.contains(said), "{said:?} is missing in: {out}");
}

/// As a terminal's Ctrl-C does, but only to this process.
pub(crate) fn interrupt_self() {
    let pid = std::process::id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    // It may be another thread that is interrupted, which takes a moment.
    std::thread::sleep(Duration::from_millis(20));
}
