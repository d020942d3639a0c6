//! [`Pump`]: who holds the right to write and goes on when the connection takes no more.
//!
//! A write tries at once, and mostly that is all. What is left over is a pump's: it is polled once on
//! the spot, and if it has to wait it becomes a task, which ends when nothing is left to do. So a
//! connection whose peer reads has no such task, and nobody has to await a `drain` for bytes to go out.
//!
//! **At the end of a run** every task is cancelled, and this one, too. What is on its way gets
//! [`LAST_FLUSH_MAX`] more; then it is lost, and the log hears of it.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use corio_task::{Spawn, catch};

use super::Link;
use super::phase::Phase;
use super::state::Next;

/// How long a cancelled pump goes on. A peer that reads takes all that a socket's buffer holds in this
/// time over any line that is of use; one that does not read would hold up the end of the run for its
/// whole grace.
const LAST_FLUSH_MAX: Duration = Duration::from_secs(1);

/// How much one poll sends at most, lest a peer that reads as fast as this sends has the loop for itself:
/// what the system copies in some 60 µs.
const SENT_PER_POLL_MAX: usize = 256 * 1024;

/// What the pump is about.
#[derive(Debug)]
enum Doing {
    Writing,
    Ending,
    Closing,
}

/// The right to write to a link.
#[derive(Debug)]
pub(super) struct Pump {
    link: Arc<Link>,
    bytes: VecDeque<u8>,
    /// In this poll.
    sent: usize,
    doing: Doing,
    has_ended: bool,
}

impl Pump {
    /// The caller holds the right, and gives it away.
    pub(super) fn new(link: Arc<Link>) -> Self {
        Pump { link, bytes: VecDeque::new(), sent: 0, doing: Doing::Writing, has_ended: false }
    }

    /// Does what can be done now, and leaves the rest to a task.
    pub(super) fn start(mut self) {
        let mut context = Context::from_waker(Waker::noop());
        if Pin::new(&mut self).poll(&mut context).is_pending() {
            self.spawn();
        }
    }

    fn spawn(self) {
        let home = self.link.home.clone();
        // Eager: a task that is cancelled before its first poll is dropped without being asked, and a
        // program may well end in the turn in which it has written its last.
        let spawn = Spawn::from(self.link.place).name("stream-flush").eager_start(true);
        // The handles are dropped: the task runs on.
        match corio_executor::current().filter(|core| !core.is_closed()) {
            Some(core) => drop(core.spawn_with(spawn, self.run())),
            None => drop(home.spawn_with(spawn, self.run())),
        }
    }

    async fn run(self) {
        let mut pump = pin!(self);
        let Err(cancelled) = catch(pump.as_mut()).await else { return };
        let mut time = pin!(corio_timer::sleep(LAST_FLUSH_MAX).unrecorded());
        poll_fn(|context| match pump.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(()),
            Poll::Pending => time.as_mut().poll(context),
        })
        .await;
        cancelled.resume().await
    }

    /// Writes once. `Ready(None)`: there is nothing to write.
    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Option<usize>>> {
        let (first, second) = self.bytes.as_slices();
        // Of the second only if all of the first is among them.
        let room = SENT_PER_POLL_MAX - self.sent;
        let first = &first[..first.len().min(room)];
        let second = &second[..second.len().min(room - first.len())];
        let bytes = [IoSlice::new(first), IoSlice::new(second)];
        let wanted = match (first, second) {
            ([], []) => return Poll::Ready(Ok(None)),
            (_, []) => &bytes[..1],
            _ => &bytes[..],
        };
        let count = ready!(self.link.connection().poll_write(context, wanted))?;
        if count == 0 {
            return Poll::Ready(Err(took_nothing(self.bytes.len())));
        }
        Poll::Ready(Ok(Some(count)))
    }

    /// Ready when the connection was closed, and what is unsent keeps that waiting for too long.
    fn poll_overdue(&self, context: &mut Context<'_>) -> Poll<io::Error> {
        match (&self.doing, self.link.phase.get()) {
            (Doing::Writing, Phase::Closing) => self.link.connection().poll_overdue(context),
            _ => Poll::Pending,
        }
    }

    /// One step; `true`: it was the last.
    fn poll_step(&mut self, context: &mut Context<'_>) -> Poll<io::Result<bool>> {
        match self.doing {
            Doing::Writing => {
                if let Some(count) = ready!(self.poll_write(context))? {
                    self.bytes.drain(..count);
                    self.sent += count;
                    self.link.sent(count);
                    return Poll::Ready(Ok(false));
                }
                match self.link.next(std::mem::take(&mut self.bytes)) {
                    Next::Write(bytes) => self.bytes = bytes,
                    Next::Eof => self.doing = Doing::Ending,
                    Next::Close => self.doing = Doing::Closing,
                    Next::Rest => return Poll::Ready(Ok(true)),
                }
            }
            Doing::Ending => {
                ready!(self.link.connection().poll_write_eof(context))?;
                self.link.lock().eof_is_done();
                self.doing = Doing::Writing;
            }
            Doing::Closing => {
                ready!(self.link.connection().poll_close(context))?;
                self.link.closed();
                return Poll::Ready(Ok(true));
            }
        }
        Poll::Ready(Ok(false))
    }
}

impl Future for Pump {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        this.sent = 0;
        loop {
            if this.link.phase.get().is_over() {
                this.has_ended = true;
                return Poll::Ready(());
            }
            if this.sent >= SENT_PER_POLL_MAX {
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            match this.poll_step(context) {
                Poll::Ready(Ok(false)) => {}
                Poll::Ready(Ok(true)) => this.has_ended = true,
                Poll::Ready(Err(error)) => this.link.fail(error),
                Poll::Pending => {
                    // The race: the connection is aborted between the step and the sleep. The waker is
                    // there before the look.
                    this.link.pump.register(context.waker());
                    if this.link.phase.get().is_over() {
                        continue;
                    }
                    this.link.fail(ready!(this.poll_overdue(context)));
                }
            }
            if this.has_ended {
                return Poll::Ready(());
            }
        }
    }
}

impl Drop for Pump {
    fn drop(&mut self) {
        if !self.has_ended {
            self.link.give_up();
        }
    }
}

/// A connection that takes nothing of something would be asked for ever.
#[cold]
fn took_nothing(left: usize) -> io::Error {
    let message = format!("the connection took none of the {left} bytes that were left to write");
    io::Error::new(io::ErrorKind::WriteZero, message)
}
