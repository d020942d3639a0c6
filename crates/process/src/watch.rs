//! Who hears that a child has ended, and reaps it: wakers of reactors, or, where none can be had, the sweep.
//!
//! No task and no executor is needed, and nobody has to wait for the child.
//!
//! ```text
//!             1 watch, in a loop                     3 look: the loop has ended
//!           ┌───────────────────▶ the loop's reactor ──────────────────────────▶ nobody
//!   Nobody ─┤
//!           │ 2 watch
//!           ├───────────────────▶ the process's own reactor
//!           │ 4 by_sweep: no descriptor for it, or that reactor takes it not
//!           └───────────────────▶ the sweep
//! ```
//!
//! The loop's own reactor is the quicker one: who waits for the child is woken on its own thread. But a loop
//! may stand still, in a poll that blocks or between two runs, or end, and a zombie must not wait for it. So
//! the reactor of the process, which a thread of `corio-base` drives whatever the loops do, hears of every
//! child, too. It costs two system calls, beside the hundreds of a start, and that thread.
//!
//! # The race
//! The child may end at any moment, and both hear of it. A reactor keeps the edge: `look` first stores the
//! waker, and tries to reap when the reactor says that the descriptor is readable; an end before the
//! registration makes the registration itself report it. Who comes second finds the child reaped (`exit`).

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use corio_reactor::{Io, ReactorHandle, Ready, current};

use crate::exit::Exit;
use crate::sweep;

/// The child's descriptor in a reactor.
pub(crate) type Watch = Io<Arc<OwnedFd>>;

/// Who hears of the end, but for the sweep, which has a list of its own.
#[derive(Default)]
pub(crate) struct Watched {
    by_loop: Option<Arc<Watch>>,
    by_process: Option<Arc<Watch>>,
}

impl Watched {
    fn place(&mut self, whose: Whose) -> &mut Option<Arc<Watch>> {
        match whose {
            Whose::Loop => &mut self.by_loop,
            Whose::Process => &mut self.by_process,
        }
    }
}

/// Whose reactor it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    Loop,
    Process,
}

/// The waker that a reactor has.
struct Ear {
    exit: Arc<Exit>,
    whose: Whose,
}

impl Exit {
    /// Edges 1, 2 and 4: begins to watch. Called once.
    pub(crate) fn watch(self: &Arc<Self>) {
        let Some(Some(descriptor)) = self.if_running(|running| running.descriptor.clone()) else {
            return self.by_sweep();
        };
        if let Some(reactor) = current::try_handle() {
            // Refused, it is slower and nothing else.
            let _ = self.by_reactor(descriptor.clone(), &reactor, Whose::Loop);
        }
        let by_process = current::process_handle()
            .and_then(|reactor| self.by_reactor(descriptor, &reactor, Whose::Process));
        if by_process.is_err() {
            self.by_sweep();
        }
    }

    fn by_reactor(
        self: &Arc<Self>,
        descriptor: Arc<OwnedFd>,
        reactor: &ReactorHandle,
        whose: Whose,
    ) -> io::Result<()> {
        let io = Io::register(descriptor, reactor, Ready::EMPTY)?;
        self.set_watch(whose, Some(Arc::new(io)));
        self.look(whose);
        Ok(())
    }

    /// Edge 4.
    fn by_sweep(self: &Arc<Self>) {
        sweep::add(self.clone());
    }

    /// Sets who watches. Who did before is dropped without the lock: that wakes its waker.
    fn set_watch(&self, whose: Whose, watch: Option<Arc<Watch>>) {
        let before =
            self.if_running(|running| std::mem::replace(running.watched.place(whose), watch));
        drop(before);
    }

    /// Reaps the child if it has ended; otherwise the reactor calls the waker, which comes here again.
    fn look(self: &Arc<Self>, whose: Whose) {
        let watch = self.if_running(|running| running.watched.place(whose).clone());
        let Some(Some(watch)) = watch else { return };
        let waker = Waker::from(Arc::new(Ear { exit: self.clone(), whose }));
        let mut context = Context::from_waker(&waker);
        // It may be called in the poll of any task, whose own wait is not this one.
        let wait = corio_trace::take_last_wait();
        let polled = watch.poll_read_with(&mut context, |_| self.reap());
        let _ = corio_trace::take_last_wait();
        if let Some(wait) = wait {
            corio_trace::record(&wait);
        }
        if let Poll::Ready(Err(_)) = polled {
            // Edge 3.
            self.set_watch(whose, None);
            if whose == Whose::Process {
                self.by_sweep();
            }
        }
    }
}

impl Wake for Ear {
    fn wake(self: Arc<Self>) {
        self.exit.look(self.whose);
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.exit.look(self.whose);
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
    fn edge_4_the_sweep_looks_where_there_is_no_descriptor() {
        let (exit, mut child) = start(Command::new("cat").stdin(Stdio::piped()), |_| None);
        exit.watch();
        assert!(exit.try_wait().expect("no error").is_none());
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
    fn edge_3_a_loop_that_ends_leaves_the_child_to_the_process() {
        let reactor = corio_reactor::Reactor::new().expect("it opens");
        let installed = current::install(reactor.handle());
        let mut cat = Command::new("cat");
        let (exit, mut child) =
            start(cat.stdin(Stdio::piped()), |pid| sys::exit_descriptor(pid).ok());
        exit.watch();
        drop(installed);
        let watched = |whose| {
            exit.if_running(|running| running.watched.place(whose).is_some()).expect("it runs")
        };
        assert!(watched(Whose::Loop) && watched(Whose::Process));
        drop(reactor);
        assert!(!watched(Whose::Loop) && watched(Whose::Process));
        drop(child.stdin.take());
        assert!(block_on(Wait::new(&exit)).expect("a status").success());
    }
}
