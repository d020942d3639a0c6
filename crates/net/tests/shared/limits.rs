//! Life without descriptors. Limits are the whole process's, so such a test has a process of its own. For the
//! tests of every crate that opens sockets, which take this file in as a module of theirs.

use std::fs::File;
use std::process::Command;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Enough for what a test has open when it begins to do without.
const DESCRIPTORS_MAX: u64 = 128;

/// Runs `body` in a process of its own, which runs the test `name` of this binary and no other.
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

/// Takes all descriptors that this process may still have; there are few, by a limit set here.
pub(crate) fn hoard_descriptors() -> Vec<File> {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: Some(DESCRIPTORS_MAX), ..limit }).unwrap();
    let mut hoard = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        hoard.push(file);
    }
    assert!(!hoard.is_empty());
    hoard
}
