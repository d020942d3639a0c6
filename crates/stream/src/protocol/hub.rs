//! [`Hub`]: the connections of one loop, and whose turn it is. Instead of a task for each.
//!
//! ```text
//!   reactor ── the list's waker, once a wait ──┐
//!   program ── Signal::wake { ready: [Signal] }┴─▶ Hub::want_drain ──one call──▶ Hub::drain ─┐
//!   another thread ── Signal::wake ──▶ a call of its own ───────────────────────────────────┤
//!                                                                                           ▼
//!                                                                               Endpoint::turn
//! ```
//!
//! A connection that lies right on a descriptor is watched ([`WatchList`]): the reactor writes its number
//! into the hub's list, once until the hub takes it, and wakes the hub once for all that one wait found.
//! The hub asks the loop for one call, in its queue among the tasks, and that call gives all who stand
//! there their turn: no task, no waker, no lock and no atomic operation for each of them.
//!
//! Every connection has a [`Signal`] as well. It is how a program asks for a turn, and other threads, and
//! the waker of a connection that is not watched because something lies between it and the descriptor.
//! Woken on the loop's thread it stands in a list of the hub's own, once, which the same call serves. A
//! wake on another thread, which is rare, brings a call for this one connection.
//!
//! **A wake in the middle of a turn** is not lost: a signal and a number leave their list before the turn
//! begins, so that they enter it again and there is another turn. **A number of somebody who has gone**
//! may be given to another by the time it is served: a turn in which there is nothing to do.
//!
//! The hub owns its connections: one that waits for a silent peer is held by nobody else. The loop keeps
//! the hub ([`corio_executor::Core::kept`]), and drops it at its end.

use std::any::Any;
use std::cell::{Cell, OnceCell, RefCell};
use std::fmt;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Wake, Waker};

use corio_base::ThreadBound;
use corio_base::quiet::drop_quietly;
use corio_executor::{Core, Handle};
use corio_reactor::{Told, WatchList};
use corio_task::{Context, Each};

use crate::TARGET;
use crate::server::Client;

/// The buffer that a loop lends its connections, one after the other: as asyncio's and uvloop's, what a
/// fast sender has in flight on a fast network. One a loop: an idle connection holds none.
pub(super) const READ_BUFFER: usize = 256 * 1024;

/// So many unclosed transports are named when a loop ends: enough to see which they are, and a log of a
/// server's ten thousand says no more.
const UNCLOSED_TOLD_MAX: usize = 10;

/// Whose turn comes when its signal was woken, or its descriptor is ready. The hub holds it during the call,
/// and has lent it the loop's buffer.
pub(super) trait Endpoint {
    /// Its turn, with whatever there is to do. It may panic.
    ///
    /// Where a descriptor is on the list, the type has another method, `turn`, for what was told of it; the
    /// hub knows the type (`Member`), and has that one in its own loop.
    fn turn_asked(&self, hub: &Hub, room: &mut [u8]);

    /// Its turn has panicked. It MUST NOT panic: the others would lose their turn by it.
    fn turn_panicked(&self, hub: &Hub, panic: Box<dyn Any + Send>, room: &mut [u8]);

    /// The loop ends: lets go of everything, and calls nobody.
    fn give_up(&self);
}

/// The connections of one loop.
pub(super) struct Hub {
    /// For the signals.
    this: RefCell<Weak<Hub>>,
    home: Handle,
    /// By number.
    endpoints: RefCell<Vec<Option<Member>>>,
    /// Numbers that nobody has.
    free: RefCell<Vec<u32>>,
    /// The descriptors of those that are watched.
    watched: OnceCell<WatchList>,
    /// Who waits for a turn.
    ready: RefCell<Vec<Arc<Signal>>>,
    /// The loop was asked for the call that gives them theirs.
    is_called: Cell<bool>,
    /// Empty lists, kept for their memory.
    spare_signals: Cell<Vec<Arc<Signal>>>,
    spare_told: Cell<Vec<(u32, Told)>>,
    buffer: Cell<Option<Box<[u8]>>>,
}

