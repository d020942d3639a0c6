//! `proxy` in front of `kv`: redis-benchmark goes through it, and no more clients than it takes.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use super::{ANSWER_TIME_MAX, Server, benchmark};
use crate::Fail;

/// Clients that the proxy takes: redis-benchmark's of one test, those of the test before, and some.
const CLIENTS_MAX: usize = 200;

/// Clients that come: so many more than are taken.
const CLIENTS_TOO_MANY: usize = 20;

const PING: &[u8] = b"*1\r\n$4\r\nPING\r\n";
const PONG: &[u8] = b"+PONG\r\n";

/// Runs the proxy under load, then with too many clients, then without its target, then to its end.
///
/// # Errors
/// What goes wrong through the proxy, or is not counted by it.
pub(super) fn check(program: &Path) -> Result<(), Fail> {
    let mut target = Server::start(&program.with_file_name("kv"), &[])?;
    let max = CLIENTS_MAX.to_string();
    let to = target.address.to_string();
    let mut proxy = Server::start(program, &["--clients-max", &max, "--grace", "1", &to])?;
    benchmark::check(&proxy)?;
    let mut refused = too_many(&proxy)?;
    refused += half_closed(&proxy)?;
    target.end_in_order()?;
    without_target(&proxy)?;
    let printed = proxy.end_in_order()?;
    let counts = printed.last().ok_or("it has not counted anything")?;
    eprintln!("proxy: {counts}");
    let wanted = format!(" {refused} refused");
    if !counts.contains(&wanted) {
        return Err(format!("`{counts}` does not say `{wanted}`").into());
    }
    Ok(())
}

/// As many as it takes are served, and the others are hung up on: how many.
fn too_many(proxy: &Server) -> Result<usize, Fail> {
    let mut clients = Vec::new();
    let mut refused = 0;
    while clients.len() < CLIENTS_MAX {
        let (client, before) = served(proxy)?;
        clients.push(client);
        refused += before;
    }
    for _ in 0..CLIENTS_TOO_MANY {
        if pings(&mut proxy.connect()?)? {
            return Err(format!("more than {CLIENTS_MAX} clients are served").into());
        }
    }
    eprintln!("proxy: {CLIENTS_MAX} clients served, {CLIENTS_TOO_MANY} more refused");
    Ok(refused + CLIENTS_TOO_MANY)
}

/// Who has said everything still hears the answer. How many were refused before there was room.
fn half_closed(proxy: &Server) -> Result<usize, Fail> {
    let (mut client, refused) = served(proxy)?;
    client.write_all(&PING.repeat(3))?;
    client.shutdown(Shutdown::Write)?;
    let mut answer = Vec::new();
    client.read_to_end(&mut answer)?;
    if answer != PONG.repeat(3) {
        return Err(format!("a half-closed client got {answer:?}").into());
    }
    Ok(refused)
}

/// A client that cannot be served is hung up on, and the proxy lives.
fn without_target(proxy: &Server) -> Result<(), Fail> {
    if pings(&mut proxy.connect()?)? {
        return Err("a target that is gone has answered".into());
    }
    Ok(())
}

/// A client that is served, and how many were refused before: the proxy may not have seen yet that
/// others have left.
fn served(proxy: &Server) -> Result<(TcpStream, usize), Fail> {
    let deadline = Instant::now() + ANSWER_TIME_MAX;
    for refused in 0.. {
        let mut client = proxy.connect()?;
        if pings(&mut client)? {
            return Ok((client, refused));
        }
        if Instant::now() > deadline {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Err(format!("all clients are refused for {ANSWER_TIME_MAX:?}").into())
}

/// Whether a PING is answered; not, if the connection ends instead.
fn pings(client: &mut TcpStream) -> Result<bool, Fail> {
    let mut answer = [0; PONG.len()];
    let asked = client.write_all(PING).and_then(|()| client.read_exact(&mut answer));
    match asked {
        Ok(()) if answer == PONG => Ok(true),
        Ok(()) => Err(format!("PING got {answer:?}").into()),
        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
            Err("a client is neither served nor hung up on".into())
        }
        Err(_) => Ok(false),
    }
}
