//! `cargo xtask loom`: the models of every crate that has `tests/loom.rs`, and those of its `tests/loom_*.rs`,
//! which need a process of their own.
//!
//! `--cfg loom` swaps atomics, cells and threads in `corio_base::loom`, so everything is built anew
//! in a target folder of its own; the usual one stays as it is.

use crate::Fail;
use crate::flags;
use crate::repo::Metadata;
use crate::shell;
use crate::steps::Outcome;
use crate::test;

/// Runs the models.
///
/// # Errors
/// A model fails, or a package that was asked for has none. All models run before that is said.
pub(crate) fn run(options: &flags::Loom) -> Result<Outcome, Fail> {
    let metadata = Metadata::ask()?;
    let mut packages: Vec<&str> = metadata
        .packages
        .iter()
        .filter(|package| has_models(&package.folder))
        .map(|package| package.name.as_str())
        .collect();
    if let Some(unknown) = options.packages.iter().find(|name| !packages.contains(&name.as_str())) {
        return Err(
            format!("`{unknown}` has no models; these have: {}", packages.join(", ")).into()
        );
    }
    if !options.packages.is_empty() {
        packages.retain(|name| options.packages.iter().any(|wanted| wanted == name));
    }
    if packages.is_empty() {
        return Ok(Outcome::Skipped("no crate has a tests/loom*.rs".to_owned()));
    }
    let target = metadata.target.join("loom");
    // All in one go: they share what is built, and the longest ones run beside the others.
    let mut command = match test::has_nextest() {
        true => shell::cargo(["nextest", "run", "--cargo-profile", "loom"]),
        false => shell::cargo(["test", "--profile", "loom"]),
    };
    command.args(["--no-fail-fast", "--test", "loom*"]);
    for package in packages {
        command.args(["--package", package]);
    }
    if let Some(model) = &options.model {
        command.args(["--", model]);
    }
    command
        .env("RUSTFLAGS", "--cfg loom")
        .env("LOOM_MAX_PREEMPTIONS", options.preemptions.to_string())
        .env("CARGO_TARGET_DIR", &target);
    shell::run(&mut command)?;
    Ok(Outcome::Passed)
}

/// Whether the crate in `folder` has a test target of models: `tests/loom.rs`, or another one by its side.
fn has_models(folder: &str) -> bool {
    let Ok(tests) = shell::root().join(folder).join("tests").read_dir() else { return false };
    tests.flatten().any(|entry| {
        let name = entry.file_name();
        name.to_str().is_some_and(|name| name.starts_with("loom") && name.ends_with(".rs"))
    })
}
