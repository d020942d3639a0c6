//! One client's socket: lines in, lines out; called by the server, in a task for each client.
//!
//! ```text
//!   arrive ──1 arrive: a good name──▶ talk ──2 talk: /quit, or the client hangs up──▶ gone
//! ```
//!
//! One task reads and writes in turns. While it writes it does not read, so a client that does not
//! take what it is sent cannot say anything either; it falls behind the others alone, and after
//! [`STALL_TIME_MAX`] it is cut off.

use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use corio::cancel;
use corio::io::framed::LineError;
use corio::io::prelude::*;
use corio::io::{FramedRead, Lines};
use corio::net::TcpStream;
use corio::sync::broadcast::{Receiver, RecvError, TryRecvError};

use crate::command::{self, Flow};
use crate::room::{Room, Seat};

/// The longest line, in bytes, as in IRC.
const LINE_MAX: usize = 512;
/// How long a client may take to give its name: a person types it, but not for ever.
const NAME_TIME_MAX: Duration = Duration::from_secs(60);
/// How many names it may try.
const NAMES_MAX: usize = 5;
/// How long a client may take nothing of what it is sent.
const STALL_TIME_MAX: Duration = Duration::from_secs(30);
/// How long it is given to take the last words of the server.
const FAREWELL_TIME_MAX: Duration = Duration::from_secs(1);
/// Lines are gathered up to so many bytes, so that a burst costs a few writes and not one a line.
const WRITE_MAX: usize = 64 * 1024;

/// Reads lines of at most [`LINE_MAX`].
type Input<'a> = FramedRead<&'a TcpStream, Lines>;

/// Serves `stream` until the client leaves, or this task is cancelled: then the client is told.
///
/// # Errors
/// What the socket says; a client that is gone is one of them.
pub async fn serve(stream: &TcpStream, room: &Rc<Room>) -> io::Result<()> {
    // Lines are whole when they are sent: nothing is gained by holding small ones back.
    stream.set_nodelay(true)?;
    match cancel::catch(converse(stream, room)).await {
        Ok(ended) => ended,
        Err(cancelled) => {
            let bye = stream.write_all(b"* the server ends, bye\n");
            // A client that does not listen now does not listen.
            let _ = cancel::clean_up(FAREWELL_TIME_MAX, bye).await;
            cancelled.resume().await
        }
    }
}

async fn converse(stream: &TcpStream, room: &Rc<Room>) -> io::Result<()> {
    let mut input = FramedRead::new(stream, Lines::max(LINE_MAX));
    let arrived = corio::timeout(NAME_TIME_MAX, arrive(&mut input, room)).await;
    let Some((mut seat, mut news)) = arrived.map_err(io::Error::from)?? else {
        return Ok(());
    };
    talk(&mut input, &mut seat, &mut news).await
}

/// Asks for a name; `None` if the client hangs up, or finds none.
async fn arrive(
    input: &mut Input<'_>,
    room: &Rc<Room>,
) -> io::Result<Option<(Seat, Receiver<Arc<str>>)>> {
    send(input, "* what is your name?\n").await?;
    for _ in 0..NAMES_MAX {
        let Some(line) = input.next().await else { return Ok(None) };
        let why = match line {
            Ok(nick) => {
                // From before the entry, so that the client hears of its own.
                let news = room.listen();
                match room.enter(nick.trim()) {
                    Ok(seat) => {
                        let welcome = format!("* welcome, {}: {} here\n", seat.nick(), room.len());
                        send(input, &welcome).await?;
                        return Ok(Some((seat, news)));
                    }
                    Err(why) => why,
                }
            }
            Err(LineError::Io(error)) => return Err(error),
            Err(bad) => bad.to_string(),
        };
        send(input, &format!("* {why}\n")).await?;
    }
    send(input, "* that was no name either, bye\n").await?;
    Ok(None)
}

async fn talk(
    input: &mut Input<'_>,
    seat: &mut Seat,
    news: &mut Receiver<Arc<str>>,
) -> io::Result<()> {
    let mut output = String::new();
    loop {
        // Both can be dropped where they wait without a loss: the one keeps half a line, the other
        // has taken nothing.
        let flow = corio::select! {
            line = input.next() => match line {
                None => return Ok(()),
                Some(Ok(line)) => command::execute(seat, &line, &mut output),
                Some(Err(LineError::Io(error))) => return Err(error),
                Some(Err(bad)) => {
                    output.push_str(&format!("* {bad}\n"));
                    Flow::Stay
                }
            },
            heard = news.recv() => {
                hear(heard, news, &mut output);
                Flow::Stay
            }
        };
        if !output.is_empty() {
            send(input, &output).await?;
            output.clear();
            output.shrink_to(WRITE_MAX);
        }
        if flow == Flow::Leave {
            return Ok(());
        }
    }
}

/// Takes `heard` and what else is there, until a write is full.
fn hear(
    mut heard: Result<Arc<str>, RecvError>,
    news: &mut Receiver<Arc<str>>,
    output: &mut String,
) {
    loop {
        match heard {
            Ok(line) => output.push_str(&line),
            Err(RecvError::Lagged(count)) => {
                output.push_str(&format!("* you read too slowly: {count} lines are lost to you\n"));
            }
            // The room lives as long as this seat in it.
            Err(RecvError::Closed) => return,
        }
        if output.len() >= WRITE_MAX {
            return;
        }
        heard = match news.try_recv() {
            Ok(line) => Ok(line),
            Err(TryRecvError::Lagged(count)) => Err(RecvError::Lagged(count)),
            Err(TryRecvError::Empty | TryRecvError::Closed) => return,
        };
    }
}

async fn send(input: &Input<'_>, text: &str) -> io::Result<()> {
    let sent = corio::timeout(STALL_TIME_MAX, input.get_ref().write_all(text.as_bytes())).await;
    sent.map_err(|_| {
        let text = format!("it took nothing for {STALL_TIME_MAX:?}, and was cut off");
        io::Error::new(io::ErrorKind::TimedOut, text)
    })?
}
