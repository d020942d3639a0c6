//! The way out of a [`Wire`]: what is sent at once, what waits, and what is told of it.
//!
//! ```text
//!   write ──nothing unsent──▶ the system ──took all──▶ done
//!     │                          │ took a part, or none
//!     └──something unsent──▶ unsent ──flush, now and when there is room──▶ the system
//! ```

use std::io::{self, IoSlice};
use std::task::{Context, Poll, Wake, Waker};

use corio_net::send_now;
use corio_reactor::{After, Direction};

use super::{Callbacks, Eof, Phase, Wire};
use crate::TARGET;
use crate::link::HIGH_WATER_DEFAULT;

/// How much is sent at once at most, lest a peer that reads as fast as this sends has the loop for itself: what
/// the system copies in some 60 µs. The rest goes after the others' turns.
const SENT_AT_ONCE_MAX: usize = 256 * 1024;

/// So many writes to a connection that has ended are a program that does not notice: asyncio's number.
const LOST_WRITES_TOLD: u32 = 5;

impl Wire {
    /// Sends what the system takes, keeps the rest.
    #[inline]
    #[track_caller]
    pub(in crate::protocol) fn write(&self, data: &[u8]) {
        if !self.is_steady.get() || data.is_empty() {
            return self.write_one(data);
        }
        let sent = match &*self.connection.borrow() {
            Some(connection) if self.edges.is_worth_a_try(Direction::Write) => {
                connection.bare_socket().map(|socket| send_now(socket, data))
            }
            _ => None,
        };
        match sent {
            Some(Ok((count, _))) if count >= data.len() => {}
            otherwise => self.sent_otherwise(otherwise, data),
        }
    }

    /// What the system did not take of a write to a connection that is steady.
    #[cold]
    #[inline(never)]
    fn sent_otherwise(&self, sent: Option<io::Result<(usize, After)>>, data: &[u8]) {
        let taken = match sent {
            None => Ok(0),
            Some(Ok((taken, after))) => {
                if after == After::Drained {
                    // Short of what it was asked for; that there is more room the list will tell.
                    self.edges.used_up(Direction::Write);
                }
                Ok(taken)
            }
            Some(Err(error)) => self.edges.failed(Direction::Write, error).map(|()| 0),
        };
        match taken {
            Ok(taken) => self.keep(&[IoSlice::new(data)], taken),
            Err(error) => self.abort(Some(error)),
        }
    }

    #[cold]
    #[inline(never)]
    #[track_caller]
    fn write_one(&self, data: &[u8]) {
        self.write_vectored(&[IoSlice::new(data)]);
    }

