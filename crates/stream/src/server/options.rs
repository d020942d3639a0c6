//! How a server of streams begins: [`start_server`], and [`ServerOptions`] for all that can be chosen.

use std::cell::RefCell;
use std::io;
use std::panic::Location;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use corio_net::{ToSocketAddrs, UnixListener, lookup_host};
use corio_trace::action::Deed;

use super::accept::{serve, spawn};
use super::core::Core;
use super::handler::{Handling, Outcome, begin};
use super::listener::{Accepted, Binding, Listener};
use super::upgrade::{Upgrade, upgrade_then};
use super::{Client, Server};
use crate::connection::{Address, send_at_once};
use crate::deeds::{StartServerDeed, StartUnixServerDeed};
use crate::link::Link;
use crate::open::home;
use crate::reader::{LIMIT_DEFAULT, StreamReader, check_limit};
use crate::writer::StreamWriter;

/// How many connections may wait to be accepted: as the listeners of `corio-net`, what a server that is
/// away for 10 ms gets at 100 000 connections a second. asyncio's 100 is lost in a busy turn.
pub const BACKLOG_DEFAULT: u32 = 1024;

/// Starts a server: for each connection `handler` is called, and what it returns is run as a task.
///
/// ```
/// use corio_base::park::ThreadPark;
/// use corio_executor::Executor;
/// use corio_stream::{open_connection, start_server};
///
/// # fn main() -> std::io::Result<()> {
/// Executor::new(ThreadPark::new()).block_on(async {
///     let server = start_server(
///         |mut reader, writer| async move {
///             let line = reader.read_line().await?;
///             writer.write(&line);
///             writer.close();
///             writer.wait_closed().await
///         },
///         "127.0.0.1:0",
///     )
///     .await?;
///
///     let (mut reader, writer) = open_connection(server.local_addr().unwrap()).await?;
///     writer.write(b"hello\n");
///     assert_eq!(reader.read_line().await?, b"hello\n");
///     writer.close();
///
///     server.close();
///     server.wait_closed().await;
///     Ok(())
/// })
/// # }
/// ```
///
/// An address without a host is written out: `[(Ipv4Addr::UNSPECIFIED, 80).into(), …]`. Names are looked up,
/// and the server listens at all their addresses.
///
/// The tasks run on this loop and inherit this task's context variables. An error that a handler
/// returns, or a panic, goes to the log (target `corio::stream`) and closes that connection.
///
/// # Errors
/// If the addresses cannot be listened at: the error says which.
///
/// # Panics
/// Outside a loop.
#[track_caller]
pub fn start_server<H, F>(
    handler: H,
    addresses: impl ToSocketAddrs,
) -> impl Future<Output = io::Result<Server>>
where
    H: FnMut(StreamReader, StreamWriter) -> F + 'static,
    F: Future<Output: Outcome> + 'static,
{
    ServerOptions::new().start(handler, addresses)
}

/// Starts a server at a Unix socket: otherwise as [`start_server`].
///
/// # Errors
/// As [`UnixListener::bind`]: `AddrInUse` if somebody answers there, or if something else than a socket
/// is there.
///
/// # Panics
/// Outside a loop.
#[track_caller]
pub fn start_unix_server<H, F>(
    handler: H,
    path: impl AsRef<Path>,
) -> impl Future<Output = io::Result<Server>>
where
    H: FnMut(StreamReader, StreamWriter) -> F + 'static,
    F: Future<Output: Outcome> + 'static,
{
    ServerOptions::new().start_unix(handler, path)
}

