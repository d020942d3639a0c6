//! `udp_echo`: every datagram comes back as it was, whatever its size, and to the one who sent it.

use std::net::{Ipv4Addr, UdpSocket};
use std::path::Path;

use super::{ANSWER_TIME_MAX, Server};
use crate::Fail;

/// Sizes that are tried: nothing, little, what a network carries in one piece, and the most there is.
const SIZES: [usize; 6] = [0, 1, 64, 1472, 9000, 65_507];

/// Clients at the same time, and what each sends.
const CLIENTS: usize = 20;
const ROUNDS: usize = 100;

/// How often a datagram is sent. The loopback loses none unless a buffer is full, and those few do not
/// fill one; but it is allowed to.
const TRIES: usize = 2;

/// Sends and compares.
///
/// # Errors
/// A datagram does not come back, or not as it was.
pub(super) fn check(program: &Path) -> Result<(), Fail> {
    let mut server = Server::start(program, &[])?;
    let clients: Vec<UdpSocket> =
        (0..CLIENTS).map(|_| client(&server)).collect::<Result<_, _>>()?;
    for size in SIZES {
        echo(&clients[0], &pattern(size, size))?;
    }
    for round in 0..ROUNDS {
        // All send before any listens: each must get its own.
        for (index, client) in clients.iter().enumerate() {
            client.send(&pattern(index * ROUNDS + round, 64))?;
        }
        for (index, client) in clients.iter().enumerate() {
            let sent = pattern(index * ROUNDS + round, 64);
            if receive(client)? != sent {
                return Err(format!("client {index} got another one's datagram").into());
            }
        }
    }
    let wanted = SIZES.len() + CLIENTS * ROUNDS;
    let printed = server.end()?;
    let counts = printed.last().ok_or("it has not counted anything")?;
    eprintln!("udp_echo: {counts}");
    // A datagram that was sent again counts again.
    let echoed: usize = counts.split(' ').next().unwrap_or_default().parse()?;
    if echoed < wanted || !counts.contains("; 0 could not") {
        return Err(format!("`{counts}`, not {wanted}").into());
    }
    Ok(())
}

fn client(server: &Server) -> Result<UdpSocket, Fail> {
    let client = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    client.connect(server.address)?;
    client.set_read_timeout(Some(ANSWER_TIME_MAX))?;
    Ok(client)
}

fn echo(client: &UdpSocket, bytes: &[u8]) -> Result<(), Fail> {
    for _ in 0..TRIES {
        client.send(bytes)?;
        if receive(client).is_ok_and(|came| came == bytes) {
            return Ok(());
        }
    }
    Err(format!("{} bytes did not come back, {TRIES} times", bytes.len()).into())
}

fn receive(client: &UdpSocket) -> Result<Vec<u8>, Fail> {
    let mut buffer = vec![0; 1 << 16];
    let count = client.recv(&mut buffer).map_err(|error| format!("no datagram: {error}"))?;
    buffer.truncate(count);
    Ok(buffer)
}

/// Bytes that differ from seed to seed.
fn pattern(seed: usize, size: usize) -> Vec<u8> {
    (0..size)
        .map(|index| (seed.wrapping_mul(31).wrapping_add(index * 7) >> (index % 3)) as u8)
        .collect()
}
