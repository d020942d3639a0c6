//! `cargo xtask stress`: what seeds decide, for a while.
//!
//! First wakes, aborts and drops from several threads at random moments, the example `stress` of the
//! facade; then random trees of scopes against their model, the fuzz of the task crate. Both run
//! optimised, with a seed that is printed, so that a run that failed can be repeated.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::Fail;
use crate::flags;
use crate::programs::{self, Build, Program};
use crate::repo::CHECKED;
use crate::shell;
use crate::steps::Outcome;

/// Runs the stress test.
///
/// # Errors
/// It fails.
pub(crate) fn run(options: &flags::Stress) -> Result<Outcome, Fail> {
    let seed = options.seed.unwrap_or_else(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        since.as_secs()
    });
    eprintln!("seed {seed}");
    let seconds = options.seconds.to_string();
    let [stress] = programs::build(Build::Optimised, [Program::Example("stress")])?;
    let mut command = shell::program(stress);
    command.args(["--seconds", &seconds, "--seed", &seed.to_string()]);
    shell::run(&mut command)
        .map_err(|error| format!("{error}; repeat it with: cargo xtask stress --seed {seed}"))?;
    scopes(&seconds, options.seed)?;
    Ok(Outcome::Passed)
}

/// Random trees of scopes. The fuzz goes through the seeds one by one, from the first if none is given,
/// so that each run of CI covers the same, and says which one failed.
fn scopes(seconds: &str, seed: Option<u64>) -> Result<(), Fail> {
    let mut command = shell::cargo(["test", "--profile", CHECKED, "--package", "corio-task"]);
    command.args(["--test", "it", "--", "fuzz", "--nocapture"]);
    command.env("CORIO_FUZZ_SECONDS", seconds);
    if let Some(seed) = seed {
        command.env("CORIO_FUZZ_SEED", seed.to_string());
    }
    shell::run(&mut command)
}
