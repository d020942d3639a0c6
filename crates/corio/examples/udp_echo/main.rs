//! A server that sends every datagram back to where it came from.
//!
//! ```sh
//! cargo run --release -p corio --example udp_echo -- --port 7007
//! ```
//!
//! | file | what it is |
//! |---|---|
//! | `program` | how it begins and ends |
//! | `server` | receives and sends, until Ctrl-C |

#![expect(unreachable_pub, reason = "in a program, `pub` says what a module offers the others")]

#[path = "../shared/program.rs"]
mod program;

mod server;

use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;

use corio::net::UdpSocket;
use lexopt::prelude::*;

const HELP: &str = "\
usage: udp_echo [--port N]

Sends every UDP datagram back to where it came from, on 127.0.0.1.

  --port N   where to listen; 0 takes any free port        (default 7007)

Ctrl-C ends it, with a count of what it did.";

const PORT_DEFAULT: u16 = 7007;

#[corio::main]
async fn main() -> ExitCode {
    let parsed = port(lexopt::Parser::from_env());
    program::run("udp_echo", HELP, parsed, |port| *port, serve).await
}

async fn serve(port: u16) -> Result<(), Box<dyn Error>> {
    // Before anybody can read that the server listens: from here on Ctrl-C is not lost.
    let ctrl_c = corio::signal::ctrl_c();
    let socket = UdpSocket::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port))).await?;
    println!("listening on {}", socket.local_addr()?);
    let counts = server::run(&socket, ctrl_c).await?;
    println!("{counts}");
    Ok(())
}

/// The port, or `None` if help was asked for.
fn port(mut args: lexopt::Parser) -> Result<Option<u16>, lexopt::Error> {
    let mut port = PORT_DEFAULT;
    while let Some(arg) = args.next()? {
        match arg {
            Long("port") => port = args.value()?.parse()?,
            Long("help") | Short('h') => return Ok(None),
            other => return Err(other.unexpected()),
        }
    }
    Ok(Some(port))
}
