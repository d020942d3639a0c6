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
        let running = Running { pid, descriptor, watched: Watched::Nobody };
        Arc::new(Exit {
            id: pid.as_raw_nonzero().get().unsigned_abs(),
            program: program.to_owned(),
            place,
            leads_group,
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
        // Gives up the registration, which wakes `watch`'s waker, which comes here and finds nothing to do.
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

    /// Sends a signal to the child's whole group, unless the child itself has ended.
    pub(crate) fn signal_group(&self, kind: SignalKind) -> io::Result<()> {
        let signal = named(kind).map_err(|error| cannot_signal(self, kind, error))?;
        if !self.leads_group {
            let error = io::Error::new(
                io::ErrorKind::InvalidInput,
                "it has no process group of its own: give it one with `Command::process_group(0)`",
            );
            return Err(cannot_signal(self, kind, error));
        }
        // A group has its leader's number, which is not given away before the leader is reaped.
        self.with_running(|running| Ok(rustix::process::kill_process_group(running.pid, signal)?))
            .map_err(|error| cannot_signal(self, kind, error))
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
