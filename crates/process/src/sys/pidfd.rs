//! Linux: a pidfd stands for the child itself, never for another process that has got its number.
//!
//! It becomes readable when the child ends, and stays so. Reaping and signalling go through it, so they are
//! right also where foreign code has reaped the child meanwhile and its number is in use again.
#![expect(unsafe_code, reason = "rustix has no flags for a signal to a group")]

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::ptr;

use rustix::io::Errno;
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, WaitIdStatus, pidfd_open, pidfd_send_signal,
    waitid,
};

/// A descriptor that is readable once the child has ended. The child is not reaped yet.
pub(crate) fn exit_descriptor(pid: Pid) -> io::Result<OwnedFd> {
    // It is closed on exec by itself, and the reactor only polls it.
    Ok(pidfd_open(pid, PidfdFlags::empty())?)
}

/// Reaps the child, if it has ended.
pub(crate) fn try_wait(
    pid: Pid,
    descriptor: Option<BorrowedFd<'_>>,
) -> io::Result<Option<ExitStatus>> {
    let Some(descriptor) = descriptor else { return super::try_wait_by_number(pid) };
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
    match rustix::io::retry_on_intr(|| waitid(WaitId::PidFd(descriptor), options)) {
        // Linux 5.3 has pidfds and cannot wait for them.
        Err(Errno::INVAL) => super::try_wait_by_number(pid),
        waited => Ok(waited?.map(|waited| ExitStatus::from_raw(raw(&waited)))),
    }
}

/// The word of `waitpid`, which std's type is made of.
fn raw(waited: &WaitIdStatus) -> i32 {
    const DUMPED: i32 = 0x80;
    match (waited.exit_status(), waited.terminating_signal()) {
        (Some(code), _) => (code & 0xff) << 8,
        (None, Some(signal)) if waited.dumped() => signal | DUMPED,
        (None, signal) => signal.unwrap_or_default(),
    }
}

/// Signals the child, which is not reaped.
pub(crate) fn send(pid: Pid, descriptor: Option<BorrowedFd<'_>>, signal: Signal) -> io::Result<()> {
    match descriptor {
        Some(descriptor) => Ok(pidfd_send_signal(descriptor, signal)?),
        None => super::send_by_number(pid, signal),
    }
}

/// Linux 6.9's flag: the signal is for the group that the child leads, or has led.
const PROCESS_GROUP: libc::c_uint = 1 << 2;

/// Signals the child's group, also when the child itself is reaped; without a signal, only asks whether
/// somebody is left in it. `EINVAL`: this Linux does not know how.
pub(crate) fn send_to_group(descriptor: BorrowedFd<'_>, signal: Option<Signal>) -> io::Result<()> {
    let signal = signal.map_or(0, Signal::as_raw);
    let info = ptr::null::<libc::siginfo_t>();
    // SAFETY: the call takes a descriptor, which is open, two numbers, and no pointer to anything.
    let sent = unsafe {
        let call = libc::SYS_pidfd_send_signal;
        libc::syscall(call, descriptor.as_raw_fd(), signal, info, PROCESS_GROUP)
    };
    if sent == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
