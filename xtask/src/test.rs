//! `cargo xtask test`: every test that a machine with nothing but Rust can run.
//!
//! Doc tests first, then unit and integration tests of every package (`tests/embed` and this one
//! too), so that the last lines on the terminal are the test runner's summary. `benches` stays out:
//! it builds half a dozen foreign runtimes and has no tests that the crates need.

use std::process::Command;

use crate::Fail;
use crate::repo::BENCHES;
use crate::shell;
use crate::steps::Outcome;

/// Runs the tests.
///
/// # Errors
/// A test fails or does not compile.
pub(crate) fn run() -> Result<Outcome, Fail> {
    let all = ["--workspace", "--exclude", BENCHES, "--all-features"];
    shell::run(shell::cargo(["test", "--doc"]).args(all))?;
    let mut tests = runner();
    tests.args(all);
    shell::run(&mut tests)?;
    Ok(Outcome::Passed)
}

/// The unit and integration tests of some packages once more, with variables set; with all features, as
/// [`run`] builds them, so that nothing is built twice.
///
/// # Errors
/// A test fails or does not compile.
pub(crate) fn run_some(packages: &[&str], variables: &[(&str, &str)]) -> Result<Outcome, Fail> {
    let mut tests = runner();
    tests.arg("--all-features");
    for package in packages {
        tests.args(["--package", package]);
    }
    tests.envs(variables.iter().copied());
    shell::run(&mut tests)?;
    Ok(Outcome::Passed)
}

/// Where tests are looked for: the examples have some of their own.
const TARGETS: [&str; 4] = ["--lib", "--bins", "--tests", "--examples"];

/// cargo-nextest where it is installed: one process per test, so one that hangs or aborts is named.
fn runner() -> Command {
    let mut command = if shell::find("cargo-nextest").is_some() {
        shell::cargo(["nextest", "run", "--no-tests", "pass", "--no-fail-fast"])
    } else {
        eprintln!("cargo-nextest is not installed; cargo test does as well");
        shell::cargo(["test", "--no-fail-fast"])
    };
    command.args(TARGETS);
    command
}
