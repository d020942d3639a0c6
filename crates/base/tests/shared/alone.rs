//! A process for one test: limits, switches and loggers are the whole process's. For the tests of every crate
//! that have such a subject, which take this file in as a module of theirs.

use std::process::Command;

/// Runs `body` in a process of its own, which runs the test `name` of this binary and no other.
#[track_caller]
pub(crate) fn alone(name: &str, body: impl FnOnce()) {
    /// Set in that process.
    const ALONE: &str = "CORIO_TEST_ALONE";
    if std::env::var_os(ALONE).is_some() {
        return body();
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(ALONE, "1")
        .output()
        .unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(stdout.contains("1 passed"), "{stdout}{}", String::from_utf8_lossy(&output.stderr));
}
