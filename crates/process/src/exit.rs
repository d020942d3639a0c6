//! One child from its start to its end: its status, and the lock under which it is reaped and signalled.
//!
//! `Child`, its handles, those who wait, and the waker that hears of the end (`watch`) share it.
//!
//! ```text
//!      1 new               2 reap: it has ended
//!   ──────────▶ Running ─────────────────────────────▶ Ended, with its status
//!                │  ▲│
//!                └──┘└─────────────────────────────────▶ Ended, its status lost
//!      3 reap: not yet     4 reap: somebody else has it
//! ```
//!
//! # The race
//! A child that has ended keeps its number until it is reaped. After that the number may be given to any
//! process, and a signal sent to it reaches a stranger. Reaping and signalling happen under one lock, and
//! the child's number is forgotten in the step that reaps it; so as long as only this process's corio
//! reaps the child, a signal finds it or is not sent. Where the system has pidfds that holds even if foreign
//! code reaps it: a pidfd names the child, whatever becomes of its number.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::panic::Location;
use std::process::ExitStatus;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use corio_base::WakeBatch;
use corio_signal::SignalKind;
use rustix::process::{Pid, Signal};

use crate::error::{StatusLost, cannot_signal};
use crate::real_time;
use crate::sys;
use crate::waiters::Waiters;
use crate::watch::Watched;

/// How a child has ended: its status, or the error of who asked for it.
pub(crate) type Outcome = Result<ExitStatus, i32>;

/// A child, as everybody who has to do with it shares it.
pub(crate) struct Exit {
    id: u32,
    program: OsString,
    /// Where it was spawned.
    place: &'static Location<'static>,
    leads_group: bool,
    /// Of one that leads a group, also after its end: it goes on naming the group.
    group: Option<Arc<OwnedFd>>,
    state: Mutex<State>,
}

struct State {
    phase: Phase,
    waiters: Waiters,
}

enum Phase {
    Running(Running),
    Ended(Outcome),
}

/// What there is only of a child that is not reaped.
pub(crate) struct Running {
    pub(crate) pid: Pid,
    /// Readable once it has ended; `None` where the system gave none.
    pub(crate) descriptor: Option<Arc<OwnedFd>>,
    pub(crate) watched: Watched,
    /// The rest of its group is killed when it is reaped.
    takes_group_along: bool,
}

impl Exit {
    /// Edge 1, but for the watch.
    pub(crate) fn new(
        pid: Pid,
        descriptor: Option<OwnedFd>,
        program: &OsStr,
        leads_group: bool,
        place: &'static Location<'static>,
    ) -> Arc<Exit> {
        let descriptor = descriptor.map(Arc::new);
        let group = if leads_group { descriptor.clone() } else { None };
        let watched = Watched::default();
        let running = Running { pid, descriptor, watched, takes_group_along: false };
        Arc::new(Exit {
            id: pid.as_raw_nonzero().get().unsigned_abs(),
            program: program.to_owned(),
            place,
            leads_group,
            group,
            state: Mutex::new(State {
                phase: Phase::Running(running),
                waiters: Waiters::default(),
            }),
        })
    }

    pub(crate) fn id(&self) -> u32 {
        self.id
    }

    pub(crate) fn program(&self) -> &OsStr {
        &self.program
    }

