//! What runs in the child between `fork` and `exec`: the caller's closure, and the beginning of a session.
#![expect(unsafe_code, reason = "between fork and exec hardly anything may be done")]

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command as StdCommand;

use rustix::io::Errno;
use rustix::process::{getpgid, getppid, setpgid, setsid};

use crate::command::Command;

impl Command {
    /// Has `f` run in the child, before the program; as
    /// [`std::os::unix::process::CommandExt::pre_exec`].
    ///
    /// # Safety
    /// `f` runs in a copy of this process that has one thread, while locks of others may be held for good:
    /// it must do nothing that is not async-signal-safe. It must not allocate, lock, log or panic.
    pub unsafe fn pre_exec(
        &mut self,
        f: impl FnMut() -> io::Result<()> + Send + Sync + 'static,
    ) -> &mut Command {
        // SAFETY: the caller's promise.
        unsafe { self.as_std_mut().pre_exec(f) };
        self
    }
}

/// Has the child begin a session.
pub(crate) fn new_session(command: &mut StdCommand) {
    // SAFETY: system calls that are async-signal-safe; their error is a number and allocates nothing.
    unsafe { command.pre_exec(begin_session) };
}

fn begin_session() -> io::Result<()> {
    match setsid() {
        // It leads a group already, since the command has one of its own as well: back to its parent's, which
        // waits for the program to begin, and whose group is therefore there.
        Err(Errno::PERM) => {
            setpgid(None, Some(getpgid(getppid())?))?;
            setsid()?;
        }
        begun => drop(begun?),
    }
    Ok(())
}
