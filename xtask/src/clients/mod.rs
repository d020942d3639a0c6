//! `cargo xtask clients`: the examples run as programs, against clients that know nothing of corio.
//!
//! | example | its client |
//! |---|---|
//! | `kv` | redis-cli, redis-benchmark, malformed and oversized input |
//! | `proxy` | redis-benchmark, through it to `kv`; more connections than it takes |
//! | `chat` | a thousand connections |
//! | `job_runner` | two hundred commands of the shell; `/proc` is asked what is left of them |
//! | `link_checker` | a site made for it, served by Python's `http.server` |
//! | `udp_echo` | datagrams of all sizes |
//! | `tour` | none: it walks by itself |
//! | `tls_echo` | curl and `openssl s_client`, over both versions of TLS |
//! | `inspected` | the command `corio`, which knows nothing of it but its number |
//!
//! Ctrl-C ends each in order. Every wait has a limit, and every program is ended by its own id whatever
//! happens.

mod server;

mod benchmark;
mod cli;
mod malformed;

mod chat;
mod inspected;
mod jobs;
mod links;
mod proxy;
mod tls;
mod tour;
mod udp;

use std::path::Path;
use std::time::Duration;

use crate::Fail;
use crate::repo::{CHECKED, Metadata};
use crate::shell;
use crate::steps::{Outcome, in_words};
use server::Server;

/// How long a client's single request may take before it counts as unanswered.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);

/// An example, and what is done with its program.
type Check = (&'static str, fn(&Path) -> Result<(), Fail>);

/// Measured by clients, so built for speed.
const OPTIMISED: [Check; 2] = [("kv", kv), ("proxy", proxy::check)];

/// As the tests have built what they are made of.
const DEBUGGED: [Check; 6] = [
    ("chat", chat::check),
    ("job_runner", jobs::check),
    ("link_checker", links::check),
    ("udp_echo", udp::check),
    ("tls_echo", tls::check),
    ("tour", tour::check),
];

/// Programs that clients are made of, and the packages they come in.
const TOOLS: [(&str, &str); 5] = [
    ("redis-cli", "redis-tools"),
    ("redis-benchmark", "redis-tools"),
    ("python3", "python3"),
    ("openssl", "openssl"),
    ("curl", "curl"),
];

/// Runs the clients.
///
/// # Errors
/// A program does not start, an answer is wrong or missing, or it does not end in order.
pub(crate) fn run() -> Result<Outcome, Fail> {
    let metadata = Metadata::ask()?;
    for (name, _) in OPTIMISED.iter().chain(&DEBUGGED) {
        if !metadata.has_example("corio", name) {
            return Ok(Outcome::Skipped(format!("crates/corio has no example `{name}`")));
        }
    }
    for (tool, package) in TOOLS {
        if shell::find(tool).is_none() {
            let text = format!("{tool} is not installed: apt-get install {package}");
            return Ok(Outcome::Skipped(text));
        }
    }
    build(&OPTIMISED, &["--profile", CHECKED])?;
    build(&DEBUGGED, &["--features", "tls"])?;
    let optimised = metadata.target.join(CHECKED).join("examples");
    let debugged = metadata.target.join("debug/examples");
    for (checks, folder) in [(&OPTIMISED[..], optimised), (&DEBUGGED[..], debugged)] {
        for (name, check) in checks {
            let start = std::time::Instant::now();
            check(&folder.join(name)).map_err(|error| format!("{name}: {error}"))?;
            eprintln!("{name}: all is well, after {}\n", in_words(start.elapsed()));
        }
    }
    inspected::run(&metadata.target).map_err(|error| format!("inspected: {error}"))?;
    Ok(Outcome::Passed)
}

fn build(checks: &[Check], more: &[&str]) -> Result<(), Fail> {
    let mut command = shell::cargo(["build", "--package", "corio"]);
    command.args(more);
    for (name, _) in checks {
        command.args(["--example", name]);
    }
    shell::run(&mut command)
}

fn kv(program: &Path) -> Result<(), Fail> {
    let mut server = Server::start(program, &[])?;
    cli::check(&server)?;
    malformed::check(&server)?;
    benchmark::check(&server)?;
    server.end_in_order()?;
    Ok(())
}
