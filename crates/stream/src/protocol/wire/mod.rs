//! [`Wire`]: one connection that calls a protocol: what is done in its turns.
//!
//! ```text
//!   Open ──1 close──▶ Closing ──2 close_step: all is sent──▶ Ended ──4 lose──▶ Gone
//!     └────────3 abort────┴──────────────────────────────────▲
//! ```
//!
//! The protocol is called in turns of the wire, and nowhere else ([`super::hub`] gives them): so one
//! callback runs at a time, in the context the connection was made in, and none within what a program
//! calls. What the program asks of its transport happens at once where the system goes along (a write
//! with nothing unsent before it is a system call); what that brings about (`pause_writing`,
//! `connection_lost`) comes when the callback that asked has returned, or in the next turn.
//!
//! A turn looks at everything, in this order: made, unsent bytes, reading, what to tell of the flow, the
//! end. `reading` is its way in, `writing` its way out.
//!
//! A connection right on a descriptor is *watched*: the hub's list says when it is ready, and it is tried
//! without a waker. Every other one is *polled*, with the signal's waker. The two differ in `try_in`,
//! `is_there_more` and `try_out`, and nowhere else.

mod reading;
#[cfg(feature = "tls")]
mod upgrading;
mod writing;

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use super::callbacks::{Callbacks, Place, callback_panicked, connection_panicked, drop_told};
use super::flow::Flow;
use super::hub::{Endpoint, Hub, Signal};
use super::made::Made;
use super::transport::Transport;
use crate::connection::{Address, Connection};
use crate::server::Seat;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Open,
    Closing,
    Ended,
    Gone,
}

/// The end of the direction out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Eof {
    Open,
    Asked,
    Sent,
}

/// One connection.
pub(super) struct Wire {
    signal: Arc<Signal>,
    number: u32,
    /// Gone with the connection.
    connection: RefCell<Option<Box<dyn Connection>>>,
    /// Whether its descriptor is on the hub's list: then nothing that it is asked for is given a waker.
    is_watched: Cell<bool>,
    protocol: Place<Callbacks>,
    phase: Cell<Phase>,
    eof: Cell<Eof>,
    is_in_turn: Cell<bool>,
    is_paused: Cell<bool>,
    has_read_end: Cell<bool>,
    flow: RefCell<Flow>,
    unsent: RefCell<VecDeque<u8>>,
    lost_writes: Cell<u32>,
    /// Why it ended.
    error: Cell<Option<io::Error>>,
    made: Made,
    context: corio_task::Context,
    seat: Cell<Option<Seat>>,
    /// Where it is known from the start: it can be asked for when the peer has gone.
    peer: Option<Address>,
    place: &'static Location<'static>,
}

/// What a connection begins with.
pub(super) struct Begin {
    pub(super) connection: Box<dyn Connection>,
    pub(super) peer: Option<Address>,
    pub(super) callbacks: Callbacks,
    pub(super) place: &'static Location<'static>,
}

impl Wire {
    /// Enters a connection; its first turn comes.
    pub(super) fn start(hub: &Hub, begin: Begin) -> Rc<Wire> {
        let wire = hub.enter(|signal, number| Wire {
            signal,
            number,
            connection: RefCell::new(Some(begin.connection)),
            is_watched: Cell::new(false),
            protocol: Place::new(begin.callbacks),
            phase: Cell::new(Phase::Open),
            eof: Cell::new(Eof::Open),
            is_in_turn: Cell::new(false),
            is_paused: Cell::new(false),
            has_read_end: Cell::new(false),
            flow: RefCell::new(Flow::new()),
            unsent: RefCell::default(),
            lost_writes: Cell::new(0),
            error: Cell::new(None),
            made: Made::new(),
            context: corio_task::Context::copy(),
            seat: Cell::new(None),
            peer: begin.peer,
            place: begin.place,
        });
        wire.watch(hub);
        wire.want_turn();
        wire
    }

    /// Puts the connection on the hub's list, if it can be; what it is ready for already is found by the
    /// first turn.
    fn watch(&self, hub: &Hub) {
        if let Some(connection) = &*self.connection.borrow() {
            self.is_watched.set(connection.watch(hub.watched(), self.number));
        }
    }

    /// Takes the connection off the list; from now on it is polled with the signal.
    fn unwatch(&self) {
        if self.is_watched.replace(false)
            && let Some(connection) = &*self.connection.borrow()
        {
            connection.unwatch();
        }
    }

    pub(super) fn signal(&self) -> &Arc<Signal> {
        &self.signal
    }

    pub(super) fn made(&self) -> &Made {
        &self.made
    }

    pub(super) fn take_seat(&self, seat: Seat) {
        self.seat.set(Some(seat));
    }

    pub(super) fn set_protocol(&self, callbacks: Callbacks) {
        if self.phase.get() == Phase::Gone {
            return drop(callbacks);
        }
        self.protocol.replace(callbacks);
    }

    /// Calls `f` with what the connection is polled with: one that is watched tells without it.
    #[inline]
    fn with_waker<R>(&self, f: impl FnOnce(&Waker) -> R) -> R {
        if self.is_watched.get() {
            return f(Waker::noop());
        }
        f(&Waker::from(self.signal.clone()))
    }

    /// A turn that is under way looks at everything anyway.
    fn want_turn(&self) {
        if !self.is_in_turn.get() {
            self.signal.wake_by_ref();
        }
    }

    /// What happens in a turn.
    fn steps(self: &Rc<Self>, hub: &Hub, waker: &Waker) {
        if !self.made.is_made() {
            self.make();
        }
        if self.unsent() > 0 || self.eof.get() == Eof::Asked {
            self.flush(waker);
        }
        self.read(hub, waker);
        if self.flow.borrow().has_news() {
            self.tell_flow();
        }
        if self.phase.get() != Phase::Open {
            self.close_step(waker);
            if self.phase.get() == Phase::Ended {
                self.lose(hub);
            }
        }
    }