impl Hub {
    /// The hub of the loop that is active on this thread; `None` if there is no loop, or it ends.
    pub(super) fn current() -> Option<Rc<Hub>> {
        let core = corio_executor::current()?;
        let hub = core.kept(Hub::new)?;
        if hub.this.borrow().strong_count() == 0 {
            *hub.this.borrow_mut() = Rc::downgrade(&hub);
        }
        Some(hub)
    }

    fn new(core: &Core) -> Hub {
        Hub {
            this: RefCell::default(),
            home: core.handle(),
            endpoints: RefCell::default(),
            free: RefCell::default(),
            watched: OnceCell::new(),
            ready: RefCell::default(),
            is_called: Cell::new(false),
            spare_signals: Cell::default(),
            spare_told: Cell::default(),
            buffer: Cell::new(None),
        }
    }

    /// Takes in an endpoint, which `make` makes around itself, its signal and its number.
    pub(super) fn enter<E: Endpoint + 'static>(
        &self,
        make: impl FnOnce(Weak<E>, Arc<Signal>, u32) -> E,
        member: fn(Rc<E>) -> Member,
    ) -> Rc<E> {
        let number = self.number();
        let endpoint = Rc::new_cyclic(|weak: &Weak<E>| {
            let endpoint: Weak<dyn Endpoint> = weak.clone();
            let hub = self.this.borrow().clone();
            let here = Here { hub, endpoint, is_waiting: Cell::new(false) };
            let signal = Signal {
                home: self.home.clone(),
                here: ThreadBound::new(here),
                asked: AtomicU8::new(0),
            };
            make(weak.clone(), Arc::new(signal), number)
        });
        self.endpoints.borrow_mut()[number as usize] = Some(member(endpoint.clone()));
        endpoint
    }

    /// A number that nobody has.
    fn number(&self) -> u32 {
        if let Some(number) = self.free.borrow_mut().pop() {
            return number;
        }
        let mut endpoints = self.endpoints.borrow_mut();
        endpoints.push(None);
        // Each has a descriptor, and those are numbered with 31 bits.
        (endpoints.len() - 1) as u32
    }

    /// Lets an endpoint go.
    pub(super) fn leave(&self, number: u32) {
        let endpoint = self.endpoints.borrow_mut()[number as usize].take();
        self.free.borrow_mut().push(number);
        drop(endpoint);
    }

    /// The list of those that are watched.
    pub(super) fn watched(&self) -> &WatchList {
        self.watched.get_or_init(|| {
            let hub = ThreadBound::new(self.this.borrow().clone());
            let waker = Arc::new(HubWaker { home: self.home.clone(), hub });
            WatchList::new(Waker::from(waker))
        })
    }

    /// Enters a signal, on the loop's thread.
    #[inline]
    fn enter_signal(&self, signal: Arc<Signal>) {
        self.ready.borrow_mut().push(signal);
        self.want_drain();
    }

    /// Asks the loop for the call, unless it was.
    #[inline]
    fn want_drain(&self) {
        if self.is_called.replace(true) {
            return;
        }
        let hub = ThreadBound::new(self.this.borrow().clone());
        // A loop that ends drops it, and drops the hub next.
        drop(self.home.call(move || {
            if let Some(hub) = hub.get().and_then(Weak::upgrade) {
                hub.drain();
            }
        }));
    }

    /// Gives all who wait their turn.
    fn drain(&self) {
        self.is_called.set(false);
        // A new one the first time, and if a turn gives others theirs.
        let mut room = self.buffer.take().unwrap_or_else(|| vec![0; READ_BUFFER].into());
        if !self.ready.borrow().is_empty() {
            let mut signals = self.ready.replace(self.spare_signals.take());
            for signal in signals.drain(..) {
                self.serve_signal(&signal, &mut room);
            }
            self.spare_signals.set(signals);
        }
        if let Some(watched) = self.watched.get() {
            let mut told = self.spare_told.take();
            watched.take(&mut told);
            Context::run_each(|each| self.serve_told(each, &mut told, &mut room));
            self.spare_told.set(told);
        }
        self.buffer.set(Some(room));
    }

    /// Gives all those their turn of whom something is told. One that panics bears it alone, and the others go
    /// on: to catch it here, once for all of them, costs those that do not panic nothing.
    ///
    /// Apart, with the turn of a connection in it: the loop's hottest code has a frame of its own.
    #[inline(never)]
    fn serve_told(&self, each: &Each, told: &mut Vec<(u32, Told)>, room: &mut [u8]) {
        let mut rest = told.drain(..);
        let mut whose = 0;
        loop {
            // Unwind safe: what the endpoint has left undone is its own, and it is told.
            let result = catch_unwind(AssertUnwindSafe(|| {
                for (number, told) in rest.by_ref() {
                    whose = number;
                    match self.member(number) {
                        Some(Member::Stream(wire)) => wire.turn(self, each, told, room),
                        Some(Member::Datagrams(wire)) => wire.turn(self, told, room),
                        None => {}
                    }
                }
            }));
            match result {
                Ok(()) => return,
                Err(panic) => self.turn_panicked(self.member(whose), panic, room),
            }
        }
    }

    /// Gives the one whose signal was woken its turn.
    fn serve_signal(&self, signal: &Signal, room: &mut [u8]) {
        let Some(endpoint) = signal.leave_list() else { return };
        // Unwind safe: as above.
        let turn = AssertUnwindSafe(|| endpoint.turn_asked(self, room));
        if let Err(panic) = catch_unwind(turn) {
            endpoint.turn_panicked(self, panic, room);
        }
    }

    #[cold]
    fn turn_panicked(&self, whose: Option<Member>, panic: Box<dyn Any + Send>, room: &mut [u8]) {
        match whose {
            Some(member) => member.endpoint().turn_panicked(self, panic, room),
            // It had left by then, with its last callback called.
            None => drop_quietly(panic),
        }
    }

    #[inline(always)]
    fn member(&self, number: u32) -> Option<Member> {
        self.endpoints.borrow().get(number as usize)?.clone()
    }
}

