//! [`Link`]: what the reader and the writer of one connection share.
//!
//! ```text
//!   StreamReader ── poll_read ──▶ ┌──────┐
//!                                 │ Link │ ──▶ Connection
//!   StreamWriter ── write ──────▶ └──────┘
//!                   the rest ──▶ Pump, a task while the peer does not read
//!   Server ── close, abort ─────▶
//! ```
//!
//! | field | who reads | who writes | under what |
//! |---|---|---|---|
//! | `phase` | everybody | who holds `state` | an atomic word |
//! | `state` | everybody | everybody | its lock, for a few instructions |
//! | `reader` | who ends the connection | the reader | `WakerCell` |
//! | `pump` | who ends the connection | the pump | `WakerCell` |
//! | `layers` | everybody | who upgrades | a `OnceLock` each |
//! | `room`, `closed` | who drains, who waits for the end | the pump, who ends it | their own |
//!
//! No lock is held while the connection is called, a waker woken or a value dropped.

mod layers;
mod phase;
mod pump;
mod state;
#[cfg(feature = "tls")]
mod upgrade;

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::panic::Location;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use corio_base::budget::Budget;
use corio_base::{WakeBatch, WakerCell};
use corio_executor::{Handle, yield_now};
use corio_sync::{Event, Notify};

pub use state::{HIGH_WATER_DEFAULT, LOW_WATER_DEFAULT};

use crate::TARGET;
use crate::connection::{Address, Connection};
use crate::error::Sticky;
use crate::server::{Client, Seat};
use layers::Layers;
use phase::{Phase, PhaseWord};
use pump::Pump;
use state::{Asked, Begin, Next, State};

pub(crate) struct Link {
    /// The connection as it was made, and what was put over it since: TLS.
    layers: Layers,
    phase: PhaseWord,
    state: Mutex<State>,
    /// The unsent bytes have become few.
    room: Notify,
    /// The connection has ended.
    closed: Event,
    reader: WakerCell,
    pump: WakerCell,
    /// Of `drain`, which may be ready for ever.
    budget: Budget,
    /// The peer, where that is known from the start: it can be asked for when the peer has gone.
    peer: Option<Address>,
    /// Where the pump runs if there is no loop on the thread that needs it.
    home: Handle,
    place: &'static Location<'static>,
}

