//! A TCP proxy: hands every connection on to another server, and counts what goes through.
//!
//! ```sh
//! cargo run --release -p corio --example kv
//! cargo run --release -p corio --example proxy -- --port 7000 127.0.0.1:6379
//! redis-benchmark -p 7000 -P 16
//! ```
//!
//! | file | what it is |
//! |---|---|
//! | `program` | how it begins and ends |
//! | `options` | what the command line says |
//! | `server` | accepts clients, ends in good order |
//! | `connection` | one client and its connection to the other server |
//! | `counts` | what has happened so far |

#![expect(unreachable_pub, reason = "in a program, `pub` says what a module offers the others")]

#[path = "../shared/program.rs"]
mod program;

mod options;

mod server;

mod connection;

mod counts;

use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;

use corio::net::TcpListener;

use options::Options;

#[corio::main]
async fn main() -> ExitCode {
    let parsed = Options::parse(lexopt::Parser::from_env());
    program::run("proxy", options::HELP, parsed, |options| options.port, serve).await
}

async fn serve(options: Options) -> Result<(), Box<dyn Error>> {
    // Before anybody can read that the proxy listens: from here on Ctrl-C is not lost.
    let ctrl_c = corio::signal::ctrl_c();
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, options.port));
    let listener = TcpListener::bind(address).await?;
    println!("listening on {}", listener.local_addr()?);
    let counts = server::run(listener, &options, ctrl_c).await?;
    println!("{counts}");
    Ok(())
}
