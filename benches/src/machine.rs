//! What is asked of the operating system: cores, clocks, memory, limits.
//!
//! Everything here is Linux's /proc or a plain system call; the measurements themselves are in
//! [`crate::workloads`].

use std::fs;
use std::io;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{CpuSet, sched_setaffinity};
use rustix::time::{ClockId, clock_gettime};

/// The core that a measurement runs on.
pub(crate) const CORE_LOOP: usize = 1;
/// The core of an echo server, away from its load generator on [`CORE_LOOP`].
pub(crate) const CORE_SERVER: usize = 0;

/// Binds this thread, and those it will start, to one core; to the last one where there are fewer.
///
/// A machine that forbids it only measures with more noise, so that is no error.
pub(crate) fn pin(core: usize) {
    let cores = std::thread::available_parallelism().map_or(1, |n| n.get());
    let mut set = CpuSet::new();
    set.set(core.min(cores - 1));
    if let Err(error) = sched_setaffinity(None, &set) {
        eprintln!("corio-bench: cannot bind to core {core}: {error}");
    }
}

/// The CPU time that this process has used, its finished threads included.
pub(crate) fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// The CPU time that another process's living threads have used.
///
/// # Errors
/// Where /proc does not show that process.
pub(crate) fn cpu_time_of(pid: u32) -> io::Result<Duration> {
    let mut nanos = 0;
    for thread in fs::read_dir(format!("/proc/{pid}/task"))? {
        let line = fs::read_to_string(thread?.path().join("schedstat"))?;
        nanos += first_number(&line)?;
    }
    Ok(Duration::from_nanos(nanos))
}

/// The resident memory of this process, in bytes.
///
/// # Panics
/// Where /proc cannot be read: a memory row means nothing then.
pub(crate) fn resident_bytes() -> u64 {
    let statm =
        fs::read_to_string("/proc/self/statm").expect("a memory row needs /proc/self/statm");
    let pages = statm.split(' ').nth(1).and_then(|field| field.parse::<u64>().ok());
    pages.expect("the second field of statm is a number") * rustix::param::page_size() as u64
}

/// Raises the limit of open descriptors as far as it goes, and returns it.
pub(crate) fn descriptors_max() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let now = if setrlimit(Resource::Nofile, raised).is_ok() { raised } else { limit };
    now.current.unwrap_or(u64::MAX)
}

fn first_number(line: &str) -> io::Result<u64> {
    let word = line.split_whitespace().next().unwrap_or("");
    word.parse().map_err(|_| io::Error::other(format!("schedstat says {line:?}, not a number")))
}
