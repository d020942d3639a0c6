//! A socket for datagrams that calls a protocol: what is done in its turns.
//!
//! ```text
//!   Open ──1 close──▶ Closing ──2 steps: all is sent──▶ Ended ──4 lose──▶ Gone
//!     └────────3 abort───┴─────────────────────────────▲
//! ```
//!
//! The rules are those of a connection's wire: one callback at a time, none within what a program
//! calls. What differs: each datagram is sent, or refused, by itself, and an error of one is told and
//! ends nothing. The errors wait in a list for the turn in which they are told. An error of receiving that is
//! not the system's is of the socket, and ends it.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::panic::Location;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use corio_reactor::{Edges, Told};

use super::socket::DatagramSocket;
use super::{DatagramProtocol, DatagramTransport};
use crate::TARGET;
use crate::connection::Address;
use crate::protocol::callbacks::{Place, callback_panicked, connection_panicked, drop_told};
use crate::protocol::flow::Flow;
use crate::protocol::hub::{Endpoint, Hub, Member, Signal};
use crate::protocol::made::Made;

/// How many datagrams a turn receives at most; the rest comes after the others' turns. asyncio takes one
/// a turn, which is a look at the descriptors for each.
const RECEIVES_PER_TURN_MAX: usize = 16;

/// So many sends after the end are a program that does not notice: asyncio's number.
const LOST_SENDS_TOLD: u32 = 5;

/// What each unsent datagram counts beside its bytes: asyncio's number, for a length and a port.
const HEADER_BYTES: usize = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Open,
    Closing,
    Ended,
    Gone,
}

/// A datagram that waits for room.
struct Unsent {
    data: Box<[u8]>,
    to: Option<Address>,
}

pub(in crate::protocol) struct Wire {
    this: Weak<Wire>,
    signal: Arc<Signal>,
    number: u32,
    socket: RefCell<Option<Box<dyn DatagramSocket>>>,
    /// What the hub's list has told of its descriptor, where it is watched: then it receives without a
    /// waker.
    edges: Option<Edges>,
    /// Of a connected socket.
    peer: Option<Address>,
    protocol: Place<Box<dyn DatagramProtocol>>,
    phase: Cell<Phase>,
    is_in_turn: Cell<bool>,
    flow: RefCell<Flow>,
    unsent: RefCell<VecDeque<Unsent>>,
    unsent_bytes: Cell<usize>,
    lost_sends: Cell<u32>,
    /// To be told.
    errors: RefCell<VecDeque<io::Error>>,
    /// Why it ended.
    error: Cell<Option<io::Error>>,
    made: Made,
    context: corio_task::Context,
    place: &'static Location<'static>,
}

impl Wire {
    pub(super) fn start(
        hub: &Hub,
        socket: Box<dyn DatagramSocket>,
        protocol: Box<dyn DatagramProtocol>,
        place: &'static Location<'static>,
    ) -> Rc<Wire> {
        // A Unix socket whose peer has no name is connected all the same.
        let peer = socket.peer_addr().ok();
        let make = |this, signal, number| Wire {
            this,
            edges: socket.watch(hub.watched(), number),
            signal,
            number,
            socket: RefCell::new(Some(socket)),
            peer,
            protocol: Place::new(protocol),
            phase: Cell::new(Phase::Open),
            is_in_turn: Cell::new(false),
            flow: RefCell::new(Flow::new()),
            unsent: RefCell::default(),
            unsent_bytes: Cell::new(0),
            lost_sends: Cell::new(0),
            errors: RefCell::default(),
            error: Cell::new(None),
            made: Made::new(),
            context: corio_task::Context::copy(),
            place,
        };
        let wire = hub.enter(make, Member::Datagrams);
        wire.want_turn();
        wire
    }

    pub(super) fn made(&self) -> &Made {
        &self.made
    }

    /// Where it was made.
    pub(in crate::protocol) fn place(&self) -> &'static Location<'static> {
        self.place
    }

    fn want_turn(&self) {
        if !self.is_in_turn.get() {
            self.signal.wake_by_ref();
        }
    }

    fn steps(&self, hub: &Hub, waker: &Waker, room: &mut [u8]) {
        if !self.made.is_made()
            && let Some(this) = self.this.upgrade()
        {
            let transport = DatagramTransport(this);
            self.call("connection_made", |protocol| protocol.connection_made(transport));
            self.made.set(self.place);
        }
        self.flush(waker);
        self.receive(waker, room);
        self.tell_errors();
        self.tell_flow();
        if self.phase.get() == Phase::Closing && self.unsent.borrow().is_empty() {
            self.phase.set(Phase::Ended);
        }
        if self.phase.get() == Phase::Ended {
            self.lose(hub);
        }
    }

