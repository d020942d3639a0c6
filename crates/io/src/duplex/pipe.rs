//! One direction of a duplex: bytes behind a lock, and who waits for more of them or for room.
//!
//! ```text
//!   Open ──1 end: the writer's side has closed──▶ Ended: what is left can be read, then the end
//!     └────2 refuse: the reader's side has closed──▶ Refused: nothing is kept, writing is an error
//! ```
//!
//! Both may happen, in either order. **The race**: a reader finds the pipe empty, a writer fills it, and
//! nobody wakes the reader. It cannot happen: a reader looks and leaves its waker within one stay in the
//! lock, and a writer fills and takes the wakers within one.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, IoSlice, IoSliceMut, Read as _};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use corio_base::WakeBatch;
use corio_base::budget::Budget;

use super::waiters::{Id, POLL_FORMS, Waiters};

/// One direction.
pub(super) struct Pipe {
    state: Mutex<State>,
    capacity: usize,
    /// Two ends in one task could otherwise keep each other ready for ever.
    reads: Budget,
    writes: Budget,
}

#[derive(Default)]
struct State {
    bytes: VecDeque<u8>,
    has_ended: bool,
    is_refused: bool,
    readers: Waiters,
    writers: Waiters,
}

/// A waiter's place in line. Who has waited with it gives it back ([`Pipe::leave_reading`]).
#[derive(Debug, Default)]
pub(super) struct Ticket(Id);

impl Ticket {
    /// The one that all poll forms share, which is never given back.
    pub(super) fn of_poll_forms() -> Ticket {
        Ticket(POLL_FORMS)
    }
}

impl Pipe {
    pub(super) fn new(capacity: usize) -> Pipe {
        Pipe { state: Mutex::default(), capacity, reads: Budget::new(), writes: Budget::new() }
    }

    /// Nothing of others runs under the lock but the cloning of wakers, so what a panic there leaves
    /// behind is whole.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn poll_read(
        &self,
        context: &mut Context<'_>,
        ticket: &mut Ticket,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        if buffers.iter().all(|buffer| buffer.is_empty()) {
            return Poll::Ready(Ok(0));
        }
        ready!(self.reads.poll_available(context));
        let mut batch = WakeBatch::new();
        let mut state = self.lock();
        if state.bytes.is_empty() && !state.has_ended && !state.is_refused {
            let old = state.readers.wait(&mut ticket.0, context.waker());
            drop(state);
            drop(old);
            return Poll::Pending;
        }
        let mut n = 0;
        for buffer in buffers {
            n += take(&mut state.bytes, buffer);
        }
        state.writers.take_all(&mut batch);
        drop(state);
        self.reads.spend();
        batch.wake_all();
        Poll::Ready(Ok(n))
    }

    pub(super) fn poll_write(
        &self,
        context: &mut Context<'_>,
        ticket: &mut Ticket,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if bytes.iter().all(|slice| slice.is_empty()) {
            return Poll::Ready(Ok(0));
        }
        ready!(self.writes.poll_available(context));
        let mut batch = WakeBatch::new();
        let mut state = self.lock();
        if state.has_ended || state.is_refused {
            let what = if state.has_ended { "this end's writing was shut down" } else { GONE };
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::BrokenPipe, what)));
        }
        if state.bytes.len() == self.capacity {
            let old = state.writers.wait(&mut ticket.0, context.waker());
            drop(state);
            drop(old);
            return Poll::Pending;
        }
        let mut n = 0;
        for slice in bytes {
            let fits = slice.len().min(self.capacity - state.bytes.len());
            state.bytes.extend(&slice[..fits]);
            n += fits;
        }
        state.readers.take_all(&mut batch);
        drop(state);
        self.writes.spend();
        batch.wake_all();
        Poll::Ready(Ok(n))
    }

    /// Edge 1.
    pub(super) fn end(&self) {
        self.change(|state| {
            state.has_ended = true;
            VecDeque::new()
        });
    }

    /// Edge 2.
    pub(super) fn refuse(&self) {
        self.change(|state| {
            state.is_refused = true;
            std::mem::take(&mut state.bytes)
        });
    }

    /// Changes what both sides go by, so both look again.
    fn change(&self, change: impl FnOnce(&mut State) -> VecDeque<u8>) {
        let mut batch = WakeBatch::new();
        let mut state = self.lock();
        let rest = change(&mut state);
        state.readers.take_all(&mut batch);
        state.writers.take_all(&mut batch);
        drop(state);
        drop(rest);
        batch.wake_all();
    }

    /// Gives back the ticket of a reader.
    pub(super) fn leave_reading(&self, ticket: &Ticket) {
        if ticket.0 != 0 {
            let waker = self.lock().readers.leave(ticket.0);
            drop(waker);
        }
    }

    /// Gives back the ticket of a writer.
    pub(super) fn leave_writing(&self, ticket: &Ticket) {
        if ticket.0 != 0 {
            let waker = self.lock().writers.leave(ticket.0);
            drop(waker);
        }
    }
}

/// Fills `buffer` as far as there are bytes.
fn take(bytes: &mut VecDeque<u8>, buffer: &mut [u8]) -> usize {
    let mut filled = 0;
    // At most twice: a queue lies in two pieces, and gives one at a time.
    while filled < buffer.len() && !bytes.is_empty() {
        filled += bytes.read(&mut buffer[filled..]).expect("a queue of bytes can be read");
    }
    filled
}

const GONE: &str = "the other end of the duplex is gone, or reads no more";

impl fmt::Debug for Pipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (length, has_ended, is_refused) = {
            let state = self.lock();
            (state.bytes.len(), state.has_ended, state.is_refused)
        };
        f.debug_struct("Pipe")
            .field("length", &length)
            .field("capacity", &self.capacity)
            .field("has_ended", &has_ended)
            .field("is_refused", &is_refused)
            .finish_non_exhaustive()
    }
}
