//! [`Place`]: where a connection has its protocol, and how one is called.
//!
//! The protocol is taken out of its place while it is called. So no borrow is held that the callback
//! could run into, and a second call cannot begin before the first has returned: it would find the
//! place empty. A protocol that was set meanwhile takes the place when the call has returned.
//!
//! A panic stays with the one connection: it is caught here, and handed to the loop as the panic of one
//! of its calls, so that it reaches the loop's exception handler.

use std::any::Any;
use std::cell::Cell;
use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};

use corio_base::quiet::drop_quietly;
use corio_task::Spawn;

use super::traits::{BufferedProtocol, Protocol};
use super::transport::Transport;

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
    current: Cell<Option<P>>,
    /// Set while the current one was being called.
    next: Cell<Option<P>>,
    is_calling: Cell<bool>,
}

impl<P> Place<P> {
    pub(super) fn new(protocol: P) -> Self {
        Place {
            current: Cell::new(Some(protocol)),
            next: Cell::new(None),
            is_calling: Cell::new(false),
        }
    }

    /// Calls the protocol. A panic is its error; if there is no protocol, nothing is called.
    #[inline]
    pub(super) fn call<R>(
        &self,
        call: impl FnOnce(&mut P) -> R,
    ) -> Option<Result<R, Box<dyn Any + Send>>> {
        let mut protocol = self.current.take()?;
        self.is_calling.set(true);
        // Unwind safe: what the protocol has left undone is its own; it is told that it has lost its
        // connection, and nothing else.
        let result = catch_unwind(AssertUnwindSafe(|| call(&mut protocol)));
        self.is_calling.set(false);
        match self.next.take() {
            None => self.current.set(Some(protocol)),
            Some(next) => {
                self.current.set(Some(next));
                drop(protocol);
            }
        }
        Some(result)
    }

    /// Puts another protocol in its place, now or when the call that is under way has returned.
    pub(super) fn replace(&self, protocol: P) {
        let place = if self.is_calling.get() { &self.next } else { &self.current };
        let before = place.replace(Some(protocol));
        drop(before);
    }

    /// Empties the place.
    pub(super) fn clear(&self) {
        drop((self.current.take(), self.next.take()));
    }
}

/// Hands the panic of a callback to the loop, and says in words what happened.
#[cold]
pub(super) fn callback_panicked(
    what: &str,
    panic: Box<dyn Any + Send>,
    place: &'static Location<'static>,
) -> io::Error {
    let words = match panic.downcast_ref::<&'static str>() {
        Some(text) => text,
        None => panic.downcast_ref::<String>().map_or("a value", String::as_str),
    };
    let error = io::Error::other(format!("protocol.{what}() panicked: {words}"));
    match corio_executor::current() {
        Some(core) => drop(core.call_with(Spawn::from(place), move || resume_unwind(panic))),
        // The loop has gone, and with it who could be told; the panic's own message is on stderr.
        None => drop_quietly(panic),
    }
    error
}
