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
use std::time::{Duration, Instant};

use crate::Fail;
use crate::programs::Program::{Command, Example};
use crate::programs::{self, Build};
use crate::shell;
use crate::steps::{Outcome, in_words};
use server::Server;

/// How long a client's single request may take before it counts as unanswered.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);

/// What is done with an example's program.
type Check = fn(&Path) -> Result<(), Fail>;

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
    for (tool, package) in TOOLS {
        if shell::find(tool).is_none() {
            let text = format!("{tool} is not installed: apt-get install {package}");
            return Ok(Outcome::Skipped(text));
        }
    }
    // What clients measure.
    let [kv, proxy, inspected, command] = programs::build(
        Build::Optimised,
        [Example("kv"), Example("proxy"), Example("inspected"), Command("corio")],
    )?;
    let [chat, jobs, links, udp, tls, tour] = programs::build(
        Build::Debugged,
        ["chat", "job_runner", "link_checker", "udp_echo", "tls_echo", "tour"].map(Example),
    )?;
    let checks: [(&Path, Check); 8] = [
        (&kv, check_kv),
        (&proxy, proxy::check),
        (&chat, chat::check),
        (&jobs, jobs::check),
        (&links, links::check),
        (&udp, udp::check),
        (&tls, tls::check),
        (&tour, tour::check),
    ];
    for (program, check) in checks {
        well(program, || check(program))?;
    }
    well(&inspected, || inspected::check(&inspected, command))?;
    Ok(Outcome::Passed)
}

/// Says what became of the check of a program.
fn well(program: &Path, check: impl FnOnce() -> Result<(), Fail>) -> Result<(), Fail> {
    let name = program.file_name().unwrap_or_default().display();
    let start = Instant::now();
    check().map_err(|error| format!("{name}: {error}"))?;
    eprintln!("{name}: all is well, after {}\n", in_words(start.elapsed()));
    Ok(())
}

fn check_kv(program: &Path) -> Result<(), Fail> {
    let mut server = Server::start(program, &[])?;
    cli::check(&server)?;
    malformed::check(&server)?;
    benchmark::check(&server)?;
    server.end_in_order()?;
    Ok(())
}
