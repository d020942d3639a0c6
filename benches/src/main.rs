//! `corio-bench`: takes one measurement and prints it as a line of JSON.
//!
//! `cargo xtask bench` calls it, once for every figure; by hand it answers one question quickly:
//! `corio-bench --row yield_one --peer tokio --quick`.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use corio_benches::measure::{Entry, Order, PEERS, measure};
use corio_benches::row::Row;
use lexopt::prelude::*;

const USAGE: &str = "\
corio-bench: one measurement of one runtime.

  corio-bench --row ROW --peer PEER [--quick] [--ops N] [--server-under COMMAND]
  corio-bench --list

  --list          print the pairs that can be measured: row, peer, unit, parted by tabs
  --row ROW       the workload
  --peer PEER     the runtime, or `raw` for a loop without one
  --quick         a shorter measurement
  --ops N         exactly N operations and no warm-up, for tools that count instructions
  --server-under  start an echo row's server under this command, its words parted by spaces
";

/// What the command line asks for.
enum Task {
    Help,
    List,
    Measure { row: Row, peer: Entry, order: Order },
    Serve { peer: Entry, connections: usize },
}

fn main() -> ExitCode {
    match parse().map_err(|error| error.to_string()).and_then(perform) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("corio-bench: {message}");
            ExitCode::FAILURE
        }
    }
}

fn perform(task: Task) -> Result<(), String> {
    match task {
        Task::Help => print!("{USAGE}"),
        Task::List => list(),
        Task::Serve { peer, connections } => peer.serve(connections),
        Task::Measure { row, peer, order } => {
            if !peer.can(row) {
                return Err(format!("{} cannot do {} (see --list)", peer.name, row.name()));
            }
            let value = measure(row, &peer, &order).map_err(|error| error.to_string())?;
            println!(
                r#"{{"row":"{}","peer":"{}","value":{value:.3},"unit":"{}"}}"#,
                row.name(),
                peer.name,
                row.unit(),
            );
        }
    }
    Ok(())
}

fn list() {
    for row in Row::ALL {
        for peer in PEERS.iter().filter(|peer| peer.can(*row)) {
            println!("{}\t{}\t{}", row.name(), peer.name, row.unit());
        }
    }
}

fn parse() -> Result<Task, lexopt::Error> {
    let (mut row, mut peer, mut serve) = (None, None, None);
    let mut order = Order::default();
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("help") | Short('h') => return Ok(Task::Help),
            Long("list") => return Ok(Task::List),
            Long("row") => row = Some(parser.value()?.parse_with(row_named)?),
            Long("peer") => peer = Some(parser.value()?.parse_with(peer_named)?),
            Long("quick") => order.quick = true,
            Long("ops") => order.ops = Some(parser.value()?.parse_with(at_least_one)?),
            Long("server-under") => {
                let command = parser.value()?.string()?;
                order.server_under = command.split_whitespace().map(str::to_owned).collect();
            }
            // How an echo row starts its server; nobody types it.
            Long("serve") => serve = Some(parser.value()?.parse()?),
            _ => return Err(argument.unexpected()),
        }
    }
    match (row, peer, serve) {
        (None, Some(peer), Some(connections)) => Ok(Task::Serve { peer, connections }),
        (Some(row), Some(peer), None) => Ok(Task::Measure { row, peer, order }),
        _ => Err("name a --row and a --peer; --list prints both, --help the rest".into()),
    }
}

fn row_named(name: &str) -> Result<Row, String> {
    Row::named(name).ok_or_else(|| format!("no row is called {name:?}; --list prints them"))
}

fn peer_named(name: &str) -> Result<Entry, String> {
    Entry::named(name).ok_or_else(|| format!("no peer is called {name:?}; --list prints them"))
}

fn at_least_one(number: &str) -> Result<u64, String> {
    match number.parse() {
        Ok(0) => Err("--ops asks for at least 1".to_owned()),
        Ok(ops) => Ok(ops),
        Err(error) => Err(format!("{number:?}: {error}")),
    }
}
