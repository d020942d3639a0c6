//! Receives a datagram, sends it back, counts it; called by `main` with a bound socket.
//!
//! One task with one buffer: a datagram is sent back before the next one is taken, and what comes
//! meanwhile waits in the socket's own buffer. What does not fit there the system throws away, as it
//! may with any datagram. No error about one peer ends the server.

use std::fmt;
use std::io;

use corio::net::UdpSocket;

/// As long as a datagram over IPv4 can be (65507 bytes), and longer: none is cut.
const DATAGRAM_MAX: usize = 64 * 1024;

/// What was done.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    echoed: u64,
    bytes: u64,
    failed: u64,
}

/// Echoes until `ctrl_c` is ready.
///
/// # Errors
/// What the signal says, or the socket when it receives.
pub async fn run(
    socket: &UdpSocket,
    ctrl_c: impl Future<Output = io::Result<()>>,
) -> io::Result<Counts> {
    let mut counts = Counts::default();
    corio::select! {
        interrupted = ctrl_c => interrupted?,
        echoed = echo(socket, &mut counts) => echoed?,
    }
    Ok(counts)
}

/// For ever, unless receiving fails.
async fn echo(socket: &UdpSocket, counts: &mut Counts) -> io::Result<()> {
    let mut buffer = vec![0; DATAGRAM_MAX];
    loop {
        let (count, from) = socket.recv_from(&mut buffer).await?;
        match socket.send_to(&buffer[..count], from).await {
            Ok(sent) => {
                counts.echoed += 1;
                counts.bytes += sent as u64;
            }
            Err(error) => {
                counts.failed += 1;
                eprintln!("{count} bytes to {from}: {error}");
            }
        }
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counts { echoed, bytes, failed } = self;
        write!(f, "{echoed} datagrams echoed, {bytes} bytes; {failed} could not be sent back")
    }
}
