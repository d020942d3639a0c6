//! A job runner: starts the commands of a file, starts again those that fail, and ends them all in
//! good order.
//!
//! ```sh
//! printf 'web - python3 -m http.server\ntick 10 while :; do date; sleep 1; done\n' > jobs
//! cargo run --release -p corio --example job_runner -- jobs
//! ```
//!
//! | file | what it is |
//! |---|---|
//! | `options` | what the command line says |
//! | `jobs` | what the file of jobs says |
//! | `runner` | starts a supervisor for each job, answers Ctrl-C |
//! | `supervisor` | one job: runs it, waits, runs it again |
//! | `run` | one run of a job: a child process from its start to its end |
//! | `output` | what children print, with their names before it |
//! | `tally` | how the jobs have ended |

#![expect(unreachable_pub, reason = "in a program, `pub` says what a module offers the others")]

mod options;

mod jobs;

mod runner;

mod supervisor;

mod run;

mod output;

mod tally;

use std::error::Error;
use std::process::ExitCode;

use corio::signal::{SignalKind, signal};

use options::Options;

#[corio::main]
async fn main() -> ExitCode {
    let options = match Options::parse(lexopt::Parser::from_env()) {
        Ok(Some(options)) => options,
        Ok(None) => {
            println!("{}", options::HELP);
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("job_runner: {error}\n\n{}", options::HELP);
            return ExitCode::from(2);
        }
    };
    match start(&options).await {
        Ok(all_well) if all_well => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("job_runner: {error}");
            ExitCode::from(2)
        }
    }
}

/// Runs the jobs to their end; whether none has failed for good.
async fn start(options: &Options) -> Result<bool, Box<dyn Error>> {
    // Before the first child is there: from here on no request to end is lost.
    let (interrupt, terminate) =
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    let text = std::fs::read_to_string(&options.file)
        .map_err(|error| format!("{}: {error}", options.file.display()))?;
    let jobs =
        jobs::parse(&text).map_err(|error| format!("{}: {error}", options.file.display()))?;
    let tally = runner::run(jobs, options, interrupt, terminate).await?;
    output::say("runner", &tally.to_string());
    Ok(tally.gave_up() == 0)
}
