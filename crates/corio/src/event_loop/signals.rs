//! Callbacks for signals: asyncio's signal handlers.
//!
//! ```text
//!             ┌──────────────── 1 look: it has come ───────────────┐
//!             │                                                    ▼
//!   add ──▶ look ──pending──▶ a waker waits ──2 look, woken──▶ in the queue ──3 called──▶ look
//!                                   └───4 remove: no more calls are queued───┘
//! ```
//!
//! One stream for each kind of signal, for as long as there is a handler; a new handler takes over the
//! stream of the one before, so that no signal is lost in between. A call that is in the queue is made, also
//! if its handler is replaced or removed meanwhile.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io;
use std::panic::Location;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, Wake, Waker};

use corio_base::ambient::LoopId;
use corio_executor::Spawn;
use corio_signal::{Signal, SignalKind, restore_default, signal};
use corio_task::Context;
use corio_trace::emit::TARGET_LOOP;

use crate::handle::Handle;

use super::EventLoop;
use super::boxed;
use super::data::{self, LoopData};

/// The signal handlers of a loop.
#[derive(Default)]
pub(super) struct Signals {
    all: RefCell<BTreeMap<SignalKind, Rc<Watched>>>,
}

impl Signals {
    /// Takes all of them back.
    pub(super) fn clear(&self) {
        for (kind, watched) in self.all.take() {
            give_up(kind, watched);
        }
    }
}

/// A kind of signal that has a handler.
struct Watched {
    kind: SignalKind,
    stream: RefCell<Signal>,
    handler: RefCell<Rc<Handler>>,
    is_queued: Cell<bool>,
}

/// What is called, and how it was asked for.
struct Handler {
    callback: RefCell<Box<dyn FnMut()>>,
    context: Context,
    place: &'static Location<'static>,
    /// The type of the callback.
    name: &'static str,
}

impl EventLoop {
    /// Runs `callback` on this loop whenever the signal has come, until
    /// [`EventLoop::remove_signal_handler`]. A second one for the same kind takes the first one's place.
    ///
    /// It is called like any callback, between the steps of tasks, with the context of this call, and may
    /// do anything. Signals that come faster than it is called are one call. asyncio has this on the main
    /// thread only; here any loop may, and several loops each have their own handler of the same signal.
    /// Handlers that others have installed go on being called. A callback that panics goes to the
    /// [exception handler](EventLoop::set_exception_handler), and is called again next time.
    ///
    /// From the first call for a kind on the signal has its default effect no more, until the handler is
    /// removed or the loop is closed; with a handler for `SIGINT`, Ctrl-C is the program's own affair.
    ///
    /// ```
    /// use corio::{EventLoop, signal::SignalKind};
    ///
    /// corio::run(async {
    ///     let (promise, hung_up) = corio::eventual::<(), ()>();
    ///     EventLoop::current().add_signal_handler(SignalKind::hangup(), move || {
    ///         let _ = promise.set_result(());
    ///     })?;
    ///     let mut kill = std::process::Command::new("kill");
    ///     kill.args(["-HUP", &std::process::id().to_string()]).status()?;
    ///     hung_up.await.unwrap();
    ///     Ok::<(), std::io::Error>(())
    /// })?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`signal`](crate::signal::signal()): kinds that no program can be told of, no descriptors left.
    ///
    /// # Panics
    /// If the loop is closed.
    #[track_caller]
    pub fn add_signal_handler(
        &self,
        kind: SignalKind,
        callback: impl FnMut() + 'static,
    ) -> io::Result<()> {
        self.data.must_be_open("add_signal_handler");
        let (place, name) = (Location::caller(), std::any::type_name_of_val(&callback));
        let callback = RefCell::new(Box::new(callback) as Box<dyn FnMut()>);
        add(&self.data, kind, Rc::new(Handler { callback, context: Context::copy(), place, name }))
    }

    /// Takes a signal handler back. `false`: there is none.
    ///
    /// When nobody watches the signal any more, no other loop and no [stream](crate::signal::signal()), it has
    /// its effect of before: the default one, which mostly ends the process, or that of a handler which
    /// was there before corio's, and which was called all the time. For `SIGINT`, Ctrl-C cancels the run again.
    pub fn remove_signal_handler(&self, kind: SignalKind) -> bool {
        let removed = self.data.signals.all.borrow_mut().remove(&kind);
        let was_there = removed.is_some();
        if let Some(watched) = removed {
            give_up(kind, watched);
        }
        was_there
    }
}

