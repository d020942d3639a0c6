//! Who hears that a child has ended, and reaps it: a waker of a reactor, or, where none can be had, the sweep.
//!
//! No task and no executor is needed, and nobody has to wait for the child.
//!
//! ```text
//!           1 watch, in a loop                 2 look: the loop has ended,
//!   Nobody ───────────────────▶ Reactor,          or 3 leave_loop          Reactor,
//!     │ │                       the loop's ──────────────────────────────▶ the process's own
//!     │ └─4 watch, outside of any loop─────────────────────────────────────▲   │
//!     └───5 by_sweep: no descriptor for it, or no reactor takes it──▶ Sweep ◀──┘
//! ```
//!
//! The loop's own reactor comes first: a program with one thread stays one. But a loop may end, or stand
//! still between two runs, and a zombie must not wait for it: so a child that is dropped or awaited
//! elsewhere is watched by the reactor of the process, which a thread of `corio-base` always drives.
//!
//! # The race
//! The child may end at any moment. The reactor keeps the edge: `look` first stores the waker, and tries to
//! reap when the reactor says that the descriptor is readable; an end before the registration makes the
//! registration itself report it.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use corio_reactor::{Io, ReactorHandle, Ready, current};

use crate::exit::Exit;
use crate::sweep;

/// Who hears of the end.
pub(crate) enum Watched {
    /// `watch` has not begun.
    Nobody,
    Reactor(Arc<Watch>),
    Sweep,
}

/// The child's descriptor in a reactor.
pub(crate) struct Watch {
    io: Io<Arc<OwnedFd>>,
    reactor: ReactorHandle,
    /// It is the process's own, not a loop's.
    is_process_wide: bool,
}

impl Exit {
    /// Edges 1, 4 and 5: begins to watch. Called once.
    pub(crate) fn watch(self: &Arc<Self>) {
        let Some(Some(descriptor)) = self.if_running(|running| running.descriptor.clone()) else {
            return self.by_sweep();
        };
        if let Some(reactor) = current::try_handle()
            && self.by_reactor(descriptor.clone(), reactor, false).is_ok()
        {
            return;
        }
        if self.by_process(descriptor).is_err() {
            self.by_sweep();
        }
    }

    /// Has the process's own reactor watch.
    fn by_process(self: &Arc<Self>, descriptor: Arc<OwnedFd>) -> io::Result<()> {
        self.by_reactor(descriptor, current::process_handle()?, true)
    }

    fn by_reactor(
        self: &Arc<Self>,
        descriptor: Arc<OwnedFd>,
        reactor: ReactorHandle,
        is_process_wide: bool,
    ) -> io::Result<()> {
        let io = match Io::register(descriptor, &reactor, Ready::EMPTY) {
            Ok(io) => io,
            // Another thread is at it.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(()),
            Err(error) => return Err(error),
        };
        self.hand_over(Watched::Reactor(Arc::new(Watch { io, reactor, is_process_wide })));
        self.look();
        Ok(())
    }

    /// Edge 5.
    fn by_sweep(self: &Arc<Self>) {
        self.hand_over(Watched::Sweep);
        sweep::add(self.clone());
    }

    /// Sets who watches. Who did before is dropped without the lock: that wakes its waker.
    fn hand_over(&self, next: Watched) {
        let before = self.if_running(|running| std::mem::replace(&mut running.watched, next));
        drop(before);
    }

    fn watch_in_reactor(&self) -> Option<Arc<Watch>> {
        let watch = self.if_running(|running| match &running.watched {
            Watched::Reactor(watch) => Some(watch.clone()),
            _ => None,
        });
        watch.flatten()
    }

    /// Reaps the child if it has ended; otherwise the reactor calls the waker, which comes here again.
    fn look(self: &Arc<Self>) {
        let Some(watch) = self.watch_in_reactor() else { return };
        let waker = Waker::from(self.clone());
        let mut context = Context::from_waker(&waker);
        // It may be called in the poll of any task, whose own wait is not this one.
        let wait = corio_trace::take_last_wait();
        let polled = watch.io.poll_read_with(&mut context, |_| self.reap());
        let _ = corio_trace::take_last_wait();
        if let Some(wait) = wait {
            corio_trace::record(&wait);
        }
        if let Poll::Ready(Err(_)) = polled {
            // Edge 2.
            self.leave(&watch);
        }
    }

