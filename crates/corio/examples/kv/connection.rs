//! One client's socket: reads into the session, sends what the session answers.
//!
//! ```text
//!            ┌───────────────── bytes ──────────────────┐
//!            ▼                                          │
//!         answer ──▶ output ──▶ write_all ──Read──▶ read or end
//!            ▲                    │   └─Close─▶ farewell  └─ end of stream, asked to end ─▶ gone
//!            └─────── Send ───────┘
//! ```

use std::cell::RefCell;
use std::io;
use std::net::Shutdown;
use std::time::{Duration, Instant};

use corio::net::TcpStream;

use crate::race::{First, first};
use crate::session::{Next, Session};
use crate::shutdown::Client;
use crate::store::Store;

/// How long a client has to close its side after the last reply.
const FAREWELL: Duration = Duration::from_secs(1);

/// Serves `stream` until the client leaves, breaks the protocol, or is asked to end.
///
/// Asked to end, it answers what has arrived and waits for nothing more.
///
/// # Errors
/// What the socket says; a client that is gone is one of them.
pub async fn serve(
    stream: TcpStream,
    store: &RefCell<Store>,
    mut client: Client,
) -> io::Result<()> {
    // Replies are whole when they are sent: nothing is gained by holding small ones back.
    stream.set_nodelay(true)?;
    let mut session = Session::new();
    loop {
        // One reading of the clock for a whole pipeline; the store is borrowed between waits only.
        let next = session.answer(&mut store.borrow_mut(), Instant::now());
        if !session.output().is_empty() {
            stream.write_all(session.output()).await?;
            session.sent();
        }
        match next {
            Next::Send => continue,
            Next::Close => return farewell(&stream, session.space()).await,
            Next::Read => {}
        }
        // Reading comes first: what has arrived is answered before the request to end is seen.
        match first(stream.read(session.space()), client.asked_to_end()).await {
            First::Left(count) => match count? {
                0 => return Ok(()),
                count => session.received(count),
            },
            First::Right(()) => return Ok(()),
        }
    }
}

/// Closes so that the last reply arrives.
///
/// Closing a socket that has unread bytes resets the connection, and the reset may overtake the
/// reply that says why. So only our side is closed, and what the client still sends is thrown away
/// until it closes as well.
async fn farewell(stream: &TcpStream, scratch: &mut [u8]) -> io::Result<()> {
    stream.shutdown(Shutdown::Write).await?;
    let closed = async {
        while stream.read(scratch).await? > 0 {}
        Ok(())
    };
    match first(closed, corio::sleep(FAREWELL)).await {
        First::Left(closed) => closed,
        First::Right(()) => Ok(()),
    }
}
