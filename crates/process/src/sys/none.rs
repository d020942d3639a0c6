//! Any other system: no descriptor says that a child has ended.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::process::ExitStatus;

use rustix::process::{Pid, Signal};

/// There is none.
pub(crate) fn exit_descriptor(_: Pid) -> io::Result<OwnedFd> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Reaps the child, if it has ended.
pub(crate) fn try_wait(pid: Pid, _: Option<BorrowedFd<'_>>) -> io::Result<Option<ExitStatus>> {
    super::try_wait_by_number(pid)
}

/// Signals the child, which is not reaped.
pub(crate) fn send(pid: Pid, _: Option<BorrowedFd<'_>>, signal: Signal) -> io::Result<()> {
    super::send_by_number(pid, signal)
}

/// A group's number may be another one's when its leader has ended.
pub(crate) fn send_to_group(_: BorrowedFd<'_>, _: Option<Signal>) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
