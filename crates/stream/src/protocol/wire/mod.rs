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
//! end. `writing` is its way out.

mod writing;

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::panic::Location;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker, ready};

use super::callbacks::{Callbacks, Place, callback_panicked};
use super::flow::Flow;
use super::hub::{Asked, Endpoint, Hub, READ_BUFFER, Signal};
use super::made::Made;
use super::transport::Transport;
use crate::connection::{Address, Connection};
use crate::server::Seat;

/// How many short reads a turn makes at most. A socket gives one, and says that it is empty; what wraps
/// one may give a record each time. A read that fills its buffer ends the turn by itself.
const READS_PER_TURN_MAX: usize = 16;

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
    number: u64,
    /// Gone with the connection.
    connection: RefCell<Option<Box<dyn Connection>>>,
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
        wire.want_turn();
        wire
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
        if self.unsent() > 0 {
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

    // Reading

    /// Reads until nothing is there, or it is the turn of others.
    #[inline]
    fn read(&self, hub: &Hub, waker: &Waker) {
        let context = &mut Context::from_waker(waker);
        for _ in 0..READS_PER_TURN_MAX {
            if !self.is_reading() || self.has_read_end.get() {
                return;
            }
            match self.read_once(hub, context) {
                None | Some(Poll::Pending) => return,
                Some(Poll::Ready(Err(error))) => return self.abort(Some(error)),
                Some(Poll::Ready(Ok((0, _)))) => return self.read_end(),
                Some(Poll::Ready(Ok((count, room)))) if count < room => {}
                Some(Poll::Ready(Ok(_))) => break,
            }
            // Nearly always nothing is left: found out without the protocol, and the waker is stored.
            if self.is_reading() && self.poll_read_ready(context).is_pending() {
                return;
            }
        }
        // There may be more: after the others.
        self.signal.wake_by_ref();
    }

    /// One read, and the callback that it brings: how many bytes came, and how many could have. `None`:
    /// the callback panicked.
    #[inline]
    fn read_once(
        &self,
        hub: &Hub,
        context: &mut Context<'_>,
    ) -> Option<Poll<io::Result<(usize, usize)>>> {
        self.call("data_received", |callbacks| match callbacks {
            Callbacks::Lent(protocol) => hub.with_buffer(|buffer| {
                let count = ready!(self.poll_read(context, buffer))?;
                if count > 0 {
                    protocol.data_received(&buffer[..count]);
                }
                Poll::Ready(Ok((count, buffer.len())))
            }),
            Callbacks::Own(protocol) => {
                // Asked before, so that a buffer is asked for when there is something to put there.
                ready!(self.poll_read_ready(context))?;
                let buffer = protocol.get_buffer(READ_BUFFER);
                if buffer.is_empty() {
                    return Poll::Ready(Err(no_buffer()));
                }
                let room = buffer.len();
                let count = ready!(self.poll_read(context, buffer))?;
                if count > 0 {
                    protocol.buffer_updated(count);
                }
                Poll::Ready(Ok((count, room)))
            }
        })
    }

    #[inline]
    fn poll_read(&self, context: &mut Context<'_>, room: &mut [u8]) -> Poll<io::Result<usize>> {
        match &*self.connection.borrow() {
            Some(connection) => connection.poll_read(context, room),
            None => Poll::Pending,
        }
    }

    #[inline]
    fn poll_read_ready(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &*self.connection.borrow() {
            Some(connection) => connection.poll_read_ready(context),
            None => Poll::Pending,
        }
    }

    /// The peer's end has come.
    #[cold]
    fn read_end(&self) {
        self.has_read_end.set(true);
        let stays = self.call("eof_received", Callbacks::eof_received);
        if stays != Some(true) || !self.can_write_eof() {
            self.close();
        }
    }

    pub(super) fn is_reading(&self) -> bool {
        self.phase.get() == Phase::Open && !self.is_paused.get()
    }

    pub(super) fn pause_reading(&self) {
        self.is_paused.set(true);
    }

    pub(super) fn resume_reading(&self) {
        if self.is_paused.replace(false) && self.phase.get() == Phase::Open {
            // Also within a turn, which may have passed its reading.
            self.signal.wake_by_ref();
        }
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
        self.want_turn();
    }

    pub(super) fn is_closing(&self) -> bool {
        self.phase.get() != Phase::Open
    }

    /// Edge 2.
    #[cold]
    fn close_step(&self, waker: &Waker) {
        if self.phase.get() != Phase::Closing || !self.unsent.borrow().is_empty() {
            return;
        }
        let poll = match &*self.connection.borrow() {
            Some(connection) => connection.poll_close(&mut Context::from_waker(waker)),
            None => Poll::Ready(Ok(())),
        };
        if poll.is_ready() {
            // Whatever it says: nothing was lost, all had been sent before.
            self.phase.set(Phase::Ended);
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
        let connection = self.connection.take();
        drop(connection);
        drop(self.seat.take());
        drop(self.unsent.take());
        self.made.set();
    }

    // Asking

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
    fn turn(self: Rc<Self>, hub: &Hub, waker: &Waker, asked: Asked) {
        if self.phase.get() == Phase::Gone {
            return;
        }
        self.is_in_turn.set(true);
        if asked.abort() {
            self.abort(None);
        } else if asked.close() {
            self.close();
        }
        self.context.run(|| self.steps(hub, waker));
        self.is_in_turn.set(false);
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
fn no_buffer() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidInput,
        "get_buffer() returned an empty buffer: it needs room for one byte at least; to read nothing \
         for a while, call pause_reading()",
    )
}

#[cold]
fn gone() -> io::Error {
    io::Error::new(io::ErrorKind::NotConnected, "the connection has ended: ask while it is there")
}
