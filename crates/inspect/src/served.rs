//! What the inspector's loop does: two doors, who may ask at which, and the answers.
//!
//! On the socket, this user may ask. On the page, which is on loopback only, whoever knows the token in its
//! address; its `Host` must be the address it was given out with, so that a name that a stranger's page points
//! to loopback does not reach it.

use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use corio_executor::{Core, JoinHandle};
use corio_io::{AsyncRead, AsyncWrite};
use corio_net::{TcpListener, TcpStream, UnixListener, UnixStream};
use corio_sync::{Semaphore, oneshot};

use crate::collect::collect;
use crate::crowd::{Crowd, Visit};
use crate::http::{self, Request, Response};
use crate::report::Report;
use crate::{door, page};

/// How long a client may take for its request, and how long for reading the answer. Not how long the answer
/// takes to be made: that is the program's size.
const CLIENT_MAX: Duration = Duration::from_secs(10);
/// How many reports are made at a time: each looks through the whole book, and costs a processor meanwhile.
const REPORTS_MAX: usize = 2;
/// After a failure to accept that the listener does not deal with itself.
const PAUSE: Duration = Duration::from_millis(100);

struct Page {
    listener: TcpListener,
    address: SocketAddr,
    /// What every path of the page begins with.
    token: String,
    url: String,
}

/// What is served, on the inspector's loop.
pub(crate) struct Served {
    core: Rc<Core>,
    socket: UnixListener,
    page: Option<Page>,
    reports: Semaphore,
}

/// What a request comes to.
enum Wanted {
    /// Who asks may not, or has not said it well.
    Refused(Response),
    This(Response),
    Report,
}

/// What a door makes of a request.
type Respond = fn(&Served, &Request) -> Wanted;

impl Served {
    /// Opens the doors. The socket's folder has been prepared.
    pub(crate) async fn open(
        core: Rc<Core>,
        socket: &Path,
        page: Option<SocketAddr>,
    ) -> io::Result<Served> {
        let listener = UnixListener::bind(socket).await.map_err(|error| taken(error, socket))?;
        door::close_to_others(socket)?;
        let page = match page {
            None => None,
            Some(address) => Some(open_page(address).await?),
        };
        Ok(Served { core, socket: listener, page, reports: Semaphore::new(REPORTS_MAX) })
    }

    /// The page's address, token and all.
    pub(crate) fn url(&self) -> Option<&str> {
        self.page.as_ref().map(|page| page.url.as_str())
    }

    /// Begins to accept at both doors.
    pub(crate) fn accept_all(self: Rc<Self>) {
        let core = Rc::clone(&self.core);
        let here = Rc::clone(&self);
        drop(core.spawn_local(async move {
            let crowd = Rc::default();
            loop {
                match here.socket.accept().await {
                    Ok((stream, _)) => here.enter_unix(&crowd, stream).await,
                    // This program's own worry, if it is one; the next may come.
                    Err(_) => corio_timer::sleep(PAUSE).await,
                }
            }
        }));
        if self.page.is_some() {
            drop(core.spawn_local(async move {
                let crowd = Rc::default();
                while let Some(page) = &self.page {
                    match page.listener.accept().await {
                        Ok((stream, _)) => self.enter_tcp(&crowd, stream).await,
                        Err(_) => corio_timer::sleep(PAUSE).await,
                    }
                }
            }));
        }
    }

    async fn enter_unix(self: &Rc<Self>, crowd: &Rc<Crowd>, stream: UnixStream) {
        let respond: Respond = |here, request| here.about(request, &request.path);
        crowd.enter(|visit| self.talk(stream, respond, visit)).await;
    }

    async fn enter_tcp(self: &Rc<Self>, crowd: &Rc<Crowd>, stream: TcpStream) {
        let respond: Respond = |here, request| match &here.page {
            Some(page) => here.guarded(page, request),
            None => Wanted::Refused(Response::refusal("404 Not Found")),
        };
        crowd.enter(|visit| self.talk(stream, respond, visit)).await;
    }

    fn talk<S>(self: &Rc<Self>, stream: S, respond: Respond, visit: Visit) -> JoinHandle<()>
    where
        S: AsyncRead + AsyncWrite + Unpin + 'static,
    {
        let here = Rc::clone(self);
        self.core.spawn_local(async move {
            // What goes wrong with a client is the client's.
            let _ = here.converse(stream, respond, &visit).await;
        })
    }

