//! The inspector: a thread with a loop of its own, which answers while the program's loops are stuck.
//!
//! ```text
//!   corio ps PID ──▶ the socket ─┐
//!                                ├─▶ thread corio-inspect ──▶ thread corio-report: collect ──▶ a report
//!   a browser ─────▶ the page ───┘    (its own loop, reactor and tasks, which no report shows)
//! ```
//!
//! Nothing happens until somebody asks: the thread waits for a connection. It ends with the [`Inspector`].

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError, Weak, mpsc};
use std::thread;

use corio_executor::Executor;
use corio_reactor::Reactor;
use corio_sync::oneshot;

use crate::collect::LeftOut;
use crate::options::{self, Options};
use crate::served::Served;
use crate::{at_exit, door};

/// A running inspector; it ends when this is dropped (and the other ones that serve at the same socket), and at
/// the end of the process. A forked child has none of its own: it lacks the thread.
pub struct Inspector(Arc<Running>);

struct Running {
    socket: PathBuf,
    page: Option<String>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
    pid: u32,
}

/// Those of this process: a program that serves by itself, and is told to by its environment, has one.
static RUNNING: Mutex<Vec<Weak<Running>>> = Mutex::new(Vec::new());

/// Lets this process be inspected by `corio ps`, `corio pstree` and `corio top`, until the returned
/// inspector is dropped.
///
/// ```
/// # let folder = std::env::temp_dir().join(format!("corio-doc-{}", std::process::id()));
/// # let options = corio_inspect::Options { socket: Some(folder.join("s")), page: None };
/// # fn serve(options: corio_inspect::Options) -> std::io::Result<corio_inspect::Inspector> {
/// #     corio_inspect::serve_with(options)
/// # }
/// let inspector = serve(options)?;
/// let report = corio_inspect::client::ask_at(inspector.socket())?;
/// assert_eq!(report.pid, std::process::id());
/// # drop(inspector);
/// # std::fs::remove_dir(folder)?;
/// # std::io::Result::Ok(())
/// ```
///
/// # Errors
/// If the socket cannot be made, or its folder is not this user's alone.
pub fn serve() -> io::Result<Inspector> {
    serve_with(Options::default())
}

/// As [`serve()`], with a say in where, and with a page. Where this process serves at the socket already, the
/// inspector is the same one.
///
/// # Errors
/// As for [`serve()`]; `InvalidInput` if the page's address is not on loopback; `AddrInUse` if somebody else
/// answers at the socket, or if this process serves there without a page and is to have one.
pub fn serve_with(options: Options) -> io::Result<Inspector> {
    if let Some(address) = options.page.filter(|address| !address.ip().is_loopback()) {
        let message = format!(
            "the inspector's page is served on loopback only, and {address} is not: use 127.0.0.1:{}",
            address.port()
        );
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    // Held until it serves: two that begin at the same time are one.
    let mut all = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    let socket = match options.socket {
        Some(socket) => door::prepare(&socket).map(|()| socket)?,
        None => door::take()?,
    };
    all.retain(|running| running.strong_count() > 0);
    let same = all.iter().filter_map(Weak::upgrade).find(|one| one.is_at(&socket));
    if let Some(running) = same {
        if options.page.is_some() && running.page.is_none() {
            let message =
                "this process is inspected already, without a page: ask for the page first";
            return Err(io::Error::new(io::ErrorKind::AddrInUse, message));
        }
        return Ok(Inspector(running));
    }
    let running = Arc::new(start(socket, options.page)?);
    all.push(Arc::downgrade(&running));
    Ok(Inspector(running))
}

/// Begins the thread, and waits until it serves.
fn start(socket: PathBuf, page: Option<SocketAddr>) -> io::Result<Running> {
    let (stop, stopped) = oneshot::channel();
    let (ready, started) = mpsc::sync_channel(1);
    let path = socket.clone();
    let thread = thread::Builder::new().name("corio-inspect".to_owned()).spawn(move || {
        run(&path, page, stopped, &ready);
    })?;
    // The thread says one word, or has panicked and dropped its end.
    let page =
        started.recv().map_err(|_| io::Error::other("the inspector's thread has ended"))??;
    at_exit::remove(&socket)?;
    let pid = std::process::id();
    Ok(Running { socket, page, stop: Some(stop), thread: Some(thread), pid })
}

/// Serves what `CORIO_INSPECT` says: `1` the socket, an address such as `127.0.0.1:0` the page too;
/// nothing for `0`, empty or unset.
///
/// # Errors
/// As for [`serve_with`]; `InvalidInput` if the variable holds anything else.
pub fn serve_from_env() -> io::Result<Option<Inspector>> {
    options::from_env()?.map(serve_with).transpose()
}

impl Inspector {
    /// Where the socket is.
    pub fn socket(&self) -> &Path {
        &self.0.socket
    }

    /// The address of the page, token and all, if it is served.
    pub fn page(&self) -> Option<&str> {
        self.0.page.as_deref()
    }
}

impl Running {
    /// Whether it serves at `socket`, and not a parent of this process that forked it.
    fn is_at(&self, socket: &Path) -> bool {
        self.socket == socket && self.pid == std::process::id()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let thread = self.thread.take();
        if self.pid != std::process::id() {
            // A forked child: the thread is its parent's, and nobody would hear the word or end it.
            std::mem::forget((self.stop.take(), thread));
            return;
        }
        drop(self.stop.take());
        if let Some(thread) = thread {
            // What it panicked with has been printed.
            let _ = thread.join();
        }
        at_exit::forget(&self.socket);
    }
}

impl fmt::Debug for Inspector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the token.
        f.debug_struct("Inspector").field("socket", &self.0.socket).finish_non_exhaustive()
    }
}

type Ready = mpsc::SyncSender<io::Result<Option<String>>>;

/// The inspector's thread.
fn run(socket: &Path, page: Option<SocketAddr>, stopped: oneshot::Receiver<()>, ready: &Ready) {
    let reactor = match Reactor::new() {
        Ok(reactor) => reactor,
        Err(error) => return drop(ready.send(Err(error))),
    };
    let _installed = corio_reactor::current::install(reactor.handle());
    let executor = Executor::new(reactor);
    let core = Rc::clone(executor.core());
    let _left_out = LeftOut::new(core.number_apart());
    executor.block_on(async {
        let served = match Served::open(core, socket, page).await {
            Ok(served) => Rc::new(served),
            Err(error) => return drop(ready.send(Err(error))),
        };
        let url = served.url().map(str::to_owned);
        if ready.send(Ok(url)).is_ok() {
            Rc::clone(&served).accept_all();
            // Gone without a word: that is the word.
            let _ = stopped.await;
        }
    });
    executor.close();
}
