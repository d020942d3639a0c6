//! [`create_server`]: a server that makes a protocol for each connection. The server itself is the one of
//! the streams: [`Server`], with its doors and seats.

use std::cell::RefCell;
use std::io;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use corio_net::ToSocketAddrs;
use corio_trace::action::Deed;

use super::callbacks::callback_panicked;
use super::connect::hub;
use super::traits::Handler;
use super::wire::{Begin, Wire};
use crate::connection::{Address, send_at_once};
use crate::deeds::{CreateServerDeed, CreateUnixServerDeed};
use crate::server::{Accepted, Client, Core, Seat, Server, ServerOptions, Upgrade, upgrade_first};

/// Starts a server: for each connection `factory` makes a protocol. asyncio's `create_server`.
///
/// ```
/// # use corio_base::park::ThreadPark;
/// # use corio_executor::Executor;
/// use corio_stream::protocol::{Protocol, Transport, create_server};
///
/// #[derive(Default)]
/// struct Echo(Option<Transport>);
///
/// impl Protocol for Echo {
///     fn connection_made(&mut self, transport: Transport) {
///         self.0 = Some(transport);
///     }
///
///     fn data_received(&mut self, data: &[u8]) {
///         self.0.as_ref().unwrap().write(data);
///     }
/// }
///
/// # fn main() -> std::io::Result<()> {
/// # Executor::new(ThreadPark::new()).block_on(async {
/// let server = create_server(Echo::default, "127.0.0.1:0").await?;
/// # server.close();
/// # Ok(())
/// # })
/// # }
/// ```
///
/// No task is spawned for a connection: its callbacks are called when its socket is ready, on this loop,
/// in a copy of this task's context. For what else can be chosen see
/// [`ServerOptions::create_server`].
///
/// # Errors
/// If the addresses cannot be listened at: the error says which.
///
/// # Panics
/// Outside a loop.
#[track_caller]
pub fn create_server<H: Handler>(
    factory: impl FnMut() -> H + 'static,
    addresses: impl ToSocketAddrs,
) -> impl Future<Output = io::Result<Server>> {
    ServerOptions::new().create_server(factory, addresses)
}

/// Starts a server at a Unix socket: otherwise as [`create_server`].
///
/// # Errors
/// As [`start_unix_server`](crate::start_unix_server).
///
/// # Panics
/// Outside a loop.
#[track_caller]
pub fn create_unix_server<H: Handler>(
    factory: impl FnMut() -> H + 'static,
    path: impl AsRef<Path>,
) -> impl Future<Output = io::Result<Server>> {
    ServerOptions::new().create_unix_server(factory, path)
}

impl ServerOptions {
    /// Starts a server of protocols at all of `addresses`; see [`create_server`]. The limit for lines
    /// does not concern it. Over TLS (`tls`) a protocol is made when the handshake is done.
    ///
    /// # Errors
    /// As [`create_server`].
    ///
    /// # Panics
    /// Outside a loop.
    #[track_caller]
    pub fn create_server<H: Handler>(
        mut self,
        factory: impl FnMut() -> H + 'static,
        addresses: impl ToSocketAddrs,
    ) -> impl Future<Output = io::Result<Server>> {
        let place = Location::caller();
        CreateServerDeed::doing(async move {
            let doors = self.bind_all(addresses).await?;
            let upgrade = self.upgrade.take();
            self.serve_with(doors, place, admit_with(factory, upgrade, place))
        })
    }

    /// Starts a server of protocols at a Unix socket; see [`ServerOptions::start_unix`] for its file.
    ///
    /// # Errors
    /// As [`create_unix_server`].
    ///
    /// # Panics
    /// Outside a loop.
    #[track_caller]
    pub fn create_unix_server<H: Handler>(
        mut self,
        factory: impl FnMut() -> H + 'static,
        path: impl AsRef<Path>,
    ) -> impl Future<Output = io::Result<Server>> {
        let place = Location::caller();
        CreateUnixServerDeed::doing(async move {
            let doors = self.bind_unix(path).await?;
            let upgrade = self.upgrade.take();
            self.serve_with(doors, place, admit_with(factory, upgrade, place))
        })
    }
}

/// What is done with a connection that has come.
fn admit_with<H: Handler>(
    factory: impl FnMut() -> H + 'static,
    upgrade: Option<Arc<dyn Upgrade>>,
    place: &'static Location<'static>,
) -> impl FnMut(Accepted, &Arc<Core>) + 'static {
    let factory = Rc::new(RefCell::new(factory));
    move |accepted, core| {
        if let Address::Inet(_) = accepted.peer {
            send_at_once(&*accepted.connection);
        }
        match &upgrade {
            None => begin(accepted, &factory, place, |client| core.admit(Arc::downgrade(client))),
            Some(upgrade) => {
                let factory = factory.clone();
                upgrade_first(core, accepted, upgrade, move |accepted, entry| {
                    begin(accepted, &factory, place, |client| Some(entry.pass_to(client)));
                });
            }
        }
    }
}

/// Gives a connection to a new protocol, and to its server.
fn begin<H: Handler>(
    accepted: Accepted,
    factory: &RefCell<impl FnMut() -> H>,
    place: &'static Location<'static>,
    seat: impl FnOnce(&Arc<dyn Client>) -> Option<Seat>,
) {
    // Unwind safe: what the factory shares between calls is its own to keep in order.
    let made = catch_unwind(AssertUnwindSafe(|| (*factory.borrow_mut())().into_callbacks()));
    let callbacks = match made {
        Ok(callbacks) => callbacks,
        // The connection is dropped: only it is affected.
        Err(panic) => return drop(callback_panicked("factory", panic, place)),
    };
    let Accepted { connection, peer } = accepted;
    let wire = Wire::start(&hub(place), Begin { connection, peer: Some(peer), callbacks, place });
    let client: Arc<dyn Client> = wire.signal().clone();
    match seat(&client) {
        Some(seat) => wire.take_seat(seat),
        // Closed by another thread in this moment.
        None => wire.abort(None),
    }
}
