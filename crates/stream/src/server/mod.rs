//! [`Server`]: sockets that listen, and the connections that came through them.
//!
//! ```text
//!   start_server ──▶ Core ◀── Server (close, close_clients, wait_closed, …)
//!                     │ a task a door accepts
//!                     ▼
//!            connection ──▶ Link ──▶ handler's task
//!                            └─ Seat, until the connection has ended
//! ```
//!
//! `core` knows doors and clients, and neither streams nor handlers; `listener` says what a door is, `accept`
//! opens it,
//! `upgrade` what is done to a connection first, `handler` what happens to it, `options` how it all begins.

mod accept;
mod core;
mod handler;
mod listener;
mod options;
mod upgrade;

use std::error::Error;
use std::fmt;
use std::io;
use std::panic::Location;
use std::sync::Arc;

pub use handler::Outcome;
pub use listener::{Accepted, Listener};
pub use options::{BACKLOG_DEFAULT, ServerOptions, start_server, start_unix_server};

pub(crate) use self::core::{Client, Core, Seat};
#[cfg(feature = "tls")]
pub(crate) use upgrade::{Securing, Upgrading};
pub(crate) use upgrade::{Upgrade, upgrade_first};

use self::core::Stage;
use crate::TARGET;
use crate::connection::Address;
use crate::deeds::{ServeForeverDeed, ServerWaitClosedDeed};
use corio_task::catch;
use corio_trace::action::Deed;

/// A server: asyncio's `Server`. Made by [`start_server`] and [`ServerOptions`].
///
/// It may be used from any thread. Dropping it closes it: nobody is let in any more; connections that
/// are there go on.
#[must_use = "a server that is dropped is closed"]
pub struct Server {
    core: Arc<Core>,
}

impl Server {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        Server { core }
    }

    /// Where it listens; nowhere, once it is closed.
    #[doc(alias = "sockets")]
    pub fn addresses(&self) -> Vec<Address> {
        self.core.addresses()
    }

    /// The first address of the internet it listens at: the port that was chosen, where 0 was asked for.
    pub fn local_addr(&self) -> Option<std::net::SocketAddr> {
        self.addresses().iter().find_map(Address::as_inet)
    }

    /// Whether it lets connections in.
    pub fn is_serving(&self) -> bool {
        self.core.stage() == Stage::Serving
    }

    /// Whether it was closed.
    pub fn is_closed(&self) -> bool {
        self.core.stage() == Stage::Closed
    }

    /// How many connections there are.
    pub fn clients(&self) -> usize {
        self.core.clients()
    }

    /// Lets connections in; nothing happens if it does so already.
    ///
    /// # Errors
    /// [`ServeError::Closed`], or what the system says.
    pub fn start_serving(&self) -> Result<(), ServeError> {
        self.core.start()
    }

    /// Lets connections in until the server is closed, and waits until they have ended.
    ///
    /// Cancelled, it closes the server, waits until all connections have ended, and goes on unwinding.
    ///
    /// # Errors
    /// [`ServeError::Closed`] if the server is closed already, [`ServeError::AlreadyAwaited`] if another
    /// task waits in it, or what the system says.
    ///
    /// # Cancel safety
    /// Dropped, it closes the server.
    #[track_caller]
    pub fn serve_forever(&self) -> impl Future<Output = Result<(), ServeError>> {
        ServeForeverDeed::doing(async move {
            let forever = self.core.begin_forever()?;
            self.core.start()?;
            let caught = catch(self.core.wait_ended()).await;
            drop(forever);
            self.core.wait_finished().await;
            if let Err(cancelled) = caught {
                cancelled.resume().await;
            }
            Ok(())
        })
    }

    /// Stops listening, at once: the addresses are free when it returns. Connections that are there go
    /// on.
    pub fn close(&self) {
        self.core.close();
    }

    /// Closes every connection, as its writer's [`close`](crate::StreamWriter::close) does: what is
    /// unsent is sent first.
    pub fn close_clients(&self) {
        self.core.each_client(|client| client.close());
    }

    /// Ends every connection now, as its writer's [`abort`](crate::StreamWriter::abort) does.
    pub fn abort_clients(&self) {
        self.core.each_client(|client| client.abort());
    }

    /// Waits until the server is closed and every connection has ended. Handlers may still run their
    /// last lines.
    ///
    /// # Cancel safety
    /// Dropped, it has changed nothing.
    #[track_caller]
    pub fn wait_closed(&self) -> impl Future<Output = ()> {
        ServerWaitClosedDeed::doing(async move {
            self.core.wait_finished().await;
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let clients = self.core.clients();
        if clients > 0 && self.core.stage() != Stage::Closed {
            corio_trace::report_warning(
                TARGET,
                format_args!(
                    "ResourceWarning: unclosed {self:?} with {clients} clients, started at {}: it lets \
                     nobody in from now on; call close(), and await wait_closed()",
                    self.core.place()
                ),
            );
        }
        self.core.close();
    }
}

/// `<Server serving addresses=[127.0.0.1:80] clients=2>`
impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stage = match self.core.stage() {
            Stage::Ready => "ready",
            Stage::Serving => "serving",
            Stage::Closed => "closed",
        };
        write!(f, "<Server {stage}")?;
        for (number, address) in self.addresses().iter().enumerate() {
            let before = if number == 0 { " at " } else { ", " };
            write!(f, "{before}{address}")?;
        }
        match self.clients() {
            0 => f.write_str(">"),
            clients => write!(f, " clients={clients}>"),
        }
    }
}

/// Why a server does not serve.
#[derive(Debug)]
#[non_exhaustive]
pub enum ServeError {
    /// It was closed.
    Closed {
        /// Where it was started.
        place: &'static Location<'static>,
    },
    /// Another task waits in [`Server::serve_forever`].
    AlreadyAwaited {
        /// Where it was started.
        place: &'static Location<'static>,
    },
    /// The system refused.
    Io(io::Error),
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ServeError::Closed { place } => {
                write!(f, "the server started at {place} is closed: start a new one")
            }
            ServeError::AlreadyAwaited { place } => write!(
                f,
                "the server started at {place} is already being awaited on serve_forever(): await \
                 wait_closed() beside it"
            ),
            ServeError::Io(error) => error.fmt(f),
        }
    }
}

impl Error for ServeError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            ServeError::Io(error) => error.source(),
            _ => None,
        }
    }
}

impl From<ServeError> for io::Error {
    fn from(error: ServeError) -> Self {
        match error {
            ServeError::Io(error) => error,
            error => io::Error::other(error),
        }
    }
}
