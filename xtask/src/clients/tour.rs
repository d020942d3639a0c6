//! `tour`, which nobody talks to: it walks to its end by itself, and every stop has something to show.

use std::io::Read;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use crate::Fail;
use crate::shell;

/// How many stops there are at least; who takes one away says so here.
const STOPS_MIN: usize = 17;

/// What the last stop shows: the bug that it planted, found, and where to look next.
const FOUND: [&str; 3] =
    ["Deadlock: 2 tasks wait for each other", "waits: lock at ", "`corio ps PID`"];

/// It takes some seven seconds.
const TIME_MAX: Duration = Duration::from_secs(60);

/// What stands before the heading of a stop, and before what came of it.
const HEADING: &str = "\n── ";
const RESULT: &str = "  → ";

/// Walks it.
///
/// # Errors
/// It does not end well, a stop is missing or has shown nothing, or the last one has found no bug.
pub(super) fn check(program: &Path) -> Result<(), Fail> {
    let mut command = shell::program(program);
    eprintln!("$ {}", shell::describe(&command));
    // What it prints fits into a pipe, so it can be read when it has ended.
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    let Some(status) = shell::wait_within(&mut child, TIME_MAX)? else {
        shell::end(&mut child);
        return Err(format!("the tour has not ended after {TIME_MAX:?}").into());
    };
    let mut page = String::new();
    child.stdout.take().expect("piped above").read_to_string(&mut page)?;
    let silent = page.split(HEADING).skip(1).find(|stop| !stop.contains(RESULT));
    let stops = page.matches(HEADING).count();
    if !status.success() || silent.is_some() || stops < STOPS_MIN {
        let silent = silent.and_then(|stop| stop.lines().next()).unwrap_or("none");
        let text = format!("{status}, {stops} stops of {STOPS_MIN}, without a result: {silent}");
        return Err(format!("the tour: {text}\n{page}").into());
    }
    let last = page.rsplit(HEADING).next().unwrap_or_default();
    if let Some(missing) = FOUND.iter().find(|words| !last.contains(**words)) {
        return Err(format!("the tour: its last stop does not say {missing:?}\n{last}").into());
    }
    eprintln!("tour: {stops} stops, each with a result");
    Ok(())
}
