//! Running other programs: what is run is printed, and nothing runs for ever unless asked to.
//!
//! Programs are started in the repository's root without the variables that cargo sets for `xtask`
//! itself, so a nested cargo sees what a person's shell would have given it. A child that
//! outlives its time is killed by its own id.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use crate::Fail;

/// The repository's root: the folder above this crate.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies below the root")
}

/// `program`, to be run in the repository's root.
pub(crate) fn program(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root());
    // Cargo tells a program about its own package; told to a nested cargo, these would change what
    // build scripts see and rebuild half the tree.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command
}

/// Cargo with these arguments: the one that runs `xtask`, so the toolchain is the same.
pub(crate) fn cargo<'a>(args: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = program(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(args);
    command
}

/// Runs `command` to its end with its output on the terminal.
///
/// # Errors
/// It cannot be started, or it ends with a status other than 0.
pub(crate) fn run(command: &mut Command) -> Result<(), Fail> {
    let line = describe(command);
    eprintln!("$ {line}");
    let status = command.status().map_err(|error| format!("cannot start `{line}`: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{line}` failed: {status}").into()) }
}

/// The command as a person would type it, variables first.
pub(crate) fn describe(command: &Command) -> String {
    let mut line = String::new();
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            line.push_str(&format!("{}={:?} ", name.to_string_lossy(), value.to_string_lossy()));
        }
    }
    let name = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    line.push_str(&name.to_string_lossy());
    for arg in command.get_args() {
        line.push(' ');
        line.push_str(&arg.to_string_lossy());
    }
    line
}

/// What a program said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs `command` to its end with its output caught, for `limit` at the most.
///
/// The caller sleeps in the meantime, it does not look around: a measurement under way is left alone.
///
/// # Errors
/// It cannot be started, or it took longer and was killed. A bad status is the caller's to judge.
pub(crate) fn output_within(command: &mut Command, limit: Duration) -> Result<Said, Fail> {
    let line = describe(command);
    let start = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot start `{line}`: {error}"))?;
    let stdout = read_apart(child.stdout.take().expect("piped above"));
    let stderr = read_apart(child.stderr.take().expect("piped above"));
    let said = stdout
        .recv_timeout(limit)
        .and_then(|out| Ok((out, stderr.recv_timeout(limit.saturating_sub(start.elapsed()))?)));
    let status = wait_within(&mut child, limit.saturating_sub(start.elapsed()))?;
    match (said, status) {
        (Ok((stdout, stderr)), Some(status)) => Ok(Said { status, stdout, stderr }),
        _ => {
            end(&mut child);
            Err(format!("`{line}` took longer than {limit:?} and was killed").into())
        }
    }
}

fn read_apart(mut from: impl Read + Send + 'static) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        // A read error ends the text; the status tells the rest.
        let _ = from.read_to_end(&mut bytes);
        let _ = sender.send(String::from_utf8_lossy(&bytes).into_owned());
    });
    receiver
}

/// Waits for `child` to end, for `limit` at the most; `None` if it still runs then.
///
/// # Errors
/// What the operating system says.
pub(crate) fn wait_within(
    child: &mut Child,
    limit: Duration,
) -> Result<Option<ExitStatus>, std::io::Error> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if start.elapsed() >= limit {
            return Ok(None);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Kills `child`, if it still runs, and takes its status.
pub(crate) fn end(child: &mut Child) {
    // Both fail only for a child that has ended and been waited for, which is what is wanted.
    let _ = child.kill();
    let _ = child.wait();
}

/// Where `program` lies on the path, or in cargo's folder of installed programs.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let installed = std::env::var_os("CARGO_HOME").map(|home| Path::new(&home).join("bin"));
    std::env::split_paths(&path)
        .chain(installed)
        .map(|folder| folder.join(program))
        .find(|candidate| candidate.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_takes_too_long_is_killed() {
        let limit = Duration::from_millis(50);
        let error = output_within(program("sleep").arg("30"), limit).unwrap_err();
        assert!(error.to_string().contains("took longer than 50ms"), "{error}");
    }

    #[test]
    fn output_and_status_come_back() {
        let mut command = program("sh");
        command.args(["-c", "echo out; echo err >&2; exit 3"]);
        let said = output_within(&mut command, Duration::from_secs(10)).unwrap();
        assert_eq!((said.stdout.as_str(), said.stderr.as_str()), ("out\n", "err\n"));
        assert_eq!(said.status.code(), Some(3));
    }
}
