//! `cargo xtask ci`: everything that must hold before a change goes in, step by step.
//!
//! Steps go on after one that failed, so that one run shows all there is. What cannot run on this
//! machine is listed at the end; under `--strict` it counts as a failure.

use crate::Fail;
use crate::flags;
use crate::repo::BENCHES;
use crate::shell;
use crate::steps::{Outcome, Report};

/// A step's name and what it does.
type Step = (&'static str, fn() -> Result<Outcome, Fail>);

const STEPS: [Step; 13] = [
    ("fmt", fmt),
    ("tidy", crate::tidy::run),
    ("unsafe", unsafe_page),
    ("conformance", conformance_page),
    ("clippy", clippy),
    ("docs", docs),
    ("test", crate::test::run),
    ("polling", polling),
    ("clients", crate::clients::run),
    ("page", crate::page::run),
    ("loom", loom),
    ("sanitizer", sanitizer),
    ("stress", stress),
];

/// Runs the steps.
///
/// # Errors
/// A step failed, or, under `--strict`, could not run.
pub(crate) fn run(options: &flags::Ci) -> Result<(), Fail> {
    let known = |name: &&String| STEPS.iter().any(|(step, _)| step == name);
    if let Some(unknown) = options.without.iter().chain(&options.only).find(|name| !known(name)) {
        let names: Vec<&str> = STEPS.iter().map(|(name, _)| *name).collect();
        return Err(format!("there is no step `{unknown}`; there are {}", names.join(" ")).into());
    }
    let mut report = Report::default();
    for (name, step) in STEPS {
        let is = |wanted: &String| wanted == name;
        let wanted = options.only.is_empty() || options.only.iter().any(is);
        if wanted && !options.without.iter().any(is) {
            report.step(name, step);
        } else {
            report.left_out(name);
        }
    }
    eprintln!("\n{}", report.summary());
    match report.bad() {
        (0, 0) => Ok(()),
        (0, skipped) if !options.strict => {
            eprintln!("{skipped} skipped: this run says nothing about them");
            Ok(())
        }
        (0, skipped) => Err(format!("{skipped} skipped, which --strict does not allow").into()),
        (failed, _) => Err(format!("{failed} failed").into()),
    }
}

/// A part of what `cargo xtask stress` takes by itself.
const STRESS_SECONDS: u64 = 20;

fn fmt() -> Result<Outcome, Fail> {
    if shell::find("cargo-fmt").is_none() {
        return Ok(Outcome::Skipped("rustfmt: rustup component add rustfmt".to_owned()));
    }
    shell::run(&mut shell::cargo(["fmt", "--all", "--check"]))?;
    Ok(Outcome::Passed)
}

fn unsafe_page() -> Result<Outcome, Fail> {
    crate::unsafe_report::run(true)?;
    Ok(Outcome::Passed)
}

fn conformance_page() -> Result<Outcome, Fail> {
    crate::conformance::run(true)?;
    Ok(Outcome::Passed)
}

fn clippy() -> Result<Outcome, Fail> {
    if shell::find("cargo-clippy").is_none() {
        return Ok(Outcome::Skipped("clippy: rustup component add clippy".to_owned()));
    }
    // `--workspace` is more than the default members: nothing else would notice broken benches.
    let mut command = shell::cargo([
        "clippy",
        "--workspace",
        "--all-features",
        "--all-targets",
        "--",
        "-Dwarnings",
    ]);
    shell::run(&mut command)?;
    Ok(Outcome::Passed)
}

fn docs() -> Result<Outcome, Fail> {
    let mut command =
        shell::cargo(["doc", "--workspace", "--exclude", BENCHES, "--all-features", "--no-deps"]);
    shell::run(command.env("RUSTDOCFLAGS", "-D warnings"))?;
    Ok(Outcome::Passed)
}

/// The driver of every system but Linux, on Linux too.
fn polling() -> Result<Outcome, Fail> {
    let packages = ["corio-reactor", "corio-net", "corio"];
    crate::test::run_some(&packages, &[("CORIO_DRIVER", "polling")])
}

fn loom() -> Result<Outcome, Fail> {
    crate::loom::run(&flags::Loom::default())
}

fn sanitizer() -> Result<Outcome, Fail> {
    crate::sanitizer::run(&flags::Sanitizer::default())
}

fn stress() -> Result<Outcome, Fail> {
    crate::stress::run(&flags::Stress { seconds: STRESS_SECONDS, ..Default::default() })
}
