//! The command `corio`: looks into running corio programs, from outside.
//!
//! | command | what it shows |
//! |---|---|
//! | `corio ps PID` | a table of tasks and who waits for them |
//! | `corio pstree PID` | the same as trees; circles by name |
//! | `corio top PID` | the tasks, live |
//! | `corio debug PID on` | turns its debug mode, which records its tasks |
//! | `corio ps` | the processes of this user that can be asked |
//!
//! The program has to let itself be asked: `CORIO_INSPECT=1` in its environment, or
//! `inspect::serve()` in its code.

#![forbid(unsafe_code)]

mod args;

mod top;

use std::io::{self, Write};
use std::process::ExitCode;

use corio_inspect::{Report, client, door, table, tree};

use crate::args::{Command, Form};

fn main() -> ExitCode {
    let command = match args::parse(lexopt::Parser::from_env()) {
        Ok(command) => command,
        Err(error) => {
            eprintln!("corio: {error}\n\n{}", args::USAGE);
            return ExitCode::from(2);
        }
    };
    match run(&command) {
        Ok(text) => print(&text),
        Err(error) => {
            eprintln!("corio: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Prints; a reader that has heard enough is no error.
fn print(text: &str) -> ExitCode {
    match io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            eprintln!("corio: cannot write: {error}");
            ExitCode::FAILURE
        }
        _ => ExitCode::SUCCESS,
    }
}

fn run(command: &Command) -> io::Result<String> {
    match command {
        Command::Help => Ok(args::USAGE.to_owned()),
        Command::Version => Ok(format!("corio {}\n", env!("CARGO_PKG_VERSION"))),
        Command::List => list(),
        Command::Table { pid, form } => {
            let report = client::ask(*pid)?;
            let rows = table::rows(&report);
            Ok(match form {
                Form::Text => notes(&report) + &table::text(&rows),
                Form::Csv => table::csv(&rows),
            })
        }
        Command::Top { pid } => top::run(*pid).map(|()| String::new()),
        Command::Debug { pid, on } => client::set_debug(*pid, *on).map(|()| String::new()),
        Command::Tree { pid } => {
            let report = client::ask(*pid)?;
            let trees = tree::draw(&report, tree::Marks::default()).map_err(io::Error::other)?;
            let lines: Vec<String> = trees.into_iter().flatten().collect();
            Ok(notes(&report) + &lines.join("\n") + "\n")
        }
    }
}

/// What a reader should know before the rest.
fn notes(report: &Report) -> String {
    let mut notes = String::new();
    if !report.debug {
        notes.push_str(
            "Debug mode is off in this process, so it records no tasks: `corio debug PID on` turns \
             it on.\n",
        );
    }
    if report.lost > 0 {
        notes.push_str(&format!("{} records found no place and are missing here.\n", report.lost));
    }
    notes
}

/// The processes that can be asked: those whose socket answers.
fn list() -> io::Result<String> {
    let entries = match std::fs::read_dir(door::folder()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(String::new()),
        entries => entries?,
    };
    let mut pids: Vec<u32> = entries
        .filter_map(|entry| entry.ok()?.path().file_stem()?.to_str()?.parse().ok())
        .collect();
    pids.sort_unstable();
    let lines = pids.into_iter().filter_map(|pid| match client::ask(pid) {
        Ok(report) => Some(format!("{pid}\t{} tasks\t{}\n", report.tasks.len(), report.program)),
        Err(error) => {
            // A process that has ended leaves its socket behind.
            if error.kind() == io::ErrorKind::ConnectionRefused {
                let _ = std::fs::remove_file(door::socket_of(pid));
            }
            None
        }
    });
    Ok(lines.collect())
}
