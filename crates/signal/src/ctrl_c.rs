//! The future of Ctrl-C.

use std::fmt;
use std::io;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use corio_trace::WaitKind;
use corio_trace::book::PlacedLeaf;

use crate::watch::Watch;

/// The signal that a terminal sends for Ctrl-C.
const SIGINT: i32 = rustix::process::Signal::INT.as_raw();

/// Waits for Ctrl-C (`SIGINT`).
///
/// The signal counts from the moment of the call on: one that comes between the call and the first
/// poll makes the first poll ready. So call it before the program says that it is up, and await it
/// later. Every future that waits is told of the same Ctrl-C.
///
/// ```
/// use corio_base::park::block_on;
/// use rustix::process::{Signal, getpid, kill_process};
///
/// let ctrl_c = corio_signal::ctrl_c();
/// kill_process(getpid(), Signal::INT)?; // as the terminal does
/// block_on(ctrl_c)?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # The default action does not come back
/// By default Ctrl-C ends the process. From the first call of this function on, and for as long as
/// the process lives, it does not: not after the future is ready, and not after it is dropped. A
/// program that has used it once answers every Ctrl-C itself, for example by calling it again and
/// ending at the second one.
///
/// # Errors
/// The future gives an error if there are no descriptors left (it takes two), or if the loop it was
/// made on has ended.
///
/// # Cancel safety
/// Dropped, the future forgets a Ctrl-C that came and was not awaited; others are not affected. To
/// hear of every one, keep one future that waits while another one's news is handled.
#[track_caller]
pub fn ctrl_c() -> CtrlC {
    crate::interrupt::take_over();
    let state = match Watch::new(SIGINT) {
        Ok(watch) => State::Waiting(watch),
        Err(error) => State::Failed(error),
    };
    CtrlC { state, leaf: PlacedLeaf::new(Location::caller()) }
}

/// The future of [`ctrl_c`].
///
/// It may be moved to another thread; the loop on which it was made watches the pipe.
#[must_use = "Ctrl-C has lost its default action, and nobody waits for it unless this is awaited"]
pub struct CtrlC {
    state: State,
    leaf: PlacedLeaf,
}

enum State {
    Waiting(Watch),
    /// It could not be set up; the first poll says so.
    Failed(io::Error),
    Done,
}

impl Future for CtrlC {
    type Output = io::Result<()>;

    /// # Panics
    /// If it has been ready already.
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let State::Waiting(watch) = &mut self.state {
            let polled = watch.poll(context);
            if polled.is_pending() {
                self.leaf.wait(WaitKind::Signal, SIGINT as usize, None);
            } else {
                // Nobody is told of further signals through this one.
                self.state = State::Done;
                self.leaf.clear();
            }
            return polled;
        }
        match std::mem::replace(&mut self.state, State::Done) {
            State::Failed(error) => Poll::Ready(Err(error)),
            _ => {
                panic!("the CtrlC made at {} was polled after it was ready", self.leaf.place())
            }
        }
    }
}

impl fmt::Debug for CtrlC {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::Waiting(_) => "waiting",
            State::Failed(_) => "failed",
            State::Done => "done",
        };
        write!(f, "CtrlC({state}, made at {})", self.leaf.place())
    }
}
