//! The inspector: a thread with a loop of its own, which answers while the program's loops are stuck.
//!
//! ```text
//!   corio ps PID ──▶ the socket ─┐
//!                                ├─▶ thread corio-inspect: collect ─▶ a report
//!   a browser ─────▶ the page ───┘    (its own loop, reactor and tasks, which no report shows)
//! ```
//!
//! Nothing happens until somebody asks: the thread waits for a connection. Who may ask: on the socket,
//! this user; on the page, which is on loopback only, whoever knows the token in its address. The page's
//! `Host` must be the address it was given out with, so that a name that a stranger's page points to
//! loopback does not reach it.

use std::cell::Cell;
use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use corio_executor::{Core, Executor};
use corio_io::{AsyncRead, AsyncWrite};
use corio_net::{TcpListener, TcpStream, UnixListener, UnixStream};
use corio_reactor::Reactor;
use corio_sync::oneshot;

use crate::collect::collect;
use crate::http::{self, Request, Response};
use crate::{door, page};

/// How many connections are answered at once; more wait in the socket's queue. A page and a few readers
/// have some, and none may use up the program's descriptors.
const CONNECTIONS_MAX: usize = 16;
/// How long a client may take for its request and for reading the answer.
const CLIENT_MAX: Duration = Duration::from_secs(10);

/// What to serve.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Where the socket is; without it, where `corio ps` looks: [`door::socket_of`].
    pub socket: Option<PathBuf>,
    /// Where the page is served, on loopback; port 0 takes a free one. Without it there is no page.
    pub page: Option<SocketAddr>,
}

/// A running inspector; it ends when this is dropped.
pub struct Inspector {
    socket: PathBuf,
    page: Option<String>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

/// Lets this process be inspected by `corio ps`, `corio pstree` and `corio top`, until the returned
/// inspector is dropped.
///
/// # Errors
/// If the socket cannot be made, or its folder is not this user's alone.
pub fn serve() -> io::Result<Inspector> {
    serve_with(Options::default())
}

/// As [`serve()`], with a say in where, and with a page.
///
/// # Errors
/// As for [`serve()`]; `InvalidInput` if the page's address is not on loopback.
pub fn serve_with(options: Options) -> io::Result<Inspector> {
    if let Some(address) = options.page.filter(|address| !address.ip().is_loopback()) {
        let message = format!(
            "the inspector's page is served on loopback only, and {address} is not: use 127.0.0.1:{}",
            address.port()
        );
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    let socket = options.socket.unwrap_or_else(|| door::socket_of(std::process::id()));
    let (stop, stopped) = oneshot::channel();
    let (ready, started) = mpsc::sync_channel(1);
    let path = socket.clone();
    let thread = thread::Builder::new().name("corio-inspect".to_owned()).spawn(move || {
        run(&path, options.page, stopped, &ready);
    })?;
    // The thread says one word, or has panicked and dropped its end.
    let page =
        started.recv().map_err(|_| io::Error::other("the inspector's thread has ended"))??;
    Ok(Inspector { socket, page, stop: Some(stop), thread: Some(thread) })
}

/// The environment variable that lets a program be inspected.
pub const VARIABLE: &str = "CORIO_INSPECT";

/// Serves what `CORIO_INSPECT` says: `1` the socket, an address such as `127.0.0.1:0` the page too;
/// nothing for `0`, empty or unset.
///
/// # Errors
/// As for [`serve_with`]; `InvalidInput` if the variable holds anything else.
pub fn serve_from_env() -> io::Result<Option<Inspector>> {
    match std::env::var_os(VARIABLE) {
        Some(value) => parse(&value)?.map(serve_with).transpose(),
        None => Ok(None),
    }
}

fn parse(value: &OsStr) -> io::Result<Option<Options>> {
    match value.to_str() {
        Some("" | "0") => return Ok(None),
        Some("1") => return Ok(Some(Options::default())),
        _ => {}
    }
    match value.to_str().and_then(|text| text.parse().ok()) {
        Some(address) => Ok(Some(Options { page: Some(address), ..Options::default() })),
        None => {
            let message = format!(
                "{VARIABLE} is {value:?}: set it to 1 (corio ps may ask), to an address on loopback such \
                 as 127.0.0.1:0 (and a page), or to 0"
            );
            Err(io::Error::new(io::ErrorKind::InvalidInput, message))
        }
    }
}

impl Inspector {
    /// Where the socket is.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// The address of the page, token and all, if it is served.
    pub fn page(&self) -> Option<&str> {
        self.page.as_deref()
    }
}

impl Drop for Inspector {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // What it panicked with has been printed.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Inspector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the token.
        f.debug_struct("Inspector").field("socket", &self.socket).finish_non_exhaustive()
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
    executor.block_on(async {
        let served = match Served::open(core, socket, page).await {
            Ok(served) => Rc::new(served),
            Err(error) => return drop(ready.send(Err(error))),
        };
        let url = served.page.as_ref().map(|page| page.url.clone());
        if ready.send(Ok(url)).is_ok() {
            Rc::clone(&served).accept_all();
            // Gone without a word: that is the word.
            let _ = stopped.await;
        }
    });
    executor.close();
}

struct Page {
    listener: TcpListener,
    address: SocketAddr,
    /// What every path of the page begins with.
    token: String,
    url: String,
}

struct Served {
    core: Rc<Core>,
    socket: UnixListener,
    page: Option<Page>,
    connections: Cell<usize>,
    room: corio_sync::Notify,
}

impl Served {
    async fn open(core: Rc<Core>, socket: &Path, page: Option<SocketAddr>) -> io::Result<Served> {
        door::prepare(socket)?;
        let listener = UnixListener::bind(socket).await?;
        door::close_to_others(socket)?;
        let page = match page {
            None => None,
            Some(address) => {
                let listener = TcpListener::bind(address).await?;
                let address = listener.local_addr()?;
                let token = page::token()?;
                let url = format!("http://{address}/{token}/");
                Some(Page { listener, address, token, url })
            }
        };
        let room = corio_sync::Notify::new();
        Ok(Served { core, socket: listener, page, connections: Cell::new(0), room })
    }

    /// Begins to accept on both doors.
    fn accept_all(self: Rc<Self>) {
        let core = Rc::clone(&self.core);
        let here = Rc::clone(&self);
        drop(core.spawn_local(async move {
            loop {
                here.wait_for_room().await;
                // What cannot be accepted is not this program's worry; the next may be.
                let Ok((stream, _)) = here.socket.accept().await else { continue };
                here.answer_unix(stream);
            }
        }));
        if self.page.is_some() {
            drop(core.spawn_local(async move {
                while let Some(page) = &self.page {
                    self.wait_for_room().await;
                    let Ok((stream, _)) = page.listener.accept().await else { continue };
                    self.answer_tcp(stream);
                }
            }));
        }
    }

    async fn wait_for_room(&self) {
        while self.connections.get() >= CONNECTIONS_MAX {
            self.room.notified().await;
        }
    }

    fn answer_unix(self: &Rc<Self>, stream: UnixStream) {
        self.answer(stream, |here, request| here.about(request, &request.path));
    }

    fn answer_tcp(self: &Rc<Self>, stream: TcpStream) {
        self.answer(stream, |here, request| match &here.page {
            Some(page) => here.guarded(page, request),
            None => Response::refusal("404 Not Found"),
        });
    }

    fn answer<S>(self: &Rc<Self>, stream: S, respond: fn(&Served, &Request) -> Response)
    where
        S: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        self.connections.set(self.connections.get() + 1);
        let here = Rc::clone(self);
        drop(self.core.spawn_local(async move {
            // What goes wrong with a client is the client's.
            let _ = limited(here.converse(stream, respond)).await;
            here.connections.set(here.connections.get() - 1);
            here.room.notify_one();
        }));
    }

    async fn converse<S>(
        &self,
        mut stream: S,
        respond: fn(&Served, &Request) -> Response,
    ) -> io::Result<()>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let response = match http::read(&mut stream).await? {
            Ok(request) => respond(self, &request),
            Err(refusal) => refusal,
        };
        http::write(&mut stream, &response).await
    }

