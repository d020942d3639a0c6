//! `cargo xtask clients`: other people's Redis clients against the example `kv`.
//!
//! redis-cli gets the answers a Redis would give, redis-benchmark gets all its requests answered,
//! malformed and oversized input does no harm, and Ctrl-C ends the server in order. Every wait has a
//! limit, and the server is ended by its own id whatever happens.

mod benchmark;
mod cli;
mod malformed;
mod server;

use std::time::Duration;

use crate::Fail;
use crate::repo::Metadata;
use crate::shell;
use crate::steps::Outcome;
use server::Server;

/// How long a client's single request may take before it counts as unanswered.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);

/// Runs the clients.
///
/// # Errors
/// The server does not start, an answer is wrong or missing, or it does not end in order.
pub(crate) fn run() -> Result<Outcome, Fail> {
    let metadata = Metadata::ask()?;
    if !metadata.has_example("corio", "kv") {
        return Ok(Outcome::Skipped("crates/corio has no example `kv`".to_owned()));
    }
    for client in ["redis-cli", "redis-benchmark"] {
        if shell::find(client).is_none() {
            let text = format!("{client} is not installed: apt-get install redis-tools");
            return Ok(Outcome::Skipped(text));
        }
    }
    shell::run(&mut shell::cargo(["build", "--release", "--package", "corio", "--example", "kv"]))?;
    let mut server = Server::start(&metadata.target.join("release/examples/kv"))?;
    cli::check(&server)?;
    malformed::check(&server)?;
    benchmark::check(&server)?;
    server.end_in_order()?;
    Ok(Outcome::Passed)
}
