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
//! end. `reading` is its way in, `writing` its way out. Only a pause does not wait for its place: a protocol that has
//! written too much hears of it before it is given more to answer, also where a turn reads several times.
//!
//! A connection right on a descriptor is *watched*: the hub's list says when it is ready, and it is tried
//! without a waker. Every other one is *polled*, with the signal's waker. The two differ in `try_in`,
//! `is_there_more` and `try_out`, and nowhere else.
//!
//! Nearly always a watched connection is *steady*: a socket and nothing more, made, open both ways, with
//! nothing unsent and nothing to tell. Then its turn is a system call and a callback, and a write is a system
//! call; nothing else is looked at. The end of a turn that has looked at everything finds that out; whatever
//! ends it says so.

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
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use corio_reactor::{Edges, Told};
use corio_task::Each;

use super::callbacks::{Callbacks, Place, callback_panicked, connection_panicked, drop_told};
use super::flow::Flow;
use super::hub::{Endpoint, Hub, Member, Signal};
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

/// What is going on at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doing {
    Nothing,
    /// A turn.
    Turn,
    /// A turn, and within it the reading, which calls the protocol.
    Reading,
}

/// One connection.
pub(super) struct Wire {
    this: Weak<Wire>,
    signal: Arc<Signal>,
    number: u32,
    /// Gone with the connection.
    connection: RefCell<Option<Box<dyn Connection>>>,
    /// What the hub's list has told of its descriptor; of no use unless it is watched.
    edges: Edges,
    /// Whether its descriptor is on the hub's list: then nothing that it is asked for is given a waker.
    is_watched: Cell<bool>,
    /// Whether it is a socket and nothing more, and watched.
    is_bare: Cell<bool>,
    /// Whether it is bare, and there is nothing to look at but what comes in.
    is_steady: Cell<bool>,
    protocol: Place<Callbacks>,
    phase: Cell<Phase>,
    eof: Cell<Eof>,
    doing: Cell<Doing>,
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
        let make = |this, signal, number| {
            // What it is ready for already is found by the first turn.
            let edges = begin.connection.watch(hub.watched(), number);
            let is_bare = edges.is_some() && begin.connection.bare_socket().is_some();
            Wire {
                this,
                signal,
                number,
                connection: RefCell::new(Some(begin.connection)),
                is_watched: Cell::new(edges.is_some()),
                is_bare: Cell::new(is_bare),
                edges: edges.unwrap_or_default(),
                is_steady: Cell::new(false),
                protocol: Place::new(begin.callbacks),
                phase: Cell::new(Phase::Open),
                eof: Cell::new(Eof::Open),
                doing: Cell::new(Doing::Nothing),
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
            }
        };
        let wire = hub.enter(make, Member::Stream);
        wire.want_turn();
        wire
    }

    /// Takes the connection off the list; from now on it is polled with the signal.
    fn unwatch(&self) {
        self.is_steady.set(false);
        self.is_bare.set(false);
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

    /// Where it was made.
    pub(super) fn place(&self) -> &'static Location<'static> {
        self.place
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

    /// What was told of the descriptor, if it is watched.
    #[inline]
    fn edges(&self) -> Option<&Edges> {
        self.is_watched.get().then_some(&self.edges)
    }

    /// There is something to look at; a turn that is under way looks at everything anyway.
    #[cold]
    fn want_turn(&self) {
        self.is_steady.set(false);
        if self.doing.get() == Doing::Nothing {
            self.signal.wake_by_ref();
        }
    }

    /// A turn that looks at everything.
    #[cold]
    fn whole_turn(&self, hub: &Hub, room: &mut [u8]) {
        self.doing.set(Doing::Turn);
        match self.signal.take_asked() {
            asked if asked.is_nothing() => {}
            asked if asked.abort() => self.abort(None),
            _ => self.close(),
        }
        self.with_waker(|waker| self.steps(hub, waker, room));
        self.is_steady.set(self.is_bare.get() && self.has_nothing_else());
        self.doing.set(Doing::Nothing);
    }

    /// Whether there is nothing to look at but what comes in.
    fn has_nothing_else(&self) -> bool {
        self.made.is_made()
            && self.phase.get() == Phase::Open
            && self.eof.get() == Eof::Open
            && !self.has_read_end.get()
            && self.unsent() == 0
            && !self.flow.borrow().has_news()
            && self.edges.is_by_list()
    }

    /// What happens in a turn.
    fn steps(&self, hub: &Hub, waker: &Waker, room: &mut [u8]) {
        if !self.made.is_made() {
            self.make();
        }
        if self.unsent() > 0 || self.eof.get() == Eof::Asked {
            self.flush(waker);
        }
        self.read(waker, room);
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
    fn make(&self) {
        // Who has a turn is there.
        if let Some(this) = self.this.upgrade() {
            let transport = Transport::new(this);
            self.call("connection_made", |callbacks| callbacks.connection_made(transport));
        }
        self.made.set(self.place);
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
        // Before a connection of the program's own is called, which may panic: it is let go of all the same.
        self.want_turn();
        if let Some(connection) = &*self.connection.borrow() {
            // The program may hold it as well: then it does not end by being dropped here.
            connection.abort();
        }
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

    /// Lets go of all that is not its own, and does not panic: the hub would keep the connection for good.
    fn release(&self) {
        self.protocol.clear();
        // The program may hold it as well, and its number may soon be another's.
        self.unwatch();
        drop_told(self.connection.take());
        drop(self.seat.take());
        drop(self.unsent.take());
        self.made.set(self.place);
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

impl Wire {
    /// The turn of one whose descriptor the list has told of.
    #[inline(always)]
    pub(super) fn turn(&self, hub: &Hub, each: &Each, told: Told, room: &mut [u8]) {
        self.edges.add(told);
        if !self.is_steady.get() || !self.edges.is_by_list() {
            return self.turn_asked(hub, room);
        }
        self.doing.set(Doing::Reading);
        each.run(&self.context, || self.read_steady(room));
        if !self.is_steady.get() {
            return self.turn_asked(hub, room);
        }
        self.doing.set(Doing::Nothing);
    }
}

impl Endpoint for Wire {
    #[cold]
    #[inline(never)]
    fn turn_asked(&self, hub: &Hub, room: &mut [u8]) {
        if self.phase.get() != Phase::Gone {
            self.context.run(|| self.whole_turn(hub, room));
        }
    }

    #[cold]
    fn turn_panicked(&self, hub: &Hub, panic: Box<dyn Any + Send>, room: &mut [u8]) {
        // What panics besides the callbacks is a connection of the program's own; that it is ended makes it
        // whole again, and so it does a protocol.
        let error = match self.doing.get() {
            Doing::Reading => callback_panicked("data_received", panic, self.place),
            Doing::Turn | Doing::Nothing => connection_panicked(panic, self.place),
        };
        self.doing.set(Doing::Turn);
        let end = AssertUnwindSafe(|| {
            self.protocol.panicked();
            self.abort(Some(error));
            self.turn_asked(hub, room);
        });
        if let Err(panic) = catch_unwind(end) {
            // It panicked at its end, too: what is left of that is another turn's.
            drop(connection_panicked(panic, self.place));
            self.doing.set(Doing::Nothing);
            self.want_turn();
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
