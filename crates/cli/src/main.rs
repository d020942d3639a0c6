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
use std::time::Duration;

use corio_inspect::{Report, client, door, plain, table, tree};

use crate::args::{Command, Form};
use crate::top::Ended;

fn main() -> ExitCode {
    let command = match args::parse(lexopt::Parser::from_env()) {
        Ok(command) => command,
        Err(error) => {
            eprintln!("corio: {error}\n\n{}", args::USAGE);
            return ExitCode::from(2);
        }
    };
    match run(&command) {
        Ok(code) => code,
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

fn run(command: &Command) -> io::Result<ExitCode> {
    let text = match command {
        Command::Help => args::USAGE.to_owned(),
        Command::Version => format!("corio {}\n", env!("CARGO_PKG_VERSION")),
        Command::List => list(),
        Command::Table { pid, form } => {
            let report = client::ask(*pid)?;
            let rows = table::rows(&report);
            match form {
                Form::Text => notes(&report) + &table::text(&rows),
                Form::Csv => table::csv(&rows),
            }
        }
        Command::Top { pid } => return top::run(*pid).map(Ended::code),
        Command::Debug { pid, on } => client::set_debug(*pid, *on).map(|()| String::new())?,
        Command::Tree { pid } => {
            let report = client::ask(*pid)?;
            let trees = tree::draw(&report, tree::Marks::default()).map_err(io::Error::other)?;
            let lines: Vec<String> = trees.into_iter().flatten().collect();
            notes(&report) + &lines.join("\n") + "\n"
        }
    };
    Ok(print(&text))
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

/// How long each process may take when all are asked: one that is stopped must not hide the others.
const EACH_MAX: Duration = Duration::from_secs(2);

/// The processes that can be asked, and those that could if they answered.
fn list() -> String {
    let mut text = String::new();
    for pid in door::all() {
        match client::ask_within(pid, EACH_MAX) {
            Ok(report) => {
                let (tasks, loops) = (report.tasks.len(), report.loops.len());
                let off = if report.debug { "" } else { ", debug mode is off" };
                text += &format!(
                    "{pid}\t{loops} loops, {tasks} tasks{off}\t{}\n",
                    plain(&report.program)
                );
            }
            // It has ended meanwhile.
            Err(error) if is_gone(&error) => {}
            Err(error) => text += &format!("{pid}\t{error}\n"),
        }
    }
    if text.is_empty() {
        // To people; a program that reads the list reads an empty one.
        eprintln!("No process of this user can be asked: one can that runs with CORIO_INSPECT=1.");
    }
    text
}

fn is_gone(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound)
}
