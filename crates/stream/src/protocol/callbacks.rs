//! [`Place`]: where a connection has its protocol, and how one is called.
//!
//! The place is borrowed while its protocol is called, and nobody else borrows it for longer than a look.
//! So a second call cannot begin before the first has returned: it would find nobody to call. A protocol
//! that was set meanwhile waits beside it, and takes the place when the call has returned.
//!
//! A panic stays with the one connection: it is caught here, and handed to the loop as the panic of one
//! of its calls, so that it reaches the loop's exception handler.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::task::Waker;

use corio_base::quiet::drop_quietly;
use corio_task::Spawn;

use super::traits::{BufferedProtocol, Protocol};
use super::transport::Transport;
use crate::TARGET;

/// A connection's protocol, of either kind.
pub enum Callbacks {
    /// Its bytes come in the loop's buffer.
    Lent(Box<dyn Protocol>),
    /// Its bytes come in a buffer of its own.
    Own(Box<dyn BufferedProtocol>),
}

impl fmt::Debug for Callbacks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Callbacks::Lent(_) => "Protocol",
            Callbacks::Own(_) => "BufferedProtocol",
        })
    }
}

/// Calls the method that both kinds have.
macro_rules! either {
    ($callbacks:expr, $protocol:ident => $call:expr) => {
        match $callbacks {
            Callbacks::Lent($protocol) => $call,
            Callbacks::Own($protocol) => $call,
        }
    };
}

impl Callbacks {
    pub(super) fn connection_made(&mut self, transport: Transport) {
        either!(self, protocol => protocol.connection_made(transport));
    }

    pub(super) fn eof_received(&mut self) -> bool {
        either!(self, protocol => protocol.eof_received())
    }

    pub(super) fn connection_lost(&mut self, error: Option<io::Error>) {
        either!(self, protocol => protocol.connection_lost(error));
    }

    pub(super) fn write_flow(&mut self, paused: bool) {
        either!(self, protocol => match paused {
            true => protocol.pause_writing(),
            false => protocol.resume_writing(),
        });
    }
}

/// The place of a protocol.
pub(super) struct Place<P> {
    current: RefCell<Option<P>>,
    /// Set while the current one was being called.
    next: Cell<Option<P>>,
    has_next: Cell<bool>,
}

impl<P> Place<P> {
    pub(super) fn new(protocol: P) -> Self {
        Place {
            current: RefCell::new(Some(protocol)),
            next: Cell::new(None),
            has_next: Cell::new(false),
        }
    }

    /// Calls the protocol. A panic is its error; if there is no protocol, nothing is called.
    #[inline]
    pub(super) fn call<R>(
        &self,
        call: impl FnOnce(&mut P) -> R,
    ) -> Option<Result<R, Box<dyn Any + Send>>> {
        self.call_uncaught(|protocol| {
            // Unwind safe: what the protocol has left undone is its own; it is told that it has lost its
            // connection, and nothing else.
            catch_unwind(AssertUnwindSafe(|| call(protocol)))
        })
    }

    /// The same for a caller who catches panics himself, and calls [`Place::panicked`] then.
    #[inline(always)]
    pub(super) fn call_uncaught<R>(&self, call: impl FnOnce(&mut P) -> R) -> Option<R> {
        let mut current = self.current.try_borrow_mut().ok()?;
        let result = call(current.as_mut()?);
        drop(current);
        if self.has_next.get() {
            self.promote();
        }
        Some(result)
    }

    /// What is to be done after a call that panicked, and was not caught here.
    pub(super) fn panicked(&self) {
        if self.has_next.get() {
            self.promote();
        }
    }

    /// The protocol that was set while the one before it was being called takes its place.
    #[cold]
    fn promote(&self) {
        self.has_next.set(false);
        let next = self.next.take();
        drop_told(self.current.replace(next));
    }

    /// Puts another protocol in its place, now or when the call that is under way has returned.
    pub(super) fn replace(&self, protocol: P) {
        let before = match self.current.try_borrow_mut() {
            Ok(mut current) => current.replace(protocol),
            Err(_) => {
                self.has_next.set(true);
                self.next.replace(Some(protocol))
            }
        };
        drop(before);
    }

    /// Empties the place, unless its protocol is being called.
    pub(super) fn clear(&self) {
        self.has_next.set(false);
        let current = self.current.try_borrow_mut().map(|mut current| current.take());
        drop_told(current);
        drop_told(self.next.take());
    }
}

/// Drops what a turn lets go of: a panic of its destructor is told to the log, and the turn goes on, for
/// there is more to let go of, and others wait for their turn.
pub(super) fn drop_told<T>(value: T) {
    // Unwind safe: nobody sees the value any more.
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| drop(value))) {
        corio_trace::report_error(
            TARGET,
            format_args!(
                "a value of a connection panicked when it was dropped: {}",
                words(&*panic)
            ),
        );
        drop_quietly(panic);
    }
}

/// Wakes who waits for a connection, which may be anybody: a panic is handed to the loop, and the turn goes on. It
/// costs neither the connection that is begun by it nor, at the end of a loop, those that are still to be let go of.
pub(super) fn wake_told(waker: Waker, place: &'static Location<'static>) {
    // Unwind safe: nothing of ours is seen by the waker.
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| waker.wake())) {
        hand_to_loop(panic, place);
    }
}

fn words(panic: &(dyn Any + Send)) -> &str {
    match panic.downcast_ref::<&'static str>() {
        Some(text) => text,
        None => panic.downcast_ref::<String>().map_or("a value", String::as_str),
    }
}

/// Hands the panic of a callback to the loop, and says in words what happened.
#[cold]
pub(super) fn callback_panicked(
    what: &str,
    panic: Box<dyn Any + Send>,
    place: &'static Location<'static>,
) -> io::Error {
    let error = io::Error::other(format!("protocol.{what}() panicked: {}", words(&*panic)));
    hand_to_loop(panic, place);
    error
}

/// The same of a connection of the program's own, which panicked in a turn.
#[cold]
pub(super) fn connection_panicked(
    panic: Box<dyn Any + Send>,
    place: &'static Location<'static>,
) -> io::Error {
    let error = io::Error::other(format!("the connection itself panicked: {}", words(&*panic)));
    hand_to_loop(panic, place);
    error
}

fn hand_to_loop(panic: Box<dyn Any + Send>, place: &'static Location<'static>) {
    match corio_executor::current() {
        Some(core) => drop(core.call_with(Spawn::from(place), move || resume_unwind(panic))),
        // The loop has gone, and with it who could be told; the panic's own message is on stderr.
        None => drop_quietly(panic),
    }
}
