//! [`create_connection`] and its kind: a connection for a protocol.

use std::io;
use std::panic::Location;
use std::path::Path;
use std::rc::Rc;

use corio_net::{TcpStream, ToSocketAddrs, UnixStream};
use corio_trace::action::Deed;

use super::hub::Hub;
use super::traits::Handler;
use super::transport::Transport;
use super::wire::{Begin, Wire};
use crate::connection::{Address, Connection, send_at_once};
use crate::deeds::{ConnectAcceptedDeed, CreateConnectionDeed, CreateUnixConnectionDeed};

/// Connects, and gives the connection to what `factory` makes: asyncio's `create_connection`.
///
/// A name is looked up, and its addresses are tried, as [`TcpStream::connect`] does; the factory is
/// called when that has succeeded. When this returns, `connection_made` has been called. For all that can
/// be chosen put [`connect_accepted_socket`] over a [`corio_net::Connect`]. Nagle's algorithm is off, as
/// asyncio's.
///
/// ```
/// # use corio_base::park::ThreadPark;
/// # use corio_executor::Executor;
/// use corio_stream::protocol::{Protocol, Transport, create_connection, create_server};
///
/// struct Shout(Option<Transport>);
///
/// impl Protocol for Shout {
///     fn connection_made(&mut self, transport: Transport) {
///         self.0 = Some(transport);
///     }
///
///     fn data_received(&mut self, data: &[u8]) {
///         self.0.as_ref().unwrap().write(&data.to_ascii_uppercase());
///     }
/// }
///
/// struct Hear(Option<corio_sync::oneshot::Sender<Vec<u8>>>);
///
/// impl Protocol for Hear {
///     fn connection_made(&mut self, transport: Transport) {
///         transport.write(b"hello");
///     }
///
///     fn data_received(&mut self, data: &[u8]) {
///         if let Some(heard) = self.0.take() {
///             let _ = heard.send(data.to_vec());
///         }
///     }
/// }
///
/// # fn main() -> std::io::Result<()> {
/// # Executor::new(ThreadPark::new()).block_on(async {
/// let server = create_server(|| Shout(None), "127.0.0.1:0").await?;
/// let (sender, heard) = corio_sync::oneshot::channel();
/// let to = server.local_addr().unwrap();
/// let transport = create_connection(move || Hear(Some(sender)), to).await?;
/// assert_eq!(heard.await.unwrap(), b"HELLO");
/// transport.close();
/// server.close();
/// server.wait_closed().await;
/// # Ok(())
/// # })
/// # }
/// ```
///
/// # Errors
/// As [`TcpStream::connect`].
///
/// # Panics
/// Outside a loop.
///
/// # Cancel safety
/// Dropped, the attempt is given up; a connection that is there is aborted.
#[track_caller]
pub fn create_connection<H: Handler>(
    factory: impl FnOnce() -> H,
    target: impl ToSocketAddrs,
) -> impl Future<Output = io::Result<Transport>> {
    let place = Location::caller();
    let connect = TcpStream::connect(target);
    CreateConnectionDeed::doing(async move {
        let stream = connect.await?;
        send_at_once(&stream);
        begin(Box::new(stream), None, factory, place).await
    })
}

/// Connects to a Unix socket: otherwise as [`create_connection`].
///
/// # Errors
/// As [`UnixStream::connect`].
///
/// # Panics
/// Outside a loop.
///
/// # Cancel safety
/// As [`create_connection`]'s.
#[track_caller]
pub fn create_unix_connection<H: Handler>(
    factory: impl FnOnce() -> H,
    path: impl AsRef<Path>,
) -> impl Future<Output = io::Result<Transport>> {
    let place = Location::caller();
    let connect = UnixStream::connect(path);
    CreateUnixConnectionDeed::doing(async move {
        begin(Box::new(connect.await?), None, factory, place).await
    })
}

/// Gives a connection that is there to what `factory` makes: asyncio's `connect_accepted_socket`, and
/// `create_connection` with a `sock`. It may be any [`Connection`], also one of the program's own.
///
/// # Errors
/// None at present; the peer may have gone, which the protocol will hear.
///
/// # Panics
/// Outside a loop.
///
/// # Cancel safety
/// Dropped, the connection is aborted.
#[track_caller]
pub fn connect_accepted_socket<H: Handler>(
    factory: impl FnOnce() -> H,
    connection: impl Connection,
) -> impl Future<Output = io::Result<Transport>> {
    ConnectAcceptedDeed::doing(begin(Box::new(connection), None, factory, Location::caller()))
}

/// Begins, and waits until the protocol has been told.
pub(crate) async fn begin<H: Handler>(
    connection: Box<dyn Connection>,
    peer: Option<Address>,
    factory: impl FnOnce() -> H,
    place: &'static Location<'static>,
) -> io::Result<Transport> {
    let wire = {
        // Not for as long as this waits: it goes with its loop.
        let hub = hub(place);
        let callbacks = factory().into_callbacks();
        Wire::start(&hub, Begin { connection, peer, callbacks, place })
    };
    let unfinished = Unfinished(Some(wire.clone()));
    wire.made().wait().await;
    unfinished.finish();
    Ok(Transport::new(wire))
}

/// The hub of this thread's loop.
pub(super) fn hub(place: &Location<'_>) -> Rc<Hub> {
    match Hub::current() {
        Some(hub) => hub,
        None => panic!(
            "a connection for a protocol is asked for at {place}, where no loop runs that could call it: \
             do it in a task, or within `Runtime::block_on`"
        ),
    }
}

/// Aborts a connection that nobody waits for any more.
struct Unfinished(Option<Rc<Wire>>);

impl Unfinished {
    fn finish(mut self) {
        self.0 = None;
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(wire) = self.0.take() {
            wire.abort(None);
        }
    }
}
