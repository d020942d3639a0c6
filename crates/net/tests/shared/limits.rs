//! Life without descriptors: for the tests of every crate that opens sockets, which take this file in as a module
//! of theirs. Limits are the whole process's, so such a test has a process of its own.

use std::fs::File;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Enough for what a test has open when it begins to do without.
const DESCRIPTORS_MAX: u64 = 128;

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
