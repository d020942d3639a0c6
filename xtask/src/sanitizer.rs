//! `cargo xtask sanitizer`: unit and integration tests under AddressSanitizer.
//!
//! It finds a task cell used after its last reference, or never freed; a descriptor's source freed
//! under a waiter.
//! The switch is a nightly one that the stable compiler takes when told to; the runtime library
//! comes with the toolchain. Doc tests stay out, they would be built one by one.

use crate::Fail;
use crate::flags;
use crate::repo::Metadata;
use crate::shell;
use crate::steps::Outcome;
use crate::test::WAITS;

/// The crates with unsafe code of their own, and those that drive it hardest.
pub(crate) const PACKAGES: [&str; 14] = [
    "corio-base",
    "corio-trace",
    "corio-task",
    "corio-sync",
    "corio-timer",
    "corio-reactor",
    "corio-executor",
    "corio-signal",
    "corio-net",
    "corio-blocking",
    "corio-process",
    "corio-stream",
    "corio-watchdog",
    "corio",
];

const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Runs the tests.
///
/// # Errors
/// A test fails or the sanitizer reports something.
pub(crate) fn run(options: &flags::Sanitizer) -> Result<Outcome, Fail> {
    if !cfg!(all(target_arch = "x86_64", target_os = "linux", target_env = "gnu")) {
        return Ok(Outcome::Skipped(format!("the sanitizer's library is for {TARGET} only")));
    }
    let metadata = Metadata::ask()?;
    // Of the facade, which has no unsafe code, its own tests; CPython's say nothing more about memory.
    let mut command = shell::cargo(["test", "--no-fail-fast", "--lib", "--test", "it"]);
    // Named explicitly, so that the flags reach the tests and not build scripts and macros.
    command.args(["--target", TARGET]);
    for package in PACKAGES {
        if metadata.packages.iter().any(|one| one.name == package) {
            command.args(["--package", package]);
        }
    }
    command.args(["--", "--skip", WAITS]);
    command
        .env("RUSTC_BOOTSTRAP", "1")
        .env("RUSTFLAGS", "-Zsanitizer=address")
        // A task cell that nobody frees is as wrong as one freed twice. The leak checker stops the
        // process to look at it, which some containers forbid: hence the flag.
        .env("ASAN_OPTIONS", format!("detect_leaks={}", u8::from(options.leaks)))
        .env("CARGO_TARGET_DIR", metadata.target.join("asan"));
    shell::run(&mut command)?;
    Ok(Outcome::Passed)
}
