//! Child processes. What CPython runs in Python's interpreter, a shell runs here.

mod subprocess_mixin {
    mod cancelling;
    mod ends;
    mod pipes;
    mod starting;
}
mod subprocess_transport_tests;

use corio::process::{Child, Command, Stdio, create_subprocess_exec, create_subprocess_shell};

/// A program that does not end by itself while a test runs.
fn blocked() -> Command {
    let mut command = create_subprocess_exec("sleep", ["3600"]);
    // Tests that fail leave no child behind.
    command.kill_on_drop(true);
    command
}

/// A line of the shell, all of whose streams are pipes.
fn piped(line: &str) -> Child {
    let mut command = create_subprocess_shell(line);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.kill_on_drop(true).spawn().unwrap()
}