impl Link {
    pub(crate) fn new(
        connection: Box<dyn Connection>,
        peer: Option<Address>,
        home: Handle,
        place: &'static Location<'static>,
    ) -> Arc<Link> {
        Arc::new(Link {
            layers: Layers::new(connection.into()),
            phase: PhaseWord::new(),
            state: Mutex::new(State::new()),
            room: Notify::new(),
            closed: Event::new(),
            reader: WakerCell::new(),
            pump: WakerCell::new(),
            budget: Budget::new(),
            peer,
            home,
            place,
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn connection(&self) -> &dyn Connection {
        &**self.layers.top()
    }

    pub(crate) fn peer_addr(&self) -> io::Result<Address> {
        self.peer.clone().map_or_else(|| self.connection().peer_addr(), Ok)
    }

    pub(crate) fn place(&self) -> &'static Location<'static> {
        self.place
    }

    /// Its place among the server's clients; given back when the connection has ended.
    pub(crate) fn take_seat(&self, seat: Seat) {
        let mut state = self.lock();
        let refused = match self.phase.get() {
            Phase::Lost => Some(seat),
            _ => state.seat.replace(seat),
        };
        drop(state);
        drop(refused);
    }

    // Reading

    /// Reads, for the one reader there is.
    pub(crate) fn poll_read(
        &self,
        context: &mut Context<'_>,
        room: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        // The race: the connection ends, or is closed, between the look and the sleep. The waker is
        // there before the last look, and whoever ends the connection changes the phase before it
        // wakes.
        loop {
            match self.phase.get() {
                Phase::Lost => return Poll::Ready(Ok(0)),
                Phase::Closing => {
                    self.reader.register(context.waker());
                    if self.phase.get() == Phase::Closing {
                        return Poll::Pending;
                    }
                }
                Phase::Open | Phase::Broken => match self.connection().poll_read(context, room) {
                    Poll::Ready(Ok(count)) => return Poll::Ready(Ok(count)),
                    Poll::Ready(Err(error)) => {
                        let error = Sticky::new(error);
                        let again = error.again();
                        self.break_off(error);
                        return Poll::Ready(Err(again));
                    }
                    Poll::Pending => {
                        self.reader.register(context.waker());
                        if matches!(self.phase.get(), Phase::Open | Phase::Broken) {
                            return Poll::Pending;
                        }
                    }
                },
            }
        }
    }

    /// Whether reads find the end without asking the connection.
    pub(crate) fn has_ended_reading(&self) -> bool {
        self.phase.get() == Phase::Lost
    }

    /// The program lets reads fail: drains fail, too.
    pub(crate) fn set_reader_error(&self, error: Sticky) {
        let before = self.lock().reader_error.replace(error);
        drop(before);
        self.room.notify_waiters();
    }

    // Writing

    /// Sends `bytes`, or keeps what the connection does not take now.
    #[track_caller]
    pub(crate) fn write(self: &Arc<Self>, bytes: &[IoSlice<'_>]) {
        let total = bytes.iter().map(|slice| slice.len()).sum();
        let begin = {
            let mut state = self.lock();
            let phase = self.phase.get();
            state.begin_write(phase, bytes, total)
        };
        match begin {
            Begin::Try => {}
            Begin::Queued | Begin::Ended { tell: false } => return,
            Begin::Ended { tell: true } => return self.tell_of_lost_writes(),
            Begin::AfterEof => panic!(
                "write() after write_eof(): the peer was told that nothing follows; write before, or \
                 do not end the direction"
            ),
        }
        let mut taken = 0;
        if total > 0 {
            let mut context = Context::from_waker(Waker::noop());
            let panics = Panics(self);
            let wrote = self.connection().poll_write(&mut context, bytes);
            std::mem::forget(panics);
            match wrote {
                Poll::Pending => {}
                Poll::Ready(Ok(count)) => taken = count.min(total),
                Poll::Ready(Err(error)) => self.fail(error),
            }
        }
        let next = {
            let mut state = self.lock();
            let phase = self.phase.get();
            if phase.is_over() {
                // Nobody will send it: it is dropped with what else was unsent.
                state.next(phase, VecDeque::new())
            } else {
                state.finish_write(bytes, taken);
                match state.unsent() {
                    0 => state.next(phase, VecDeque::new()),
                    _ => Next::Close,
                }
            }
        };
        if next != Next::Rest {
            // The pump asks again what there is to do.
            Pump::new(self.clone()).start();
        }
    }

    #[cold]
    fn tell_of_lost_writes(&self) {
        corio_trace::report_warning(
            TARGET,
            format_args!(
                "socket.send() raised exception: {:?} is written to although it has ended; look at \
                 what drain() returns",
                self.connection()
            ),
        );
    }

    fn next(&self, spare: VecDeque<u8>) -> Next {
        let next = {
            let mut state = self.lock();
            let phase = self.phase.get();
            state.next(phase, spare)
        };
        if next == Next::Rest {
            // An upgrade waits until everything is sent.
            self.room.notify_waiters();
        }
        next
    }

    fn sent(&self, count: usize) {
        let resumes = self.lock().sent(count);
        if resumes {
            self.room.notify_waiters();
        }
    }

    /// Waits until few enough bytes are unsent.
    pub(crate) async fn drain(&self) -> io::Result<()> {
        poll_fn(|context| self.budget.poll_available(context)).await;
        self.budget.spend();
        if self.phase.get() != Phase::Open {
            // So that a program that only writes and drains gives way, and the connection can end.
            yield_now().await;
        }
        if let Some(result) = self.may_go_on() {
            return result;
        }
        loop {
            // Made before the look: a notification between the two is its own.
            let room = self.room.notified();
            match self.may_go_on() {
                // It began before the end, and what it waits for has come about.
                Some(Err(_)) if self.lock().all_was_sent => return Ok(()),
                Some(result) => return result,
                None => room.await,
            }
        }
    }

    /// Waits until nothing is unsent.
    pub(crate) async fn flush(&self) -> io::Result<()> {
        loop {
            // Made before the look: a notification between the two is its own. The pump tells when it
            // rests, also while few bytes are unsent.
            let room = self.room.notified();
            let is_over = {
                let state = self.lock();
                if let Some(error) = &state.error {
                    return Err(error.again());
                }
                self.phase.get().is_over() || state.unsent() == 0
            };
            if is_over {
                return Ok(());
            }
            room.await;
        }
    }

    /// Whether the direction out was ended by this side.
    pub(crate) fn has_eof(&self) -> bool {
        self.lock().has_eof()
    }

    fn may_go_on(&self) -> Option<io::Result<()>> {
        let state = self.lock();
        if let Some(error) = state.reader_error.as_ref().or(state.error.as_ref()) {
            return Some(Err(error.again()));
        }
        if self.phase.get().is_over() {
            let message = "Connection lost: it was closed or aborted on this side";
            return Some(Err(io::Error::new(io::ErrorKind::ConnectionReset, message)));
        }
        (!state.is_paused()).then_some(Ok(()))
    }

    pub(crate) fn limits(&self) -> (usize, usize) {
        self.lock().limits()
    }

    pub(crate) fn set_limits(&self, low: usize, high: usize) {
        let resumes = self.lock().set_limits(low, high);
        if resumes {
            self.room.notify_waiters();
        }
    }

    pub(crate) fn unsent(&self) -> usize {
        self.lock().unsent()
    }

    // Ending

    pub(crate) fn write_eof(self: &Arc<Self>) -> io::Result<()> {
        if !self.connection().can_write_eof() {
            let message = "this connection cannot end one direction alone: close it instead";
            return Err(io::Error::new(io::ErrorKind::Unsupported, message));
        }
        let asked = {
            let mut state = self.lock();
            let phase = self.phase.get();
            state.ask_eof(phase)
        };
        if asked == Asked::Do {
            Pump::new(self.clone()).start();
        }
        Ok(())
    }

    /// Ends the connection after what is unsent; nothing more is read.
    pub(crate) fn close(self: &Arc<Self>) {
        let asked = self.lock().ask_close(&self.phase);
        match asked {
            Asked::Do => Pump::new(self.clone()).start(),
            // It looks at the phase before it sleeps. A pump would see it when the connection wakes it; a
            // handshake's peer may never.
            Asked::Leave => self.pump.wake(),
            Asked::Abort => Link::abort(self),
        }
    }

    /// Ends the connection now; what is unsent is dropped.
    pub(crate) fn abort(&self) {
        self.end(Phase::Lost, None);
        self.connection().abort();
    }

    pub(crate) fn is_open(&self) -> bool {
        self.phase.get() == Phase::Open
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.phase.get() != Phase::Open
    }

    /// Waits for the end, and says whether it was a good one.
    pub(crate) async fn wait_closed(&self) -> io::Result<()> {
        self.closed.wait().await;
        let error = self.lock().error.clone();
        error.map_or(Ok(()), |error| Err(error.again()))
    }

    /// The pump has closed the connection.
    fn closed(&self) {
        self.end(Phase::Lost, None);
    }

    /// Writing has failed.
    fn fail(&self, error: io::Error) {
        self.break_off(Sticky::new(error));
    }

    /// The connection has failed: nothing more can be written.
    fn break_off(&self, error: Sticky) {
        let phase = match self.phase.get() {
            Phase::Open | Phase::Broken => Phase::Broken,
            Phase::Closing | Phase::Lost => Phase::Lost,
        };
        self.end(phase, Some(error));
        if phase == Phase::Lost {
            self.connection().abort();
        }
    }

    /// Who had the right to write is gone before its work was done: the loop has ended, somebody ended
    /// the pump's task, or the connection panicked.
    #[cold]
    fn give_up(&self) {
        let lost = self.unsent();
        if self.phase.get().is_over() {
            return;
        }
        let message = format!("the connection was given up with {lost} bytes unsent");
        self.end(Phase::Lost, Some(Sticky::new(io::Error::other(message))));
        self.connection().abort();
        if lost > 0 {
            corio_trace::report_error(
                TARGET,
                format_args!(
                    "{lost} bytes written to {:?} were never sent: the loop ended before, or its \
                     connection panicked; await wait_closed() after close(), with a timeout if the \
                     peer may stop reading. The stream was made at {}",
                    self.connection(),
                    self.place
                ),
            );
        }
    }

    /// Edges 2 to 6 of the phases: changes the word, then tells everybody who waits.
    fn end(&self, phase: Phase, error: Option<Sticky>) {
        let (dropped, seat, before) = {
            let mut state = self.lock();
            if self.phase.get() == Phase::Lost {
                return drop(state);
            }
            self.phase.set(phase);
            let before = match (&state.error, error) {
                (None, error) => std::mem::replace(&mut state.error, error),
                (Some(_), later) => later,
            };
            let seat = if phase == Phase::Lost { state.seat.take() } else { None };
            state.all_was_sent = state.error.is_none() && state.unsent() == 0;
            (state.end(), seat, before)
        };
        drop((dropped, before));
        self.room.notify_waiters();
        self.closed.set();
        // Dropped, the batch wakes both, also where the first one panics, and whoever ends the connection goes on:
        // there is more to end.
        let mut wakers = WakeBatch::new();
        self.pump.take().into_iter().for_each(|waker| wakers.push(waker));
        self.reader.take().into_iter().for_each(|waker| wakers.push(waker));
        drop(wakers);
        drop(seat);
    }
}

/// Dropped only if a connection panics while it is written to: nobody would have the right to write, and
/// the connection would never end.
struct Panics<'a>(&'a Link);

impl Drop for Panics<'_> {
    fn drop(&mut self) {
        self.0.give_up();
    }
}

impl Client for Link {
    fn close(self: Arc<Self>) {
        Link::close(&self);
    }

    fn abort(self: Arc<Self>) {
        Link::abort(&self);
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (phase, unsent) = (self.phase.get(), self.unsent());
        write!(f, "<{:?} {phase:?}", self.connection())?;
        if unsent > 0 {
            write!(f, " unsent={unsent}")?;
        }
        f.write_str(">")
    }
}
