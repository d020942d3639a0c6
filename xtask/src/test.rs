//! `cargo xtask test`: every test that a machine with nothing but Rust can run.
//!
//! Doc tests first, then unit and integration tests of every package (`tests/embed` and this one
//! too), so that the last lines on the terminal are the test runner's summary. `benches` stays out:
//! it builds half a dozen foreign runtimes and has no tests that the crates need.

use std::num::NonZero;
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
    shell::run(shell::cargo(["test", "--doc"]).args(ALL))?;
    shell::run(runner().args(ALL))?;
    Ok(Outcome::Passed)
}

/// The unit and integration tests of some packages once more, with variables set, but for [`WAITS`] and what
/// the compiler says, which is the same with all variables. Where the runner can, the whole workspace is built
/// for it, as [`run`] builds it: a package alone would be built once more, with fewer features in what it
/// stands on.
///
/// # Errors
/// A test fails or does not compile.
pub(crate) fn run_some(packages: &[&str], variables: &[(&str, &str)]) -> Result<Outcome, Fail> {
    let mut tests = runner();
    if has_nextest() {
        let some: Vec<String> = packages.iter().map(|name| format!("package({name})")).collect();
        let filter = format!("({}) - binary(ui) - test({WAITS})", some.join(" + "));
        tests.args(ALL).args(["--filterset", &filter]);
    } else {
        tests.arg("--all-features");
        for package in packages {
            tests.args(["--package", package]);
        }
        tests.args(["--", "--skip", WAITS]);
    }
    tests.envs(variables.iter().copied());
    shell::run(&mut tests)?;
    Ok(Outcome::Passed)
}

/// Where tests are looked for: the examples have some of their own.
const TARGETS: [&str; 4] = ["--lib", "--bins", "--tests", "--examples"];

/// How many tests are run beside those that keep the processors busy: as many as wait at a time, by
/// `.config/nextest.toml`.
const WAITING: usize = 3;

/// Tests that wait for what the watchdog says, seconds each; one run of them is enough.
pub(crate) const WAITS: &str = "told::hangs";

/// What is tested.
pub(crate) const ALL: [&str; 4] = ["--workspace", "--exclude", BENCHES, "--all-features"];

/// Whether cargo-nextest is installed.
pub(crate) fn has_nextest() -> bool {
    shell::find("cargo-nextest").is_some()
}

/// cargo-nextest where it is installed: one process per test, so one that hangs or aborts is named.
fn runner() -> Command {
    let mut command = if has_nextest() {
        let mut command = shell::cargo(["nextest", "run", "--no-tests", "pass", "--no-fail-fast"]);
        let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
        command.args(["--test-threads", &(cores + WAITING).to_string()]);
        command
    } else {
        eprintln!("cargo-nextest is not installed; cargo test does as well");
        shell::cargo(["test", "--no-fail-fast"])
    };
    command.args(TARGETS);
    command
}