/// How a server is to be; [`ServerOptions::start`] starts it.
#[derive(Clone, Debug)]
#[must_use = "it starts nothing by itself: call `start`"]
pub struct ServerOptions {
    limit: usize,
    backlog: u32,
    binding: Binding,
    start_serving: bool,
    keep_file: bool,
    pub(crate) upgrade: Option<Arc<dyn Upgrade>>,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl ServerOptions {
    /// The defaults: lines of up to 64 KiB, addresses that a server has just left are free, and the
    /// server serves at once.
    pub fn new() -> Self {
        ServerOptions {
            limit: LIMIT_DEFAULT,
            backlog: BACKLOG_DEFAULT,
            binding: Binding { reuse_address: true, reuse_port: false },
            start_serving: true,
            keep_file: false,
            upgrade: None,
        }
    }

    /// How long lines may be: see [`StreamReader::with_limit`].
    ///
    /// # Panics
    /// If `limit` is 0.
    #[track_caller]
    pub fn limit(mut self, limit: usize) -> Self {
        check_limit(limit);
        self.limit = limit;
        self
    }

    /// How many connections may wait to be accepted: 1024 ([`BACKLOG_DEFAULT`]), and no more than the
    /// system allows.
    pub fn backlog(mut self, backlog: u32) -> Self {
        self.backlog = backlog;
        self
    }

    /// Whether an address may be one whose last server has just ended (`SO_REUSEADDR`). Yes.
    pub fn reuse_address(mut self, reuse: bool) -> Self {
        self.binding.reuse_address = reuse;
        self
    }

    /// Whether several servers may share a port, if all say so (`SO_REUSEPORT`). No.
    pub fn reuse_port(mut self, reuse: bool) -> Self {
        self.binding.reuse_port = reuse;
        self
    }

    /// Whether it serves at once. If not, it is bound, and nobody can connect before
    /// [`Server::start_serving`].
    pub fn start_serving(mut self, start: bool) -> Self {
        self.start_serving = start;
        self
    }

    /// Whether the file of a Unix socket stays when the server is closed. No.
    pub fn keep_file(mut self, keep: bool) -> Self {
        self.keep_file = keep;
        self
    }

    /// Starts a server at all of `addresses`; for port 0 the system chooses one, for each address
    /// another.
    ///
    /// # Errors
    /// As [`start_server`].
    ///
    /// # Panics
    /// Outside a loop.
    #[track_caller]
    pub fn start<H, F>(
        self,
        handler: H,
        addresses: impl ToSocketAddrs,
    ) -> impl Future<Output = io::Result<Server>>
    where
        H: FnMut(StreamReader, StreamWriter) -> F + 'static,
        F: Future<Output: Outcome> + 'static,
    {
        let place = Location::caller();
        StartServerDeed::doing(async move {
            let doors = self.bind_all(addresses).await?;
            self.start_with(handler, doors, place)
        })
    }

    /// Starts a server at a Unix socket; its file is removed when the server is closed, unless
    /// [`ServerOptions::keep_file`] says otherwise.
    ///
    /// With [`start_serving(false)`](ServerOptions::start_serving) connections wait until it serves.
    ///
    /// # Errors
    /// As [`start_unix_server`].
    ///
    /// # Panics
    /// Outside a loop.
    #[track_caller]
    pub fn start_unix<H, F>(
        self,
        handler: H,
        path: impl AsRef<Path>,
    ) -> impl Future<Output = io::Result<Server>>
    where
        H: FnMut(StreamReader, StreamWriter) -> F + 'static,
        F: Future<Output: Outcome> + 'static,
    {
        let place = Location::caller();
        StartUnixServerDeed::doing(async move {
            let doors = self.bind_unix(path).await?;
            self.start_with(handler, doors, place)
        })
    }

    /// Starts a server with listeners of the program's own.
    ///
    /// # Errors
    /// `InvalidInput` if there are none, and what [`Listener::listen`] says.
    ///
    /// # Panics
    /// Outside a loop.
    #[track_caller]
    pub fn start_on<H, F>(
        self,
        handler: H,
        listeners: impl IntoIterator<Item = Box<dyn Listener>>,
    ) -> io::Result<Server>
    where
        H: FnMut(StreamReader, StreamWriter) -> F + 'static,
        F: Future<Output: Outcome> + 'static,
    {
        let doors = listeners.into_iter().map(Arc::from).collect();
        self.start_with(handler, doors, Location::caller())
    }

    fn start_with<H, F>(
        mut self,
        handler: H,
        doors: Vec<Arc<dyn Listener>>,
        place: &'static Location<'static>,
    ) -> io::Result<Server>
    where
        H: FnMut(StreamReader, StreamWriter) -> F + 'static,
        F: Future<Output: Outcome> + 'static,
    {
        let (limit, upgrade) = (self.limit, self.upgrade.take());
        let handler = Rc::new(RefCell::new(handler));
        self.serve_with(doors, place, move |accepted, core| {
            admit(core, accepted, limit, upgrade.as_ref(), &handler);
        })
    }

    /// Sockets bound to all of `addresses`.
    pub(crate) async fn bind_all(
        &self,
        addresses: impl ToSocketAddrs,
    ) -> io::Result<Vec<Arc<dyn Listener>>> {
        self.binding.all(lookup_host(addresses).await?)
    }

    /// A Unix socket bound to `path`.
    pub(crate) async fn bind_unix(
        &self,
        path: impl AsRef<Path>,
    ) -> io::Result<Vec<Arc<dyn Listener>>> {
        let mut listener = UnixListener::bind(path).await?;
        if self.keep_file {
            listener.keep_file();
        }
        Ok(vec![Arc::new(listener)])
    }

    /// Begins to accept, unless that is to come later; what comes is given to `admit`.
    pub(crate) fn serve_with(
        self,
        doors: Vec<Arc<dyn Listener>>,
        place: &'static Location<'static>,
        admit: impl FnMut(Accepted, &Arc<Core>) + 'static,
    ) -> io::Result<Server> {
        if doors.is_empty() {
            let message = "a server was given no listener, and nobody could ever connect: give it one at \
                           least";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        let core = Core::new(doors, self.backlog, place);
        let server = Server::new(core.clone());
        serve(&core, admit);
        if self.start_serving {
            server.start_serving()?;
        }
        Ok(server)
    }
}

/// Gives a connection a seat, a reader, a writer and a handler.
fn admit<H, F>(
    core: &Arc<Core>,
    accepted: Accepted,
    limit: usize,
    upgrade: Option<&Arc<dyn Upgrade>>,
    handler: &Rc<RefCell<H>>,
) where
    H: FnMut(StreamReader, StreamWriter) -> F + 'static,
    F: Future<Output: Outcome> + 'static,
{
    if let Address::Inet(_) = accepted.peer {
        send_at_once(&*accepted.connection);
    }
    let link = Link::new(accepted.connection, Some(accepted.peer), home("a server"), core.place());
    let client: Arc<dyn Client> = link.clone();
    let Some(seat) = core.admit(Arc::downgrade(&client)) else {
        // Closed by another thread in this moment.
        return link.abort();
    };
    link.take_seat(seat);
    let reader = StreamReader::of_link(link.clone(), limit);
    let writer = StreamWriter::of_link(link.clone());
    // The handles are dropped: the tasks run on.
    if let Some(upgrade) = upgrade {
        let streams = (reader, writer);
        let future = upgrade_then(upgrade.clone(), link.clone(), handler.clone(), streams);
        drop(spawn(core, Handling::new(future, link)));
    } else if let Some(future) = begin(&link, || (*handler.borrow_mut())(reader, writer)) {
        drop(spawn(core, Handling::new(future, link)));
    }
}