    /// Edge 3: has the child reaped also if its loop does not run, or ends.
    pub(crate) fn leave_loop(self: &Arc<Self>) {
        if let Some(watch) = self.watch_in_reactor()
            && !watch.is_process_wide
        {
            self.leave(&watch);
        }
    }

    /// Whether it is watched by a loop that is not this thread's.
    pub(crate) fn is_watched_elsewhere(&self) -> bool {
        let Some(watch) = self.watch_in_reactor() else { return false };
        let here = || current::try_handle().is_some_and(|here| here.is_same(&watch.reactor));
        !watch.is_process_wide && !here()
    }

    /// Has somebody else watch.
    fn leave(self: &Arc<Self>, watch: &Watch) {
        let descriptor = watch.io.get_ref().clone();
        if watch.is_process_wide || self.by_process(descriptor).is_err() {
            self.by_sweep();
        }
    }
}

impl Wake for Exit {
    fn wake(self: Arc<Self>) {
        self.look();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.look();
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::panic::Location;
    use std::process::{Command, Stdio};

    use corio_base::park::block_on;
    use corio_signal::SignalKind;
    use rustix::process::Pid;

    use super::*;
    use crate::sys;
    use crate::wait::Wait;

    /// A child that nobody watches yet.
    fn start(
        command: &mut Command,
        descriptor: impl FnOnce(Pid) -> Option<OwnedFd>,
    ) -> (Arc<Exit>, std::process::Child) {
        let child = command.spawn().expect("it starts");
        let pid = Pid::from_raw(child.id().cast_signed()).expect("above 0");
        let program = command.get_program();
        let exit = Exit::new(pid, descriptor(pid), program, false, Location::caller());
        (exit, child)
    }

    #[test]
    fn edge_5_the_sweep_looks_where_there_is_no_descriptor() {
        let (exit, mut child) = start(Command::new("cat").stdin(Stdio::piped()), |_| None);
        exit.watch();
        assert!(exit.try_wait().expect("no error").is_none());
        // Neither of these has a meaning for the sweep.
        exit.leave_loop();
        assert!(!exit.is_watched_elsewhere());
        drop(child.stdin.take());
        assert!(block_on(Wait::new(&exit)).expect("a status").success());
    }

    #[test]
    fn without_a_descriptor_signals_go_by_number_and_only_before_it_is_reaped() {
        let (exit, _child) = start(Command::new("sleep").arg("600"), |_| None);
        exit.watch();
        exit.signal(SignalKind::terminate()).expect("it runs");
        assert_eq!(block_on(Wait::new(&exit)).expect("a status").signal(), Some(15));
        exit.signal(SignalKind::kill()).expect("nothing is sent");
    }

    #[test]
    fn the_sweep_forgets_those_that_have_ended_and_takes_new_ones() {
        for _ in 0..3 {
            let all: Vec<_> = (0..4).map(|_| start(&mut Command::new("true"), |_| None)).collect();
            all.iter().for_each(|(exit, _)| exit.watch());
            for (exit, _) in &all {
                assert!(block_on(Wait::new(exit)).expect("a status").success());
            }
        }
    }

    #[test]
    fn a_reactor_that_ends_hands_over_and_a_second_hand_over_is_none() {
        let reactor = corio_reactor::Reactor::new().expect("it opens");
        let installed = current::install(reactor.handle());
        let mut cat = Command::new("cat");
        let (exit, mut child) =
            start(cat.stdin(Stdio::piped()), |pid| sys::exit_descriptor(pid).ok());
        exit.watch();
        drop(installed);
        let is_process_wide = || exit.watch_in_reactor().map(|watch| watch.is_process_wide);
        assert_eq!(is_process_wide(), Some(false));
        drop(reactor);
        assert_eq!(is_process_wide(), Some(true), "edge 2");
        exit.leave_loop();
        assert_eq!(is_process_wide(), Some(true));
        drop(child.stdin.take());
        assert!(block_on(Wait::new(&exit)).expect("a status").success());
    }
}