    async fn converse<S>(&self, mut stream: S, respond: Respond, visit: &Visit) -> io::Result<()>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let wanted = match limited(http::read(&mut stream)).await? {
            Ok(request) => respond(self, &request),
            Err(refusal) => Wanted::Refused(refusal),
        };
        let response = match wanted {
            Wanted::Refused(response) => response,
            Wanted::This(response) => {
                visit.understood();
                response
            }
            Wanted::Report => {
                visit.understood();
                self.report().await
            }
        };
        limited(http::write(&mut stream, &response)).await
    }

    /// A request to the page: from the page itself, or from somebody who was told its address?
    fn guarded(&self, page: &Page, request: &Request) -> Wanted {
        let known = [format!("{}", page.address), format!("localhost:{}", page.address.port())];
        if !request.host.as_ref().is_some_and(|host| known.contains(host)) {
            return Wanted::Refused(Response::refusal("421 Misdirected Request"));
        }
        let path = request.path.strip_prefix('/').unwrap_or("");
        match path.split_once('/') {
            Some((token, rest)) if same(token, &page.token) => {
                self.about(request, &format!("/{rest}"))
            }
            _ => Wanted::Refused(Response::refusal("404 Not Found")),
        }
    }

    fn about(&self, request: &Request, path: &str) -> Wanted {
        let text = |kind, body: &'static str| Wanted::This(Response::ok(kind, body));
        match path {
            "/debug/on" | "/debug/off" if request.is_post => {
                corio_trace::set_enabled(path == "/debug/on");
                text("text/plain; charset=utf-8", "")
            }
            _ if request.is_post => Wanted::Refused(Response::refusal("405 Method Not Allowed")),
            "/report" => Wanted::Report,
            "/" => text("text/html; charset=utf-8", page::HTML),
            "/page.css" => text("text/css; charset=utf-8", page::STYLE),
            _ => {
                match page::SCRIPTS.iter().find(|(name, _)| path.strip_prefix('/') == Some(name)) {
                    Some((_, script)) => text("text/javascript; charset=utf-8", script),
                    None => Wanted::Refused(Response::refusal("404 Not Found")),
                }
            }
        }
    }

    /// Makes a report, on a thread of its own: of many tasks it takes a while, in which others are
    /// answered.
    async fn report(&self) -> Response {
        let _permit = self.reports.acquire().await;
        let (done, made) = oneshot::channel();
        let thread = thread::Builder::new().name("corio-report".to_owned()).spawn(move || {
            // Nobody wants it any more: then it goes here.
            let _ = done.send(json(&collect()));
        });
        match (thread, made.await) {
            (Ok(_), Ok(Ok(json))) => Response::ok("application/json", json),
            // No thread to be had, or it has panicked, which was printed.
            _ => Response::refusal("500 Internal Server Error"),
        }
    }
}

fn json(report: &Report) -> serde_json::Result<Vec<u8>> {
    /// About what a task takes: what is too small is moved as it grows.
    const TASK_BYTES: usize = 400;
    let mut json = Vec::with_capacity((report.tasks.len() + 16) * TASK_BYTES);
    serde_json::to_writer(&mut json, report)?;
    Ok(json)
}

/// What it means that somebody answers where this process is to be found: numbers of processes are used more than
/// once where containers share a folder.
fn taken(error: io::Error, socket: &Path) -> io::Error {
    let is_socket = std::fs::symlink_metadata(socket).is_ok_and(|it| it.file_type().is_socket());
    if error.kind() != io::ErrorKind::AddrInUse || !is_socket {
        return error;
    }
    let message = format!(
        "{} cannot be this process's inspector: {error}; where another container has a process of the same number, \
         set XDG_RUNTIME_DIR to a folder that the two do not share",
        socket.display()
    );
    io::Error::new(io::ErrorKind::AddrInUse, message)
}

async fn open_page(address: SocketAddr) -> io::Result<Page> {
    let listener = TcpListener::bind(address).await.map_err(|error| {
        let message = format!("the inspector's page cannot be served at {address}: {error}");
        io::Error::new(error.kind(), message)
    })?;
    let address = listener.local_addr()?;
    let token = page::token()?;
    let url = format!("http://{address}/{token}/");
    Ok(Page { listener, address, token, url })
}

/// Compares in a time that says nothing of where the two differ.
fn same(a: &str, b: &str) -> bool {
    let differences = a.bytes().zip(b.bytes()).fold(0, |found, (x, y)| found | (x ^ y));
    a.len() == b.len() && differences == 0
}

/// Awaits `step` of a conversation, but no longer than [`CLIENT_MAX`].
async fn limited<T>(step: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    let mut step = std::pin::pin!(step);
    let mut limit = std::pin::pin!(corio_timer::sleep(CLIENT_MAX));
    std::future::poll_fn(|context| {
        if let done @ std::task::Poll::Ready(_) = step.as_mut().poll(context) {
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
    fn tokens_are_compared_whole() {
        assert!(same("abc", "abc") && !same("abc", "abd") && !same("abc", "ab") && !same("", "a"));
    }
}
