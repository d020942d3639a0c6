//! One signal, and the pipe it is written into.
//!
//! Each watch has a pipe of its own, so that any number of them hear of the same signal, each once
//! and on the loop it belongs to. It costs two descriptors and a registration; programs have a
//! handful of them.
//!
//! # The race
//! A signal may come at any moment after [`Watch::new`], also before anybody polls, and on any
//! thread. It is not lost: the pipe keeps the byte, and the reactor says that the pipe is readable
//! whenever it is asked later. Signals that come faster than they are read fill the pipe and are then
//! left out: nobody counts them, and a full pipe says what one byte says.
//!
//! A loop may end while the watch lives on. The pipe keeps its bytes then, too, and goes to the loop
//! of whoever polls next.
#![expect(unsafe_code, reason = "what a signal handler may do cannot be checked by the compiler")]

use std::ffi::c_int;
use std::io::{self, PipeReader, Read};
use std::task::{Context, Poll};

use corio_reactor::Io;
use signal_hook_registry::SigId;

use crate::default::{self, Counted};

/// How much one read takes: more signals than come, mostly, while nobody looks.
const READ_MAX: usize = 64;

/// Signals that come while it lives, kept until they are looked at.
#[derive(Debug)]
pub(crate) struct Watch {
    pipe: Io<PipeReader>,
    id: SigId,
    /// After `id` in the drop: it is not called any more.
    _counted: Counted,
}

impl Watch {
    /// Begins to watch `signal`; from here on it has its default effect no more, for the rest of
    /// the process's life, or until [`crate::restore_default`].
    ///
    /// # Errors
    /// No descriptors left, or what the system says about the signal.
    ///
    /// # Panics
    /// For a signal that cannot be watched: [`SignalKind::check_watchable`] comes first.
    ///
    /// [`SignalKind::check_watchable`]: crate::SignalKind::check_watchable
    pub(crate) fn new(signal: c_int) -> io::Result<Watch> {
        // Both ends are closed on exec, so children do not keep the pipe.
        let (reader, writer) = io::pipe()?;
        rustix::io::ioctl_fionbio(&writer, true)?;
        let pipe = Io::new(reader)?;
        let counted = default::count(signal)?;
        // A process that is forked off has the handler and the same pipe: what it is told is not ours.
        let own = rustix::process::getpid();
        let write = move || {
            if rustix::process::getpid() != own {
                return;
            }
            // Full: there are bytes in it already. Nothing else can go wrong, and nobody is there
            // to be told.
            let _ = rustix::io::write(&writer, &[1]);
        };
        // SAFETY: the action asks for the process's number and makes one `write` to a descriptor that
        // it owns: POSIX lists both as async-signal-safe; it does not block, allocate, lock or panic, and the
        // registry restores `errno` after it.
        let id = unsafe { signal_hook_registry::register(signal, write) }?;
        Ok(Watch { pipe, id, _counted: counted })
    }

    /// Waits until the signal has come since the last time this was ready. What it waits for is its caller's
    /// to record: the pipe is nobody's business.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = self.poll_pipe(context);
        if polled.is_pending() && corio_trace::enabled() {
            let _ = corio_trace::take_last_wait();
        }
        polled
    }

    fn poll_pipe(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.poll_here(context) {
            // A pipe of our own cannot fail; its loop has ended.
            Poll::Ready(Err(_)) => {
                let same_pipe = self.pipe.get_ref().try_clone()?;
                self.pipe = Io::new(same_pipe)?;
                self.poll_here(context)
            }
            polled => polled,
        }
    }

    fn poll_here(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.pipe.poll_read_with(context, |mut pipe| {
            // All that signals have written is taken, and told once: a full read may have left more.
            let mut bytes = [0; READ_MAX];
            let mut count = pipe.read(&mut bytes)?;
            while count == bytes.len() {
                count = pipe.read(&mut bytes).unwrap_or(0);
            }
            Ok(())
        })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // Returns when no handler runs the action any more; the action is dropped then, and with it
        // the writing end of the pipe.
        signal_hook_registry::unregister(self.id);
    }
}