/// Ends a watch, and has the signal do what it did before.
fn give_up(kind: SignalKind, watched: Rc<Watched>) {
    drop(watched);
    if let Err(error) = restore_default(kind) {
        corio_trace::report_error(
            TARGET_LOOP,
            format_args!("{kind} does not get its default action back, and is ignored: {error}"),
        );
    }
}

fn add(data: &Rc<LoopData>, kind: SignalKind, handler: Rc<Handler>) -> io::Result<()> {
    let present = data.signals.all.borrow().get(&kind).cloned();
    if let Some(present) = present {
        let before = present.handler.replace(handler);
        drop(before);
        return Ok(());
    }
    let stream = RefCell::new(data.within(|| signal(kind))?);
    let handler = RefCell::new(handler);
    let watched = Rc::new(Watched { kind, stream, handler, is_queued: Cell::new(false) });
    let before = data.signals.all.borrow_mut().insert(kind, watched.clone());
    drop(before);
    look(data, &watched);
    Ok(())
}

/// Edge 1: whether the signal has come; otherwise its waker will tell.
fn look(data: &Rc<LoopData>, watched: &Rc<Watched>) {
    if watched.is_queued.get() {
        return;
    }
    let (kind, of, home) = (watched.kind, data.core.id(), data.handle());
    let waker = Waker::from(Arc::new(SignalWaker { kind, of, home }));
    let mut context = TaskContext::from_waker(&waker);
    // It is the loop's wait, not that of a task that is being polled.
    let wait = corio_trace::take_last_wait();
    let polled = match watched.stream.try_borrow_mut() {
        Ok(mut stream) => data.within(|| stream.poll_recv(&mut context)),
        // It is being polled, which may give up a descriptor and with it wake this.
        Err(_) => Poll::Pending,
    };
    let _ = corio_trace::take_last_wait();
    if let Some(wait) = wait {
        corio_trace::record(&wait);
    }
    match polled {
        Poll::Ready(Ok(())) => queue(data, watched),
        Poll::Ready(Err(error)) => corio_trace::report_error(
            TARGET_LOOP,
            format_args!("the handler of {kind} is not called any more: {error}"),
        ),
        Poll::Pending => {}
    }
}

fn queue(data: &Rc<LoopData>, watched: &Rc<Watched>) {
    let handler = watched.handler.borrow().clone();
    let mut spawn = Spawn::from(handler.place);
    if !handler.context.is_empty() || !Context::copy().is_empty() {
        spawn = spawn.context(handler.context.clone());
    }
    watched.is_queued.set(true);
    let (weak, called) = (Rc::downgrade(data), watched.clone());
    let call = boxed::named(handler.name, move || {
        // Also when the callback panics: it goes on being a handler.
        let _again = OnDrop(|| {
            called.is_queued.set(false);
            if let Some(data) = weak.upgrade() {
                look_again(&data, &called);
            }
        });
        // Edge 3. It is not called while it runs: its next call is yet to be queued.
        (handler.callback.borrow_mut())();
    });
    data.core.call_with(spawn, call);
}

/// After a call, unless the handler was removed meanwhile.
fn look_again(data: &Rc<LoopData>, watched: &Rc<Watched>) {
    let is_there = data.signals.all.borrow().get(&watched.kind).is_some_and(|present| {
        // Removed and added again, it has a stream of its own.
        Rc::ptr_eq(present, watched)
    });
    if is_there {
        look(data, watched);
    }
}

struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// Tells a loop to look for a signal, from whatever thread drives its descriptor.
struct SignalWaker {
    kind: SignalKind,
    of: LoopId,
    home: Handle,
}

impl SignalWaker {
    /// Edge 2, if this thread works for the handler's loop.
    fn look(kind: SignalKind, of: LoopId) -> bool {
        let Some(data) = data::active().filter(|data| data.core.id() == of) else { return false };
        let watched = data.signals.all.borrow().get(&kind).cloned();
        if let Some(watched) = watched {
            look(&data, &watched);
        }
        true
    }
}

impl Wake for SignalWaker {
    fn wake(self: Arc<Self>) {
        let (kind, of) = (self.kind, self.of);
        if !Self::look(kind, of) {
            self.home.call(Location::caller(), move || {
                Self::look(kind, of);
            });
        }
    }
}
