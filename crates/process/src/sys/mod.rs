//! What differs between systems: how one hears that a child has ended, how it is reaped and signalled.
//!
//! Called by `exit`, which sees to it that nothing here is asked about a child that is reaped already: its
//! number may then be another process's.
//!
//! | file | system | the descriptor that says that a child has ended |
//! |---|---|---|
//! | `pidfd` | Linux, Android | a pidfd, which also names the child when it is reaped and signalled |
//! | `kqueue` | the BSDs, Apple's | a kqueue with one filter, which is itself readable when the filter fires |
//! | `none` | any other | there is none: `sweep` looks again and again |

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, WaitOptions, kill_process, waitid, waitpid,
};

#[cfg(any(target_os = "linux", target_os = "android"))]
#[path = "pidfd.rs"]
mod system;

#[cfg(any(
    target_vendor = "apple",
    target_os = "freebsd",
    target_os = "netbsd",
    target_os = "openbsd",
    target_os = "dragonfly"
))]
#[path = "kqueue.rs"]
mod system;

#[cfg(not(any(
    target_os = "linux",
    target_os = "android",
    target_vendor = "apple",
    target_os = "freebsd",
    target_os = "netbsd",
    target_os = "openbsd",
    target_os = "dragonfly"
)))]
#[path = "none.rs"]
mod system;

pub(crate) use system::{exit_descriptor, send, send_to_group, try_wait};

/// Whether the child has ended. It is not reaped.
pub(crate) fn has_ended(pid: Pid) -> io::Result<bool> {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    match rustix::io::retry_on_intr(|| waitid(WaitId::Pid(pid), options)) {
        Ok(waited) => Ok(waited.is_some()),
        // Somebody else has reaped it: the number may be anybody's.
        Err(Errno::CHILD) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Reaps the child by its number, if it has ended.
fn try_wait_by_number(pid: Pid) -> io::Result<Option<ExitStatus>> {
    let waited = rustix::io::retry_on_intr(|| waitpid(Some(pid), WaitOptions::NOHANG))?;
    Ok(waited.map(|(_, status)| ExitStatus::from_raw(status.as_raw())))
}

/// Signals the child by its number.
fn send_by_number(pid: Pid, signal: Signal) -> io::Result<()> {
    Ok(kill_process(pid, signal)?)
}

/// Whether the error says that this system tells no group from another one of the same number.
pub(crate) fn cannot_name_group(error: &io::Error) -> bool {
    let errno = error.raw_os_error().map(Errno::from_raw_os_error);
    matches!(errno, Some(Errno::INVAL | Errno::NOSYS)) || error.kind() == io::ErrorKind::Unsupported
}

/// Whether the error says that there is no such process.
pub(crate) fn says_no_process(error: &io::Error) -> bool {
    error.raw_os_error() == Some(Errno::SRCH.raw_os_error())
}
