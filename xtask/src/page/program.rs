//! The program whose page is looked at; ended by its own id in every case.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use crate::Fail;
use crate::shell;

/// How long it may take to begin.
const TIME_MAX: Duration = Duration::from_secs(10);
/// What it prints before the page's address.
const MARK: &str = "the inspector's page is at ";
/// More tasks than the page draws.
const TASKS: &str = "700";

/// A running program.
#[derive(Debug)]
pub(super) struct Program {
    child: Child,
    /// Where its page is, token and all.
    pub(super) url: String,
}

impl Program {
    /// Starts it, in debug mode.
    ///
    /// # Errors
    /// It does not start, or does not say in time where its page is.
    pub(super) fn start(program: &Path) -> Result<Program, Fail> {
        let mut command = shell::program(program);
        command.args(["--tasks", TASKS]);
        command.env("CORIO_DEBUG", "1").env("CORIO_INSPECT", "127.0.0.1:0");
        eprintln!("$ {}", shell::describe(&command));
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let stderr = child.stderr.take().expect("piped above");
        // Made at once, so that the child is ended on every way out of here.
        let mut program = Program { child, url: String::new() };
        let (found, url) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                match line.split_once(MARK) {
                    // Nobody listens any more: it is read all the same, lest the program wait for us.
                    Some((_, url)) => drop(found.send(url.to_owned())),
                    None => eprintln!("inspected: {line}"),
                }
            }
        });
        program.url = url
            .recv_timeout(TIME_MAX)
            .map_err(|_| format!("the program did not print `{MARK}ADDRESS`"))?;
        Ok(program)
    }

    /// Ends it as a crash would: of a program that ends in order the page may see how its tasks end.
    pub(super) fn kill(&mut self) {
        shell::end(&mut self.child);
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        shell::end(&mut self.child);
    }
}
