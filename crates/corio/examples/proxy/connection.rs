//! One client and its connection to the target, joined until both sides have said everything.
//!
//! Called by the server, in a task for each client. It looks into no byte that passes.

use std::io;
use std::time::Duration;

use corio::cancel;
use corio::io::copy_bidirectional;
use corio::net::TcpStream;

use crate::counts::Counts;

/// How long the target may take to accept: what is longer helps no client that waits for an answer.
const CONNECT_TIME_MAX: Duration = Duration::from_secs(10);

/// Connects to the target.
///
/// # Errors
/// Why not, and to what.
pub async fn open(target: &str) -> io::Result<TcpStream> {
    let connected = corio::timeout(CONNECT_TIME_MAX, TcpStream::connect(target)).await;
    let stream = connected.map_err(io::Error::from).flatten().map_err(|error| {
        io::Error::new(error.kind(), format!("cannot connect to {target}: {error}"))
    })?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Moves bytes both ways until both sides have ended, and counts them, however it ends.
///
/// When one side has ended, the other hears of it and may go on: a request that ends with a closed
/// side still gets its answer.
///
/// # Errors
/// What either socket says.
pub async fn join(mut client: TcpStream, mut server: TcpStream, counts: &Counts) -> io::Result<()> {
    // Bytes are handed on as they come: holding small ones back would only delay them twice.
    client.set_nodelay(true)?;
    let mut copying = copy_bidirectional(&mut client, &mut server);
    // Caught, because a connection that is cut off has moved something, too.
    let ended = cancel::catch(&mut copying).await;
    counts.moved(copying.copied());
    match ended {
        Ok(copied) => copied.map(drop).map_err(io::Error::from),
        Err(cancelled) => cancelled.resume().await,
    }
}