    pub(crate) fn place(&self) -> &'static Location<'static> {
        self.place
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reaps the child, if it has ended, and wakes who waits for it.
    ///
    /// # Errors
    /// `WouldBlock`: it has not.
    pub(crate) fn reap(&self) -> io::Result<()> {
        let mut batch = WakeBatch::new();
        let running = {
            let mut state = self.state();
            let Phase::Running(running) = &state.phase else { return Ok(()) };
            let descriptor = running.descriptor.as_ref().map(|descriptor| descriptor.as_fd());
            if running.takes_group_along && sys::has_ended(running.pid)? {
                // It is not reaped yet, so the number is its group's. There may be nobody left in it.
                let _ = rustix::process::kill_process_group(running.pid, Signal::KILL);
            }
            let outcome = match sys::try_wait(running.pid, descriptor) {
                Ok(Some(status)) => Ok(status),
                // Edge 3.
                Ok(None) => return Err(io::ErrorKind::WouldBlock.into()),
                // Edge 4: asked again, it would say the same.
                Err(error) => Err(error.raw_os_error().unwrap_or_default()),
            };
            // Edge 2.
            state.waiters.take_all(&mut batch);
            std::mem::replace(&mut state.phase, Phase::Ended(outcome))
        };
        // Gives up the registrations, which wakes `watch`'s wakers, which come here and find nothing to do.
        drop(running);
        batch.wake_all();
        Ok(())
    }

    /// How the child has ended, as far as that is known.
    pub(crate) fn outcome(&self) -> Option<io::Result<ExitStatus>> {
        let outcome = match &self.state().phase {
            Phase::Running(_) => return None,
            Phase::Ended(outcome) => *outcome,
        };
        Some(outcome.map_err(|errno| StatusLost::new(self, errno).into()))
    }

    /// How the child has ended, if it has.
    pub(crate) fn try_wait(&self) -> io::Result<Option<ExitStatus>> {
        // It need not have been told of the end yet.
        let _ = self.reap();
        self.outcome().transpose()
    }

    /// How the child has ended; otherwise `waker` has been stored under `id`.
    pub(crate) fn poll(&self, id: &mut Option<u64>, waker: &Waker) -> Poll<io::Result<ExitStatus>> {
        if let Some(outcome) = self.outcome() {
            return Poll::Ready(outcome);
        }
        // Cloning is foreign code, too.
        let waker = waker.clone();
        let (has_ended, unused) = {
            let mut state = self.state();
            match state.phase {
                Phase::Running(_) => (false, state.waiters.enter(id, waker)),
                Phase::Ended(_) => (true, Some(waker)),
            }
        };
        drop(unused);
        match self.outcome() {
            Some(outcome) if has_ended => Poll::Ready(outcome),
            _ => Poll::Pending,
        }
    }

    /// Whether it is reaped.
    pub(crate) fn has_ended(&self) -> bool {
        matches!(self.state().phase, Phase::Ended(_))
    }

    /// Takes back what [`Exit::poll`] stored.
    pub(crate) fn forget(&self, id: Option<u64>) {
        if let Some(id) = id {
            let waker = self.state().waiters.remove(id);
            drop(waker);
        }
    }

    /// Sends a signal to the child, unless it has ended.
    pub(crate) fn signal(&self, kind: SignalKind) -> io::Result<()> {
        let signal = named(kind).map_err(|error| cannot_signal(self, kind, error))?;
        self.with_running(|running| {
            let descriptor = running.descriptor.as_ref().map(|descriptor| descriptor.as_fd());
            sys::send(running.pid, descriptor, signal)
        })
        .map_err(|error| cannot_signal(self, kind, error))
    }

    /// Sends a signal to the child's whole group; if the child itself has ended, only where the system can
    /// still tell which group that is.
    pub(crate) fn signal_group(&self, kind: SignalKind) -> io::Result<()> {
        let signal = named(kind).map_err(|error| cannot_signal(self, kind, error))?;
        if !self.leads_group {
            let error = io::Error::new(
                io::ErrorKind::InvalidInput,
                "it has no process group of its own: give it one with `Command::process_group(0)`",
            );
            return Err(cannot_signal(self, kind, error));
        }
        let sent = match &self.state().phase {
            // A group has its leader's number, which is not given away before the leader is reaped.
            Phase::Running(running) => {
                rustix::process::kill_process_group(running.pid, signal).map_err(io::Error::from)
            }
            Phase::Ended(_) => match &self.group {
                Some(group) => sys::send_to_group(group.as_fd(), Some(signal)),
                None => Ok(()),
            },
        };
        match sent {
            // Nobody is left, or nobody can tell.
            Err(error) if sys::says_no_process(&error) || sys::cannot_name_group(&error) => Ok(()),
            sent => sent.map_err(|error| cannot_signal(self, kind, error)),
        }
    }

    /// Whether the system will know the group when its leader has ended.
    pub(crate) fn can_name_group(&self) -> bool {
        self.group.as_ref().is_some_and(|group| match sys::send_to_group(group.as_fd(), None) {
            Ok(()) => true,
            Err(error) => !sys::cannot_name_group(&error),
        })
    }

    /// Whether somebody is left in the group, as far as that can be known. A zombie is somebody.
    pub(crate) fn group_is_left(&self) -> bool {
        let group = self.group.as_ref();
        group.is_some_and(|group| match sys::send_to_group(group.as_fd(), None) {
            Ok(()) => true,
            // Somebody who has become another user's.
            Err(error) => !sys::says_no_process(&error) && !sys::cannot_name_group(&error),
        })
    }

    /// Has the rest of the group killed in the step that reaps its leader.
    pub(crate) fn take_group_along(&self) {
        if self.leads_group {
            self.if_running(|running| running.takes_group_along = true);
        }
    }

    /// Does `send` to the child before anybody reaps it; nothing if that has happened.
    fn with_running(&self, send: impl FnOnce(&Running) -> io::Result<()>) -> io::Result<()> {
        match &self.state().phase {
            Phase::Ended(_) => Ok(()),
            Phase::Running(running) => match send(running) {
                // Foreign code has reaped it: it has ended.
                Err(error) if sys::says_no_process(&error) => Ok(()),
                sent => sent,
            },
        }
    }

    /// As its owner and its handles are shown.
    pub(crate) fn fmt_as(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{name} {} '{}'", self.id, self.program.display())?;
        match self.outcome() {
            None => f.write_str(" running>"),
            Some(Ok(status)) => write!(f, " ended: {status}>"),
            Some(Err(_)) => f.write_str(" ended, its status lost>"),
        }
    }

    /// Calls `f` with the child if it is not reaped. `f` runs no foreign code: the lock is held.
    pub(crate) fn if_running<R>(&self, f: impl FnOnce(&mut Running) -> R) -> Option<R> {
        match &mut self.state().phase {
            Phase::Running(running) => Some(f(running)),
            Phase::Ended(_) => None,
        }
    }
}

/// The system's signal of this kind.
fn named(kind: SignalKind) -> io::Result<Signal> {
    Signal::from_named_raw(kind.as_raw()).or_else(|| real_time::signal(kind)).ok_or_else(|| {
        io::Error::new(io::ErrorKind::InvalidInput, "this system has no such signal")
    })
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::unix::process::CommandExt;
    use std::process::{Command, Stdio};

    use corio_base::park::block_on;

    use super::*;
    use crate::wait::Wait;

    #[test]
    #[expect(clippy::zombie_processes, reason = "`Exit` waits for it")]
    fn a_group_that_cannot_be_named_later_is_taken_along_by_its_leader() {
        let mut command = Command::new("sh");
        command.args(["-c", "(trap '' TERM; echo up; exec sleep 600) & wait"]);
        let mut child = command.process_group(0).stdout(Stdio::piped()).spawn().expect("it starts");
        let mut pipe = child.stdout.take().expect("it is piped");
        pipe.read_exact(&mut [0; 3]).expect("it says so");
        let pid = Pid::from_raw(child.id().cast_signed()).expect("above 0");
        let exit = Exit::new(pid, None, command.get_program(), true, Location::caller());
        assert!(!exit.can_name_group() && !exit.group_is_left());
        exit.take_group_along();
        exit.watch();
        exit.signal_group(SignalKind::terminate()).expect("it runs");
        assert!(block_on(Wait::new(&exit)).is_ok());
        assert_eq!(pipe.read(&mut [0; 3]).expect("it ends"), 0);
        exit.signal_group(SignalKind::kill()).expect("nothing is sent");
    }
}
