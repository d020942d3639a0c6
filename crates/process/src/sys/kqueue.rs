//! The BSDs and Apple's systems: a kqueue with one filter, for the child's end.
//!
//! A kqueue with an event in it is itself readable, and stays so: to the reactor it is a descriptor like
//! any other.
#![expect(unsafe_code, reason = "a filter could name a descriptor that is not open")]

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::process::ExitStatus;
use std::ptr;

use rustix::event::kqueue::{Event, EventFilter, EventFlags, ProcessEvents, kevent, kqueue};
use rustix::process::{Pid, Signal};

/// A descriptor that is readable once the child has ended. `ESRCH`, on some systems: it has ended already.
pub(crate) fn exit_descriptor(pid: Pid) -> io::Result<OwnedFd> {
    let queue = kqueue()?;
    let filter = EventFilter::Proc { pid, flags: ProcessEvents::EXIT };
    let changes = [Event::new(filter, EventFlags::ADD, ptr::null_mut())];
    let none: &mut [Event] = &mut [];
    // SAFETY: the filter names a process, not a descriptor.
    unsafe { kevent(&queue, &changes, none, None) }?;
    Ok(queue)
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
