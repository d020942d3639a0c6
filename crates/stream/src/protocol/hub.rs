//! [`Hub`]: the connections of one loop, and whose turn it is. Instead of a task for each.
//!
//! ```text
//!   reactor ── Signal::wake ──▶ Hub::enter { ready: [Signal …] } ──one call──▶ Hub::drain
//!   another thread ── Signal::wake ──▶ a call of its own ─────────────────────▶ Hub::serve
//!                                                                                  │
//!                                                         Endpoint::turn ◀─────────┘
//! ```
//!
//! A connection has one [`Signal`], which is the waker of all that it waits for. Woken on the loop's thread,
//! where the reactor of a loop wakes, it stands in the hub's list, once. The first that comes to the
//! empty list asks the loop for one call, in its queue among the tasks, and that call gives all that
//! stand there their turn, in their order: so what one wait of the reactor found is served by one entry
//! of the queue, without a lock and without an atomic operation. A wake on another thread, which is
//! rare, brings a call for this one connection.
//!
//! **A wake in the middle of a turn** is not lost: `drain` marks a signal as not waiting before its turn
//! begins, so that it enters the list again and there is another turn.
//!
//! The hub owns its connections: one that waits for a silent peer is held by nobody else. The loop keeps
//! the hub ([`corio_executor::Core::kept`]), and drops it at its end.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
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

use crate::TARGET;
use crate::server::Client;

/// The buffer that a loop lends its connections, one after the other: as asyncio's and uvloop's, what a
/// fast sender has in flight on a fast network. One a loop: an idle connection holds none.
pub(super) const READ_BUFFER: usize = 256 * 1024;

/// Whose turn comes when its signal was woken.
pub(super) trait Endpoint {
    /// Does what there is to do. `waker` is the endpoint's signal.
    fn turn(self: Rc<Self>, hub: &Hub, waker: &Waker, asked: Asked);

    /// The loop ends: lets go of everything, and calls nobody.
    fn give_up(&self);
}

/// The connections of one loop.
pub(super) struct Hub {
    /// For the signals.
    this: RefCell<Weak<Hub>>,
    home: Handle,
    endpoints: RefCell<BTreeMap<u64, Rc<dyn Endpoint>>>,
    next: Cell<u64>,
    /// Who waits for a turn.
    ready: RefCell<Vec<Arc<Signal>>>,
    /// The loop was asked for the call that gives them theirs.
    is_called: Cell<bool>,
    /// An empty list, kept for its memory.
    spare: Cell<Vec<Arc<Signal>>>,
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
            next: Cell::new(0),
            ready: RefCell::default(),
            is_called: Cell::new(false),
            spare: Cell::default(),
            buffer: Cell::new(None),
        }
    }

    /// Takes in an endpoint, which `make` makes around its signal and its number.
    pub(super) fn enter<E: Endpoint + 'static>(
        &self,
        make: impl FnOnce(Arc<Signal>, u64) -> E,
    ) -> Rc<E> {
        let number = self.next.replace(self.next.get() + 1);
        let endpoint = Rc::new_cyclic(|weak: &Weak<E>| {
            let endpoint: Weak<dyn Endpoint> = weak.clone();
            let hub = self.this.borrow().clone();
            let here = Here { hub, endpoint, is_waiting: Cell::new(false) };
            let signal = Signal {
                home: self.home.clone(),
                here: ThreadBound::new(here),
                asked: AtomicU8::new(0),
            };
            make(Arc::new(signal), number)
        });
        self.endpoints.borrow_mut().insert(number, endpoint.clone());
        endpoint
    }

    /// Lets an endpoint go.
    pub(super) fn leave(&self, number: u64) {
        let endpoint = self.endpoints.borrow_mut().remove(&number);
        drop(endpoint);
    }

    /// Enters a signal, on the loop's thread.
    #[inline]
    fn enter_signal(&self, signal: Arc<Signal>) {
        self.ready.borrow_mut().push(signal);
        if !self.is_called.replace(true) {
            self.call();
        }
    }

    /// Asks the loop for the call.
    fn call(&self) {
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
        let mut signals = self.ready.replace(self.spare.take());
        for signal in signals.drain(..) {
            self.serve(signal);
        }
        self.spare.set(signals);
    }

    /// Gives one its turn.
    #[inline]
    fn serve(&self, signal: Arc<Signal>) {
        let Some(here) = signal.here.get() else { return };
        here.is_waiting.set(false);
        let Some(endpoint) = here.endpoint.upgrade() else { return };
        let asked = signal.take_asked();
        let waker = Waker::from(signal);
        // Callbacks are caught one by one; what is caught here is a destructor of the program's, and the
        // others must not lose their turn by it.
        let turn = AssertUnwindSafe(|| endpoint.turn(self, &waker, asked));
        if let Err(panic) = catch_unwind(turn) {
            corio_trace::report_error(
                TARGET,
                format_args!("a value of a protocol panicked when it was dropped"),
            );
            drop_quietly(panic);
        }
    }

    /// Lends the loop's buffer to `read`.
    #[inline]
    pub(super) fn with_buffer<R>(&self, read: impl FnOnce(&mut [u8]) -> R) -> R {
        // A new one the first time, and if `read` comes back here.
        let mut buffer = self.buffer.take().unwrap_or_else(|| vec![0; READ_BUFFER].into());
        let result = read(&mut buffer);
        self.buffer.set(Some(buffer));
        result
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        let endpoints = mem::take(self.endpoints.get_mut());
        if !endpoints.is_empty() {
            corio_trace::report_warning(
                TARGET,
                format_args!(
                    "ResourceWarning: the loop ends with {} unclosed transports: close() them, and \
                     wait for connection_lost()",
                    endpoints.len()
                ),
            );
        }
        for endpoint in endpoints.values() {
            endpoint.give_up();
        }
    }
}

/// What somebody else than the loop wants of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Asked(u8);

impl Asked {
    const CLOSE: u8 = 1;
    const ABORT: u8 = 2;

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
    fn take_asked(&self) -> Asked {
        // Relaxed: nearly always nothing was asked, and if this comes too early, the wake that follows
        // in `ask` brings another turn.
        if self.asked.load(Ordering::Relaxed) == 0 {
            return Asked(0);
        }
        // Acquire: pairs with the Release in `ask`.
        Asked(self.asked.swap(0, Ordering::Acquire))
    }

    /// A wake on another thread.
    #[cold]
    fn wake_from_afar(self: Arc<Self>) {
        let home = self.home.clone();
        // A loop that has ended drops it: the connection is closed already.
        drop(home.call(move || {
            let hub = self.here.get().and_then(|here| here.hub.upgrade());
            if let Some(hub) = hub {
                hub.serve(self);
            }
        }));
    }
}

impl Wake for Signal {
    #[inline]
    fn wake(self: Arc<Self>) {
        let Some(here) = self.here.get() else { return self.wake_from_afar() };
        if here.is_waiting.replace(true) {
            return;
        }
        if let Some(hub) = here.hub.upgrade() {
            hub.enter_signal(self);
        }
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let is_waiting = self.here.get().is_some_and(|here| here.is_waiting.get());
        if !is_waiting {
            self.clone().wake();
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
