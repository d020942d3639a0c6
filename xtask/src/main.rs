//! `cargo xtask`: everything about this repository that a machine can do.
//!
//! One command per file, all in Rust, so that a contributor's machine and the CI machine run the same
//! thing. Each command prints the programs it runs, ends with a non-zero status when something is
//! wrong, and never changes a source file; `unsafe`, `conformance` and `bench --write` write generated pages below
//! `docs/`, and nothing else does.
#![forbid(unsafe_code)]

mod flags;

// What the commands are made of.
mod repo;
mod shell;
mod source;
mod steps;
mod unsafety;

// The commands, in the order of `cargo xtask help`.
mod bench;
mod ci;
mod clients;
mod conformance;
mod loom;
mod page;
mod programs;
mod sanitizer;
mod stress;
mod test;
mod tidy;
mod unsafe_report;

use flags::Command;
use steps::Outcome;

/// Whatever went wrong, as a sentence for the terminal.
type Fail = Box<dyn std::error::Error>;

fn main() -> std::process::ExitCode {
    let command = match flags::parse(lexopt::Parser::from_env()) {
        Ok(command) => command,
        Err(error) => {
            eprintln!("xtask: {error}\n\n{}", flags::HELP);
            return std::process::ExitCode::from(2);
        }
    };
    match run(command) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            std::process::ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<(), Fail> {
    match command {
        Command::Help => {
            println!("{}", flags::HELP);
            Ok(())
        }
        Command::Test => loudly(test::run()?),
        Command::Ci(options) => ci::run(&options),
        Command::Tidy => loudly(tidy::run()?),
        Command::Loom(options) => loudly(loom::run(&options)?),
        Command::Sanitizer(options) => loudly(sanitizer::run(&options)?),
        Command::Stress(options) => loudly(stress::run(&options)?),
        Command::Clients => loudly(clients::run()?),
        Command::Page => loudly(page::run()?),
        Command::Bench(options) => bench::run(&options),
        Command::Unsafe { check } => unsafe_report::run(check),
        Command::Conformance { check } => conformance::run(check),
    }
}

/// A command that a person asked for and that did not run has failed.
fn loudly(outcome: Outcome) -> Result<(), Fail> {
    match outcome {
        Outcome::Passed => Ok(()),
        Outcome::Skipped(why) => Err(format!("not run: {why}").into()),
    }
}