    /// A request to the page: from the page itself, or from somebody who was told its address?
    fn guarded(&self, page: &Page, request: &Request) -> Response {
        let known = [format!("{}", page.address), format!("localhost:{}", page.address.port())];
        if !request.host.as_ref().is_some_and(|host| known.contains(host)) {
            return Response::refusal("421 Misdirected Request");
        }
        let path = request.path.strip_prefix('/').unwrap_or("");
        match path.split_once('/') {
            Some((token, rest)) if same(token, &page.token) => {
                self.about(request, &format!("/{rest}"))
            }
            _ => Response::refusal("404 Not Found"),
        }
    }

    fn about(&self, request: &Request, path: &str) -> Response {
        match path {
            "/debug/on" | "/debug/off" if request.is_post => {
                corio_trace::set_enabled(path == "/debug/on");
                Response::ok("text/plain; charset=utf-8", "")
            }
            _ if request.is_post => Response::refusal("405 Method Not Allowed"),
            "/report" => match serde_json::to_vec(&collect()) {
                Ok(json) => Response::ok("application/json", json),
                Err(_) => Response::refusal("500 Internal Server Error"),
            },
            "/" => Response::ok("text/html; charset=utf-8", page::HTML),
            "/page.js" => Response::ok("text/javascript; charset=utf-8", page::SCRIPT),
            "/page.css" => Response::ok("text/css; charset=utf-8", page::STYLE),
            _ => Response::refusal("404 Not Found"),
        }
    }
}

/// Compares in a time that says nothing of where the two differ.
fn same(a: &str, b: &str) -> bool {
    let differences = a.bytes().zip(b.bytes()).fold(0, |found, (x, y)| found | (x ^ y));
    a.len() == b.len() && differences == 0
}

/// Runs `conversation`, but no longer than [`CLIENT_MAX`].
async fn limited(conversation: impl Future<Output = io::Result<()>>) -> io::Result<()> {
    let mut conversation = std::pin::pin!(conversation);
    let mut limit = std::pin::pin!(corio_timer::sleep(CLIENT_MAX));
    std::future::poll_fn(|context| {
        if let done @ std::task::Poll::Ready(_) = conversation.as_mut().poll(context) {
            return done;
        }
        let late = limit.as_mut().poll(context);
        late.map(|()| Err(io::ErrorKind::TimedOut.into()))
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_environment_may_say() {
        let said = |value: &str| parse(OsStr::new(value));
        for nothing in ["", "0"] {
            assert!(said(nothing).unwrap().is_none());
        }
        assert_eq!(said("1").unwrap().unwrap().page, None);
        let page = said("127.0.0.1:0").unwrap().unwrap().page;
        assert_eq!(page, Some("127.0.0.1:0".parse().unwrap()));
        for bad in ["yes", "8080", "localhost:80"] {
            let error = said(bad).unwrap_err().to_string();
            assert!(error.contains(bad) && error.contains("127.0.0.1:0"), "{error}");
        }
    }

    #[test]
    fn tokens_are_compared_whole() {
        assert!(same("abc", "abc") && !same("abc", "abd") && !same("abc", "ab") && !same("", "a"));
    }
}