    fn call<R>(
        &self,
        what: &str,
        call: impl FnOnce(&mut Box<dyn DatagramProtocol>) -> R,
    ) -> Option<R> {
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

    fn receive(&self, waker: &Waker, room: &mut [u8]) {
        let context = &mut Context::from_waker(waker);
        for _ in 0..RECEIVES_PER_TURN_MAX {
            // Before it is given more to answer.
            if self.flow.borrow().has_to_pause() {
                self.tell_flow();
            }
            if self.phase.get() != Phase::Open {
                return;
            }
            let received = self.call("datagram_received", |protocol| {
                let poll = match (&*self.socket.borrow(), &self.edges) {
                    (Some(socket), Some(edges)) => socket.try_recv(edges, room),
                    (Some(socket), None) => socket.poll_recv(context, room),
                    (None, _) => Poll::Pending,
                };
                poll.map_ok(|(count, from)| protocol.datagram_received(&room[..count], &from))
            });
            match received {
                None | Some(Poll::Pending) => return,
                Some(Poll::Ready(Ok(()))) => {}
                // Not the system's: its loop has ended, say. It would be told for ever.
                Some(Poll::Ready(Err(error))) if error.raw_os_error().is_none() => {
                    return self.abort(Some(error));
                }
                Some(Poll::Ready(Err(error))) => {
                    self.call("error_received", |protocol| protocol.error_received(error));
                }
            }
        }
        // There may be more: after the others.
        self.signal.wake_by_ref();
    }

    // Sending

    pub(super) fn send_to(&self, data: &[u8], to: Option<&Address>) -> io::Result<()> {
        self.check_destination(to)?;
        if self.phase.get() != Phase::Open {
            self.lose_send();
            return Ok(());
        }
        // To its peer a connected socket sends without an address.
        let to = if self.peer.is_some() { None } else { to };
        if self.unsent.borrow().is_empty() {
            match self.poll_send(Waker::noop(), data, to) {
                Poll::Pending => {}
                Poll::Ready(Ok(_)) => return Ok(()),
                Poll::Ready(Err(error)) => {
                    self.errors.borrow_mut().push_back(error);
                    self.want_turn();
                    return Ok(());
                }
            }
        }
        self.keep(data, to);
        Ok(())
    }

    fn check_destination(&self, to: Option<&Address>) -> io::Result<()> {
        let message = match (&self.peer, to) {
            (Some(peer), Some(to)) if peer != to => {
                format!(
                    "the socket is connected to {peer}, and cannot send to {to}: leave the address out"
                )
            }
            (None, None) => {
                "the socket is not connected: a datagram needs an address to go to".to_owned()
            }
            (None, Some(to)) => match &*self.socket.borrow() {
                Some(socket) => return socket.check_address(to),
                None => return Ok(()),
            },
            (Some(_), _) => return Ok(()),
        };
        Err(io::Error::new(io::ErrorKind::InvalidInput, message))
    }

    #[cold]
    fn keep(&self, data: &[u8], to: Option<&Address>) {
        let is_first = {
            let mut unsent = self.unsent.borrow_mut();
            unsent.push_back(Unsent { data: data.into(), to: to.cloned() });
            unsent.len() == 1
        };
        self.unsent_bytes.set(self.unsent_bytes.get() + data.len() + HEADER_BYTES);
        if is_first {
            // Nobody is told yet when there is room.
            self.flush(&Waker::from(self.signal.clone()));
        }
        self.flow.borrow_mut().grown(self.unsent());
        if self.flow.borrow().has_news() || !self.errors.borrow().is_empty() {
            self.want_turn();
        }
    }

    /// Sends what is unsent, as far as there is room; `waker` is woken when there is more of it.
    fn flush(&self, waker: &Waker) {
        if self.unsent.borrow().is_empty() {
            return;
        }
        loop {
            let poll = match self.unsent.borrow().front() {
                None => break,
                Some(first) => self.poll_send(waker, &first.data, first.to.as_ref()),
            };
            if let Poll::Ready(sent) = poll {
                let first = self.unsent.borrow_mut().pop_front();
                let bytes = first.map_or(0, |first| first.data.len() + HEADER_BYTES);
                self.unsent_bytes.set(self.unsent_bytes.get() - bytes);
                if let Err(error) = sent {
                    self.errors.borrow_mut().push_back(error);
                }
            } else {
                break;
            }
        }
        self.flow.borrow_mut().shrunk(self.unsent());
    }

    fn poll_send(
        &self,
        waker: &Waker,
        data: &[u8],
        to: Option<&Address>,
    ) -> Poll<io::Result<usize>> {
        match &*self.socket.borrow() {
            Some(socket) => socket.poll_send(&mut Context::from_waker(waker), data, to),
            None => Poll::Pending,
        }
    }

    fn tell_errors(&self) {
        loop {
            let error = self.errors.borrow_mut().pop_front();
            let Some(error) = error.filter(|_| self.phase.get() != Phase::Ended) else { return };
            self.call("error_received", |protocol| protocol.error_received(error));
        }
    }

    fn tell_flow(&self) {
        loop {
            let news = self.flow.borrow_mut().news();
            match news.filter(|_| self.phase.get() != Phase::Ended) {
                None => return,
                Some(true) => self.call("pause_writing", |protocol| protocol.pause_writing()),
                Some(false) => self.call("resume_writing", |protocol| protocol.resume_writing()),
            };
        }
    }

    #[cold]
    fn lose_send(&self) {
        let lost = self.lost_sends.get().saturating_add(1);
        self.lost_sends.set(lost);
        if lost >= LOST_SENDS_TOLD {
            corio_trace::report_warning(
                TARGET,
                format_args!(
                    "socket.send() raised exception: {self:?} was asked to send {lost} times after its \
                     end; stop in connection_lost(), or look at is_closing()"
                ),
            );
        }
    }

    pub(super) fn unsent(&self) -> usize {
        self.unsent_bytes.get()
    }

    pub(super) fn limits(&self) -> (usize, usize) {
        self.flow.borrow().limits()
    }

    #[track_caller]
    pub(super) fn set_limits(&self, high: Option<usize>, low: Option<usize>) {
        self.flow.borrow_mut().set_limits(high, low, self.unsent());
        if self.flow.borrow().has_news() {
            self.want_turn();
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
    pub(super) fn abort(&self, error: Option<io::Error>) {
        if matches!(self.phase.get(), Phase::Ended | Phase::Gone) {
            return;
        }
        self.phase.set(Phase::Ended);
        self.error.set(error);
        drop(self.unsent.take());
        self.unsent_bytes.set(0);
        self.want_turn();
    }

    pub(super) fn is_closing(&self) -> bool {
        self.phase.get() != Phase::Open
    }

    /// Edge 4: the last callback. The descriptor is closed after it.
    fn lose(&self, hub: &Hub) {
        self.phase.set(Phase::Gone);
        let error = self.error.take();
        let lost = self.protocol.call(|protocol| protocol.connection_lost(error));
        if let Some(Err(panic)) = lost {
            drop(callback_panicked("connection_lost", panic, self.place));
        }
        self.release();
        hub.leave(self.number);
    }

    /// Lets go of all that is not its own, and does not panic: the hub would keep the socket for good.
    fn release(&self) {
        self.protocol.clear();
        drop_told(self.socket.take());
        drop(self.unsent.take());
        // Of a socket of the program's own they are anything.
        drop_told(self.errors.take());
        self.made.set(self.place);
    }

    pub(super) fn with_socket<R>(
        &self,
        ask: impl FnOnce(&dyn DatagramSocket) -> io::Result<R>,
    ) -> io::Result<R> {
        match &*self.socket.borrow() {
            Some(socket) => ask(&**socket),
            None => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}

impl Wire {
    /// The turn of one whose descriptor the list has told of.
    pub(in crate::protocol) fn turn(&self, hub: &Hub, told: Told, room: &mut [u8]) {
        if let Some(edges) = &self.edges {
            edges.add(told);
        }
        self.turn_asked(hub, room);
    }
}

impl Endpoint for Wire {
    #[inline(never)]
    fn turn_asked(&self, hub: &Hub, room: &mut [u8]) {
        if self.phase.get() == Phase::Gone {
            return;
        }
        self.is_in_turn.set(true);
        let asked = self.signal.take_asked();
        if asked.abort() {
            self.abort(None);
        } else if asked.close() {
            self.close();
        }
        let waker = Waker::from(self.signal.clone());
        self.context.run(|| self.steps(hub, &waker, room));
        self.is_in_turn.set(false);
    }

    /// Callbacks are caught one by one. What panics besides is a socket of the program's own, and that it is
    /// ended makes it whole again.
    fn turn_panicked(&self, _: &Hub, panic: Box<dyn Any + Send>, _: &mut [u8]) {
        self.is_in_turn.set(false);
        self.abort(Some(connection_panicked(panic, self.place)));
    }

    fn give_up(&self) {
        self.phase.set(Phase::Gone);
        self.release();
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<DatagramTransport {:?}", self.phase.get())?;
        if let Some(socket) = &*self.socket.borrow() {
            write!(f, " {socket:?}")?;
        }
        match self.unsent() {
            0 => f.write_str(">"),
            unsent => write!(f, " unsent={unsent}>"),
        }
    }
}
