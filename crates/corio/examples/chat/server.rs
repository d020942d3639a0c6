//! Accepts clients until Ctrl-C, then has them told; called by `main`.
//!
//! Clients are children of one task group. To end, the group is cancelled: each client catches that,
//! says goodbye within its own limit, and unwinds; the group is over when the last one has.

use std::io;
use std::rc::Rc;

use corio::TaskGroup;
use corio::net::{TcpListener, TcpStream};

use crate::client;
use crate::room::Room;

/// Serves clients of `listener` until `ctrl_c` is ready.
///
/// # Errors
/// What the listener or the signal says. Trouble with one client ends that client only.
pub async fn run(
    listener: TcpListener,
    clients_max: usize,
    room: &Rc<Room>,
    ctrl_c: impl Future<Output = io::Result<()>>,
) -> io::Result<()> {
    let serving = TaskGroup::scope(|group| async move {
        let ended = corio::select! {
            interrupted = ctrl_c => interrupted,
            failed = accept(&listener, clients_max, room, &group) => failed,
        };
        group.cancel();
        ended
    });
    // The group's own errors are panics of clients.
    serving.await.map_err(io::Error::other)?
}

/// For ever, unless the listener fails.
async fn accept(
    listener: &TcpListener,
    clients_max: usize,
    room: &Rc<Room>,
    group: &TaskGroup,
) -> io::Result<()> {
    loop {
        let (stream, from) = listener.accept().await?;
        let is_full = group.len() >= clients_max;
        let room = Rc::clone(room);
        group.spawn_local(async move {
            let ended =
                if is_full { refuse(&stream).await } else { client::serve(&stream, &room).await };
            match ended {
                Err(error) if !is_gone(&error) => eprintln!("client {from}: {error}"),
                _ => {}
            }
        });
    }
}

/// Whether it only says that the client has left without a word, as clients do.
fn is_gone(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset)
}

async fn refuse(stream: &TcpStream) -> io::Result<()> {
    stream.write_all(b"* there is no seat left, come again later\n").await
}
