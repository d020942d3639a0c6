//! `--instructions`: what an operation costs in instructions and atomic operations.
//!
//! Each workload runs twice under callgrind, with N and with 2N operations; the difference, divided
//! by N, has neither start nor end in it. Counts do not wander as times do, so two builds that differ
//! by one branch can be told apart. Atomic are the read-modify-write operations that lock the bus
//! (callgrind's `Ge`). The server of an echo row is counted, not its client.

use std::path::Path;
use std::time::Duration;

use super::plan::Pair;
use super::program::Program;
use super::table;
use crate::Fail;
use crate::flags;
use crate::repo::Metadata;
use crate::shell;

/// Operations of the smaller run: start-up noise of some ten instructions per operation would need
/// a difference of 200,000 instructions between two equal starts.
const OPS: u64 = 20_000;

/// How long one run under callgrind may take: it is some fifty times slower.
const TIME_MAX: Duration = Duration::from_secs(180);

const CALLGRIND: &str = "valgrind --tool=callgrind --collect-bus=yes";

/// What one operation costs.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Cost {
    instructions: f64,
    atomics: f64,
}

/// Counts and prints.
///
/// # Errors
/// callgrind is not installed, or the binary fails in every row.
pub(super) fn run(program: &Program, pairs: &[Pair], options: &flags::Bench) -> Result<(), Fail> {
    if shell::find("valgrind").is_none() {
        return Err("valgrind is not installed: apt-get install valgrind".into());
    }
    let ops = options.ops.unwrap_or(OPS);
    let folder = Metadata::ask()?.target.join("callgrind");
    std::fs::create_dir_all(&folder)?;
    let mut counted = 0;
    if !options.json {
        println!("{:<24} {:<12} {:>12} {:>8}", "row", "peer", "instructions", "atomics");
    }
    // Rows in other units count no operations of the processor's: bytes, system calls, lateness.
    for pair in pairs.iter().filter(|pair| pair.unit == "ns") {
        match count(program, pair, ops, &folder) {
            Ok(cost) => {
                counted += 1;
                print(pair, cost, ops, options.json);
            }
            Err(error) => eprintln!("{} of {} could not be counted: {error}", pair.row, pair.peer),
        }
    }
    if counted == 0 { Err("nothing could be counted".into()) } else { Ok(()) }
}

fn print(pair: &Pair, cost: Cost, ops: u64, json: bool) {
    let Pair { row, peer, .. } = pair;
    let Cost { instructions, atomics } = cost;
    if json {
        println!(
            r#"{{"row":"{row}","peer":"{peer}","instructions":{instructions:.1},"atomics":{atomics:.3},"ops":{ops}}}"#
        );
    } else {
        println!("{row:<24} {peer:<12} {:>12} {atomics:>8.2}", table::number(instructions));
    }
}

fn count(program: &Program, pair: &Pair, ops: u64, folder: &Path) -> Result<Cost, Fail> {
    let once = total(program, pair, ops, folder)?;
    let twice = total(program, pair, ops * 2, folder)?;
    let per_op = |once: u64, twice: u64| twice.saturating_sub(once) as f64 / ops as f64;
    Ok(Cost { instructions: per_op(once.0, twice.0), atomics: per_op(once.1, twice.1) })
}

/// Instructions and atomic operations of one run.
fn total(program: &Program, pair: &Pair, ops: u64, folder: &Path) -> Result<(u64, u64), Fail> {
    let file = folder.join(format!("{}.{}.{ops}", pair.row, pair.peer));
    let under = format!("{CALLGRIND} --callgrind-out-file={}", file.display());
    let ops = ops.to_string();
    let work = ["--row", &pair.row, "--peer", &pair.peer, "--ops", &ops];
    let mut command = if pair.row.starts_with("echo_") {
        let mut command = shell::program(&program.path);
        command.args(work).args(["--server-under", &under]);
        command
    } else {
        let mut words = under.split(' ');
        let mut command = shell::program(words.next().expect("a command has a first word"));
        command.args(words).arg(&program.path).args(work);
        command
    };
    let said = shell::output_within(&mut command, TIME_MAX)?;
    if !said.status.success() {
        let last = said.stderr.trim().lines().last().unwrap_or_default();
        return Err(format!("{}: {last}", said.status).into());
    }
    parse(&std::fs::read_to_string(&file)?)
}

/// Reads callgrind's file: the line `events:` names the columns of the line `totals:`.
fn parse(text: &str) -> Result<(u64, u64), Fail> {
    let line = |start: &str| {
        let mut lines = text.lines().filter_map(|line| line.strip_prefix(start));
        lines.next().map(|rest| rest.split_whitespace().collect::<Vec<_>>())
    };
    let (Some(events), Some(totals)) = (line("events:"), line("totals:").or(line("summary:")))
    else {
        return Err("callgrind wrote no totals".into());
    };
    let value = |event: &str| -> Result<u64, Fail> {
        let at = events.iter().position(|name| *name == event);
        // Columns at the end that are zero throughout are left out.
        let text = at.and_then(|at| totals.get(at)).copied().unwrap_or("0");
        Ok(text.parse()?)
    };
    Ok((value("Ir")?, value("Ge")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_are_read_by_their_columns() {
        assert_eq!(parse("events: Ir Ge\nfn=a\n1 2\ntotals: 100 7\n").unwrap(), (100, 7));
        assert_eq!(parse("events: Ir Ge\nsummary: 100\n").unwrap(), (100, 0));
        assert!(parse("events: Ir").is_err());
    }
}
