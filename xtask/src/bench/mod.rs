//! `cargo xtask bench`: corio beside its peers, in one run, as ratios.
//!
//! The workloads are the binary of `benches/`, which takes one measurement in one process. This side
//! decides who is measured when ([`plan`]), takes medians ([`figures`]), and compares them with the
//! other peers and with what corio has to reach ([`floors`]). On a shared machine times wander by a
//! tenth or more within minutes; so the samples of all peers of a row lie side by side, and where a
//! difference is smaller than the spread, `--instructions` counts instead ([`instructions`]).

mod figures;
mod floors;
mod instructions;
mod page;
mod plan;
mod plot;
mod program;
mod table;

use std::collections::BTreeSet;

use crate::Fail;
use crate::flags;
use crate::shell;
use figures::{Figures, Samples};
use plan::Pair;
use program::Program;

/// The peer that all this is about.
const CORIO: &str = "corio";
/// The same without debug mode, in rows of that.
const CORIO_OFF: &str = "corio-off";
/// A loop without a runtime: what the machine allows.
const RAW: &str = "raw";
/// The peers in the order of the table; one that the binary has besides comes last.
const PEERS: [&str; 17] = [
    CORIO,
    "corio-protocol",
    CORIO_OFF,
    "tokio",
    "smol",
    "smol-static",
    "monoio",
    "glommio",
    "uvloop",
    "async-lock",
    "event-listener",
    "futures",
    "oneshot",
    "kanal",
    "flume",
    "async-channel",
    RAW,
];

/// Samples of a full run: the median of seven is steady when two of them are disturbed.
const SAMPLES: usize = 7;
/// Samples of a quick run, which is to look, not to publish.
const SAMPLES_QUICK: usize = 3;

/// Measures and prints; writes the pages if told to.
///
/// # Errors
/// The binary does not build, nothing matches `--row` and `--peer`, or corio failed in a row.
pub(crate) fn run(options: &flags::Bench) -> Result<(), Fail> {
    let program = Program::build()?;
    let pairs = plan::select(program.list()?, &options.rows, &options.peers)?;
    if options.instructions {
        return instructions::run(&program, &pairs, options);
    }
    let samples = options.samples.unwrap_or(if options.quick { SAMPLES_QUICK } else { SAMPLES });
    let (figures, failed) = measure(&program, &pairs, samples, options);
    if !options.json {
        println!("{}", table::text(&figures));
        println!("{}", floors::account(&figures));
    }
    if options.write {
        write(&figures, samples, options.quick)?;
    }
    for (row, peer, error) in &failed {
        eprintln!("{row} of {peer} could not be measured: {error}");
    }
    match failed.iter().find(|(_, peer, _)| peer == CORIO) {
        Some((row, _, _)) => Err(format!("corio failed in {row}").into()),
        None => Ok(()),
    }
}

/// What went wrong: row, peer, error.
type Failed = Vec<(String, String, String)>;

fn measure(
    program: &Program,
    pairs: &[Pair],
    rounds: usize,
    options: &flags::Bench,
) -> (Figures, Failed) {
    let mut figures = Figures::default();
    let mut failed = Failed::new();
    for row in plan::rows(pairs) {
        let peers: Vec<&str> =
            pairs.iter().filter(|pair| pair.row == row).map(|pair| pair.peer.as_str()).collect();
        eprintln!("{row}: {}", peers.join(" "));
        let mut samples = Samples::default();
        // Who failed once is not asked again: it would cost the time limit in each round.
        let mut out: BTreeSet<&str> = BTreeSet::new();
        for peer in plan::visits(&peers, rounds) {
            if out.contains(peer) {
                continue;
            }
            match program.measure(row, peer, options.quick) {
                Ok(taken) => samples.extend(taken),
                Err(error) => {
                    out.insert(peer);
                    failed.push((row.to_owned(), peer.to_owned(), error.to_string()));
                }
            }
        }
        for figure in samples.figures() {
            if options.json {
                println!("{}", figure.json());
            }
            figures.push(figure);
        }
    }
    (figures, failed)
}

fn write(figures: &Figures, samples: usize, quick: bool) -> Result<(), Fail> {
    for (path, text) in [
        ("docs/benchmarks.md", page::text(figures, samples, quick)?),
        ("docs/benchmarks.svg", plot::svg(figures)),
    ] {
        std::fs::write(shell::root().join(path), text)?;
        eprintln!("wrote {path}");
    }
    let path = shell::root().join("README.md");
    let readme = page::between_marks(&std::fs::read_to_string(&path)?, &table::summary(figures))?;
    std::fs::write(path, readme)?;
    eprintln!("wrote the table in README.md");
    Ok(())
}
