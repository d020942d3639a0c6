//! A chat server for lines of text: whoever connects is asked for a name, and hears what all others say.
//!
//! ```sh
//! cargo run --release -p corio --example chat -- --port 7001
//! nc 127.0.0.1 7001
//! ```
//!
//! | file | what it is |
//! |---|---|
//! | `program` | how it begins and ends |
//! | `options` | what the command line says |
//! | `server` | accepts clients, ends in good order |
//! | `client` | one client's socket: lines in, lines out |
//! | `command` | what a line means |
//! | `room` | who is there, and the channel that reaches all of them |

#![expect(unreachable_pub, reason = "in a program, `pub` says what a module offers the others")]

#[path = "../shared/program.rs"]
mod program;

mod options;

mod server;

mod client;

mod command;

mod room;

use std::error::Error;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::rc::Rc;

use corio::net::TcpListener;

use options::Options;
use room::Room;

#[corio::main]
async fn main() -> ExitCode {
    let parsed = Options::parse(lexopt::Parser::from_env());
    program::run("chat", options::HELP, parsed, |options| options.port, serve).await
}

async fn serve(options: Options) -> Result<(), Box<dyn Error>> {
    // Before anybody can read that the server listens: from here on Ctrl-C is not lost.
    let ctrl_c = corio::signal::ctrl_c();
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, options.port));
    let listener = TcpListener::bind(address).await?;
    println!("listening on {}", listener.local_addr()?);
    let room = Rc::new(Room::new(options.backlog));
    server::run(listener, options.clients_max, &room, ctrl_c).await?;
    println!("{room}");
    Ok(())
}
