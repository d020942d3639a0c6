//! A key-value server that speaks the Redis protocol, to be tried with redis-cli and
//! redis-benchmark.
//!
//! ```text
//! cargo run --release -p corio --example kv -- --port 6379
//! redis-cli set greeting hello
//! ```
//!
//! | file | what it is |
//! |---|---|
//! | `server` | accepts clients, sweeps the store, ends in good order |
//! | `connection` | one client's socket |
//! | `session` | one client's bytes, without the socket |
//! | `resp` | the wire format |
//! | `command` | what commands do |
//! | `store` | keys, values, deadlines |
//! | `shutdown` | how the server asks its connections to end |
//! | `race` | the first of two futures |
//!
//! Only `main`, `server` and `connection` know corio; the rest is plain code with tests of its own.

#![expect(unreachable_pub, reason = "in a program, `pub` says what a module offers the others")]

mod server;

mod connection;

mod session;

mod resp;

mod command;

mod store;

mod shutdown;

mod race;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;

use corio::net::TcpListener;

const USAGE: &str = "usage: kv [--port N]   (default 6379; 0 takes any free port)";
const PORT_DEFAULT: u16 = 6379;

#[corio::main]
async fn main() -> ExitCode {
    if std::env::args().skip(1).any(|arg| arg == "--help" || arg == "-h") {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    let port = match port(std::env::args().skip(1)) {
        Ok(port) => port,
        Err(error) => {
            eprintln!("{error}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match serve(port).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("kv on 127.0.0.1:{port}: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(port: u16) -> io::Result<()> {
    // Before anybody can read that the server listens: from here on Ctrl-C is not lost.
    let ctrl_c = corio::signal::ctrl_c();
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
    println!("listening on {}", listener.local_addr()?);
    server::run(listener, ctrl_c).await
}

fn port(mut args: impl Iterator<Item = String>) -> Result<u16, String> {
    let port = match (args.next().as_deref(), args.next()) {
        (None, _) => return Ok(PORT_DEFAULT),
        (Some("--port"), Some(port)) => port,
        (Some("--port"), None) => return Err("--port needs a number".to_owned()),
        (Some(other), _) => return Err(format!("unknown argument {other:?}")),
    };
    if let Some(more) = args.next() {
        return Err(format!("unknown argument {more:?}"));
    }
    port.parse().map_err(|_| format!("--port {port:?} is not a number from 0 to 65535"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments() {
        let port = |args: &[&str]| port(args.iter().map(|&arg| arg.to_owned()));
        assert_eq!(port(&[]), Ok(6379));
        assert_eq!(port(&["--port", "0"]), Ok(0));
        assert_eq!(port(&["--port", "7000"]), Ok(7000));
        for bad in [&["--port"][..], &["--port", "65536"], &["-p", "1"], &["--port", "1", "2"]] {
            assert!(port(bad).is_err(), "{bad:?}");
        }
    }
}