/// An endpoint as the hub has it: by its type, so that a turn is no call through a table.
#[derive(Clone)]
pub(super) enum Member {
    Stream(Rc<super::wire::Wire>),
    Datagrams(Rc<super::datagram::Wire>),
}

impl Member {
    fn endpoint(&self) -> &dyn Endpoint {
        match self {
            Member::Stream(wire) => &**wire,
            Member::Datagrams(wire) => &**wire,
        }
    }
}

/// `unclosed transport <Transport Open ...>, made at src/main.rs:3:5`
impl fmt::Display for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (transport, place): (&dyn fmt::Debug, _) = match self {
            Member::Stream(wire) => (wire, wire.place()),
            Member::Datagrams(wire) => (wire, wire.place()),
        };
        write!(f, "unclosed transport {transport:?}, made at {place}")
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        let endpoints = mem::take(self.endpoints.get_mut());
        let endpoints: Vec<_> = endpoints.into_iter().flatten().collect();
        let told = &endpoints[..endpoints.len().min(UNCLOSED_TOLD_MAX)];
        for member in told {
            corio_trace::report_warning(
                TARGET,
                format_args!(
                    "ResourceWarning: {member}, at the end of its loop: close() it, and wait for \
                     connection_lost()"
                ),
            );
        }
        if endpoints.len() > told.len() {
            corio_trace::report_warning(
                TARGET,
                format_args!(
                    "ResourceWarning: the loop ends with {} unclosed transports, of which {} are \
                     named above",
                    endpoints.len(),
                    told.len()
                ),
            );
        }
        for member in &endpoints {
            member.endpoint().give_up();
        }
    }
}