    /// The same of several pieces, and in every state.
    #[cold]
    #[track_caller]
    pub(in crate::protocol) fn write_vectored(&self, pieces: &[IoSlice<'_>]) {
        if self.eof.get() != Eof::Open {
            after_eof();
        }
        let total: usize = pieces.iter().map(|piece| piece.len()).sum();
        if total == 0 {
            return;
        }
        if self.phase.get() != Phase::Open {
            return self.lose_write();
        }
        let is_first = self.unsent.borrow().is_empty();
        let poll = if is_first { self.try_out(Waker::noop(), pieces) } else { Poll::Pending };
        match poll {
            Poll::Ready(Ok(count)) if count >= total => {}
            otherwise => self.tried(otherwise, pieces),
        }
    }

    /// An attempt did not take all.
    #[cold]
    fn tried(&self, poll: Poll<io::Result<usize>>, pieces: &[IoSlice<'_>]) {
        match poll {
            Poll::Ready(Ok(taken)) => self.keep(pieces, taken),
            Poll::Ready(Err(error)) => self.abort(Some(error)),
            Poll::Pending => self.keep(pieces, 0),
        }
    }

    /// Keeps what comes after the first `taken` bytes.
    #[cold]
    fn keep(&self, pieces: &[IoSlice<'_>], mut taken: usize) {
        self.is_steady.set(false);
        let is_first = {
            let mut unsent = self.unsent.borrow_mut();
            let is_first = unsent.is_empty();
            for piece in pieces {
                let skipped = taken.min(piece.len());
                taken -= skipped;
                unsent.extend(&piece[skipped..]);
            }
            is_first
        };
        if is_first {
            // Nobody is told yet when there is room.
            self.with_waker(|waker| self.flush(waker));
        }
        self.flow.borrow_mut().grown(self.unsent());
        self.want_turn_for_news();
    }

    fn want_turn_for_news(&self) {
        if self.flow.borrow().has_news() {
            self.want_turn();
        }
    }

    /// Sends what is unsent, as far as there is room and it is this one's turn; `waker` is woken when there is
    /// more room.
    pub(super) fn flush(&self, waker: &Waker) {
        let mut all = 0;
        loop {
            if all >= SENT_AT_ONCE_MAX && self.unsent() > 0 {
                self.signal.wake_by_ref();
                break;
            }
            let poll = {
                let unsent = self.unsent.borrow();
                let (front, back) = unsent.as_slices();
                match (front, back) {
                    ([], _) => break,
                    (_, []) => self.try_out(waker, &[IoSlice::new(front)]),
                    _ => self.try_out(waker, &[IoSlice::new(front), IoSlice::new(back)]),
                }
            };
            match poll {
                Poll::Pending => break,
                Poll::Ready(Ok(0)) => return self.abort(Some(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(count)) => {
                    self.sent(count);
                    all = all.saturating_add(count);
                }
                Poll::Ready(Err(error)) => return self.abort(Some(error)),
            }
        }
        self.flow.borrow_mut().shrunk(self.unsent());
        if self.eof.get() == Eof::Asked && self.unsent() == 0 {
            self.send_eof(waker);
        }
    }

    fn sent(&self, count: usize) {
        let mut unsent = self.unsent.borrow_mut();
        let count = count.min(unsent.len());
        unsent.drain(..count);
        if unsent.is_empty() && unsent.capacity() > HIGH_WATER_DEFAULT {
            // A connection that was slow once need not hold the memory for ever.
            *unsent = Default::default();
        }
    }

    /// Writes, watched or polled.
    fn try_out(&self, waker: &Waker, pieces: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        match (&*self.connection.borrow(), self.edges(), pieces) {
            (Some(connection), Some(edges), [one]) => connection.try_write(edges, one),
            (Some(connection), Some(edges), _) => connection.try_write_vectored(edges, pieces),
            (Some(connection), None, _) => {
                connection.poll_write(&mut Context::from_waker(waker), pieces)
            }
            (None, ..) => Poll::Pending,
        }
    }

    /// Tells the protocol to pause, if it has to: before it is given more to answer.
    #[inline]
    pub(super) fn tell_pause(&self) {
        if self.flow.borrow().has_to_pause() {
            self.tell_flow();
        }
    }

    /// Tells the protocol whether to write.
    #[cold]
    pub(super) fn tell_flow(&self) {
        loop {
            let news = self.flow.borrow_mut().news();
            let Some(pauses) = news.filter(|_| self.phase.get() != Phase::Ended) else { return };
            let what = if pauses { "pause_writing" } else { "resume_writing" };
            self.call(what, |callbacks: &mut Callbacks| callbacks.write_flow(pauses));
        }
    }

    #[cold]
    fn lose_write(&self) {
        let lost = self.lost_writes.get().saturating_add(1);
        self.lost_writes.set(lost);
        if lost >= LOST_WRITES_TOLD {
            corio_trace::report_warning(
                TARGET,
                format_args!(
                    "socket.send() raised exception: {self:?} was written to {lost} times after its \
                     end; stop writing in connection_lost(), or look at is_closing()"
                ),
            );
        }
    }

    pub(in crate::protocol) fn can_write_eof(&self) -> bool {
        self.connection.borrow().as_ref().is_some_and(|connection| connection.can_write_eof())
    }

    pub(in crate::protocol) fn write_eof(&self) -> io::Result<()> {
        if self.phase.get() != Phase::Open || self.eof.get() != Eof::Open {
            return Ok(());
        }
        if !self.can_write_eof() {
            let message = "this connection cannot end one direction alone: close it instead";
            return Err(io::Error::new(io::ErrorKind::Unsupported, message));
        }
        self.eof.set(Eof::Asked);
        self.is_steady.set(false);
        if self.unsent() == 0 {
            self.with_waker(|waker| self.send_eof(waker));
        }
        Ok(())
    }

    fn send_eof(&self, waker: &Waker) {
        let poll = match &*self.connection.borrow() {
            Some(connection) => connection.poll_write_eof(&mut Context::from_waker(waker)),
            None => return,
        };
        match poll {
            Poll::Pending => {}
            Poll::Ready(Ok(())) => self.eof.set(Eof::Sent),
            Poll::Ready(Err(error)) => self.abort(Some(error)),
        }
    }

    pub(in crate::protocol) fn unsent(&self) -> usize {
        self.unsent.borrow().len()
    }

    pub(in crate::protocol) fn limits(&self) -> (usize, usize) {
        self.flow.borrow().limits()
    }

    #[track_caller]
    pub(in crate::protocol) fn set_limits(&self, high: Option<usize>, low: Option<usize>) {
        self.flow.borrow_mut().set_limits(high, low, self.unsent());
        self.want_turn_for_news();
    }
}

#[cold]
#[track_caller]
fn after_eof() -> ! {
    panic!(
        "write() after write_eof(): the peer was told that nothing follows; write before, or do not end \
         the direction"
    )
}