    #[cold]
    fn make(self: &Rc<Self>) {
        let transport = Transport::new(self.clone());
        self.call("connection_made", |callbacks| callbacks.connection_made(transport));
        self.made.set();
    }

    /// Calls the protocol; a panic ends the connection.
    #[inline]
    fn call<R>(&self, what: &str, call: impl FnOnce(&mut Callbacks) -> R) -> Option<R> {
        match self.protocol.call(call)? {
            Ok(result) => Some(result),
            Err(panic) => self.callback_failed(what, panic),
        }
    }

    #[cold]
    fn callback_failed<R>(&self, what: &str, panic: Box<dyn Any + Send>) -> Option<R> {
        self.abort(Some(callback_panicked(what, panic, self.place)));
        None
    }

    // Ending

    /// Edge 1.
    pub(super) fn close(&self) {
        if self.phase.get() == Phase::Open {
            self.phase.set(Phase::Closing);
            self.want_turn();
        }
    }

    /// Edge 3.
    #[cold]
    pub(super) fn abort(&self, error: Option<io::Error>) {
        if matches!(self.phase.get(), Phase::Ended | Phase::Gone) {
            return;
        }
        self.phase.set(Phase::Ended);
        self.error.set(error);
        drop(self.unsent.take());
        if let Some(connection) = &*self.connection.borrow() {
            // The program may hold it as well: then it does not end by being dropped here.
            connection.abort();
        }
        self.want_turn();
    }

    pub(super) fn is_closing(&self) -> bool {
        self.phase.get() != Phase::Open
    }

    /// Edge 2.
    #[cold]
    fn close_step(&self, waker: &Waker) {
        if self.phase.get() != Phase::Closing {
            return;
        }
        if self.unsent() > 0 {
            return self.end_if_overdue(waker);
        }
        let poll = match &*self.connection.borrow() {
            Some(connection) => connection.poll_close(&mut Context::from_waker(waker)),
            None => Poll::Ready(Ok(())),
        };
        if let Poll::Ready(result) = poll {
            // All had been sent before. That the peer has gone is no news at the end; that it did not
            // take part in one in time is.
            self.error.set(result.err().filter(|error| error.kind() == io::ErrorKind::TimedOut));
            self.phase.set(Phase::Ended);
        }
    }

    /// Edge 3, if the peer does not take what is unsent, and the connection has a limit for that.
    fn end_if_overdue(&self, waker: &Waker) {
        let poll = match &*self.connection.borrow() {
            Some(connection) => connection.poll_overdue(&mut Context::from_waker(waker)),
            None => Poll::Pending,
        };
        if let Poll::Ready(error) = poll {
            self.abort(Some(error));
        }
    }

    /// Edge 4: the last callback. The descriptor is closed after it.
    #[cold]
    fn lose(&self, hub: &Hub) {
        self.phase.set(Phase::Gone);
        let error = self.error.take();
        let lost = self.protocol.call(|callbacks| callbacks.connection_lost(error));
        if let Some(Err(panic)) = lost {
            drop(callback_panicked("connection_lost", panic, self.place));
        }
        self.release();
        hub.leave(self.number);
    }

    /// Lets go of all that is not its own.
    fn release(&self) {
        self.protocol.clear();
        // The program may hold it as well, and its number may soon be another's.
        self.unwatch();
        drop_told(self.connection.take());
        drop(self.seat.take());
        drop(self.unsent.take());
        self.made.set();
    }

    // Asking

    pub(super) fn extra_info<T: Any + Clone>(&self) -> Option<T> {
        let connection = self.connection.borrow();
        let info: &dyn Any = connection.as_ref()?.extra_info()?;
        info.downcast_ref().cloned()
    }

    pub(super) fn local_addr(&self) -> io::Result<Address> {
        self.connection.borrow().as_ref().ok_or_else(gone)?.local_addr()
    }

    pub(super) fn peer_addr(&self) -> io::Result<Address> {
        match &self.peer {
            Some(peer) => Ok(peer.clone()),
            None => self.connection.borrow().as_ref().ok_or_else(gone)?.peer_addr(),
        }
    }
}

impl Endpoint for Wire {
    fn turn(self: Rc<Self>, hub: &Hub) {
        if self.phase.get() == Phase::Gone {
            return;
        }
        self.is_in_turn.set(true);
        match self.signal.take_asked() {
            asked if asked.is_nothing() => {}
            asked if asked.abort() => self.abort(None),
            _ => self.close(),
        }
        let polls = (!self.is_watched.get()).then(|| Waker::from(self.signal.clone()));
        let waker = polls.as_ref().unwrap_or(Waker::noop());
        // Callbacks are caught one by one. What is caught here is a connection of the program's own, and
        // that it is ended makes it whole again.
        let steps = AssertUnwindSafe(|| self.context.run(|| self.steps(hub, waker)));
        let result = catch_unwind(steps);
        self.is_in_turn.set(false);
        if let Err(panic) = result {
            self.abort(Some(connection_panicked(panic, self.place)));
        }
    }

    fn give_up(&self) {
        self.phase.set(Phase::Gone);
        self.release();
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<Transport {:?}", self.phase.get())?;
        if let Some(connection) = &*self.connection.borrow() {
            write!(f, " {connection:?}")?;
        }
        match self.unsent() {
            0 => f.write_str(">"),
            unsent => write!(f, " unsent={unsent}>"),
        }
    }
}

#[cold]
fn gone() -> io::Error {
    io::Error::new(io::ErrorKind::NotConnected, "the connection has ended: ask while it is there")
}