/// What somebody else than the loop wants of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Asked(u8);

impl Asked {
    const CLOSE: u8 = 1;
    const ABORT: u8 = 2;

    #[inline]
    pub(super) fn is_nothing(self) -> bool {
        self.0 == 0
    }

    pub(super) fn close(self) -> bool {
        self.0 & Self::CLOSE != 0
    }

    pub(super) fn abort(self) -> bool {
        self.0 & Self::ABORT != 0
    }
}

/// An endpoint as every thread may have it: its waker.
pub(super) struct Signal {
    home: Handle,
    here: ThreadBound<Here>,
    asked: AtomicU8,
}

/// What only the loop's thread sees of a signal.
struct Here {
    hub: Weak<Hub>,
    endpoint: Weak<dyn Endpoint>,
    /// Whether it stands in the list.
    is_waiting: Cell<bool>,
}

impl Signal {
    fn ask(self: Arc<Self>, what: u8) {
        // Release: pairs with the Acquire in `take_asked`; what was done before is seen by the turn.
        self.asked.fetch_or(what, Ordering::Release);
        self.wake();
    }

    /// What was asked by now.
    #[inline]
    pub(super) fn take_asked(&self) -> Asked {
        // Relaxed: nearly always nothing was asked, and if this comes too early, the wake that follows
        // in `ask` brings another turn.
        if self.asked.load(Ordering::Relaxed) == 0 {
            return Asked(0);
        }
        // Acquire: pairs with the Release in `ask`.
        Asked(self.asked.swap(0, Ordering::Acquire))
    }

    /// Leaves the list, before its endpoint has its turn: woken in the midst of it, it has another one.
    fn leave_list(&self) -> Option<Rc<dyn Endpoint>> {
        let here = self.here.get()?;
        here.is_waiting.set(false);
        here.endpoint.upgrade()
    }

    /// A wake on another thread.
    #[cold]
    fn wake_from_afar(self: Arc<Self>) {
        let home = self.home.clone();
        // A loop that has ended drops it: the connection is closed already.
        drop(home.call(move || {
            self.wake_here();
        }));
    }

    /// A wake on the loop's thread; `false` on every other.
    #[inline]
    fn wake_here(self: Arc<Self>) -> bool {
        let Some(here) = self.here.get() else { return false };
        if !here.is_waiting.replace(true)
            && let Some(hub) = here.hub.upgrade()
        {
            hub.enter_signal(self);
        }
        true
    }
}

impl Wake for Signal {
    #[inline]
    fn wake(self: Arc<Self>) {
        match self.here.get() {
            Some(_) => drop(self.wake_here()),
            None => self.wake_from_afar(),
        }
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let is_waiting = self.here.get().is_some_and(|here| here.is_waiting.get());
        if !is_waiting {
            self.clone().wake();
        }
    }
}

/// Wakes a hub for those that it watches, from whatever thread drives their descriptors.
struct HubWaker {
    home: Handle,
    hub: ThreadBound<Weak<Hub>>,
}

impl HubWaker {
    /// Whether this was the hub's thread.
    #[inline]
    fn wake_here(&self) -> bool {
        let Some(hub) = self.hub.get() else { return false };
        if let Some(hub) = hub.upgrade() {
            hub.want_drain();
        }
        true
    }
}

impl Wake for HubWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    #[inline]
    fn wake_by_ref(self: &Arc<Self>) {
        if !self.wake_here() {
            let this = self.clone();
            // A loop that has ended drops it.
            drop(self.home.call(move || {
                this.wake_here();
            }));
        }
    }
}

impl Client for Signal {
    fn close(self: Arc<Self>) {
        self.ask(Asked::CLOSE);
    }

    fn abort(self: Arc<Self>) {
        self.ask(Asked::ABORT);
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Signal")
    }
}
