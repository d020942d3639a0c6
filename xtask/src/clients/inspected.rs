//! `inspected`: the command `corio`, of a hundred thousand tasks on a loop that is stuck.
//!
//! Built for speed, both of them: how long an answer takes is a promise, and here it is measured.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::ANSWER_TIME_MAX;
use crate::Fail;
use crate::shell::{self, Said};
use crate::steps::in_words;

const TASKS: usize = 100_000;
/// The fastest counts: of the others, something else had the processor.
const ROUNDS: usize = 5;
/// What the table takes on a machine that does nothing else is under a second; three of them, because the
/// machines that run this do something else, too.
const TABLE_MAX: Duration = Duration::from_secs(3);
/// What the program prints when it can be asked.
const MARK: &str = "process ";
/// The two that wait for each other, and for nobody else.
const CIRCLES: [&str; 2] = ["cycle: left → right → left", "cycle: right → left → right"];

/// Asks the program by the command.
///
/// # Errors
/// An answer is wrong, missing or late.
pub(super) fn check(program: &Path, command: PathBuf) -> Result<(), Fail> {
    let mut program = Program::start(program, command)?;
    table(&program)?;
    circle(&program)?;
    switch(&program)?;
    program.end()
}

/// `corio ps`: all tasks, in time.
fn table(program: &Program) -> Result<(), Fail> {
    let mut fastest = Duration::MAX;
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        let said = program.ask(&["ps"])?;
        fastest = fastest.min(begun.elapsed());
        let rows = said.stdout.lines().count();
        if rows <= TASKS {
            return Err(format!("`corio ps` shows {rows} rows of {TASKS} tasks").into());
        }
    }
    eprintln!("corio ps: {TASKS} tasks of a stuck loop in {}", in_words(fastest));
    if fastest > TABLE_MAX {
        return Err(format!("`corio ps` takes {fastest:?}, and {TABLE_MAX:?} at the most").into());
    }
    Ok(())
}

/// `corio pstree`: the circle, by name, in place of a tree.
fn circle(program: &Program) -> Result<(), Fail> {
    let said = program.ask(&["pstree"])?;
    let is_named = said.stderr.lines().any(|line| CIRCLES.contains(&line));
    if said.status.success() || !is_named {
        return Err(format!("`corio pstree` does not name the circle: {}", said.stderr).into());
    }
    Ok(())
}

/// `corio debug`: off, and on again.
fn switch(program: &Program) -> Result<(), Fail> {
    for (turn, begins) in [("off", "Debug mode is off"), ("on", "tid ")] {
        program.ask(&["debug", turn])?;
        let said = program.ask(&["ps"])?;
        if !said.stdout.starts_with(begins) {
            let begin = said.stdout.lines().next().unwrap_or_default();
            return Err(format!("`corio debug {turn}`, and then `corio ps`: {begin}").into());
        }
    }
    Ok(())
}

/// The program that is asked; ended by its own id in every case.
struct Program {
    child: Child,
    /// It runs as long as this is open.
    input: Option<ChildStdin>,
    corio: PathBuf,
    /// Where its socket is, and no other program's.
    runtime: PathBuf,
}

impl Program {
    fn start(program: &Path, corio: PathBuf) -> Result<Program, Fail> {
        let name = format!("corio-inspected-{}", std::process::id());
        let runtime = std::env::temp_dir().join(name);
        std::fs::DirBuilder::new().mode(0o700).create(&runtime)?;
        let mut command = shell::program(program);
        command.args(["--stuck", "--tasks", &TASKS.to_string()]);
        command.env("CORIO_DEBUG", "1").env("CORIO_INSPECT", "1");
        command.env("XDG_RUNTIME_DIR", &runtime).stdin(Stdio::piped()).stdout(Stdio::piped());
        eprintln!("$ {}", shell::describe(&command));
        let mut child = command.spawn()?;
        let (input, stdout) = (child.stdin.take(), child.stdout.take().expect("piped above"));
        // Made at once, so that the child is ended on every way out of here.
        let program = Program { child, input, corio, runtime };
        let (found, ready) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if line.starts_with(MARK) {
                    // Nobody waits any more if this comes too late; the rest is read all the same.
                    let _ = found.send(());
                }
            }
        });
        ready
            .recv_timeout(ANSWER_TIME_MAX)
            .map_err(|_| format!("the program did not print `{MARK}NUMBER`"))?;
        Ok(program)
    }

    /// Asks it with a command of `corio`: the words before and after its number.
    fn ask(&self, words: &[&str]) -> Result<Said, Fail> {
        let mut command: Command = shell::program(&self.corio);
        command.env("XDG_RUNTIME_DIR", &self.runtime).arg(words[0]);
        command.arg(self.child.id().to_string()).args(&words[1..]);
        shell::output_within(&mut command, ANSWER_TIME_MAX)
    }

    /// Closes its input, and waits for an orderly end.
    fn end(&mut self) -> Result<(), Fail> {
        drop(self.input.take());
        match shell::wait_within(&mut self.child, ANSWER_TIME_MAX)? {
            Some(status) if status.success() => Ok(()),
            Some(status) => Err(format!("it ended with {status}").into()),
            None => Err(format!("{ANSWER_TIME_MAX:?} after its input it runs on").into()),
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        shell::end(&mut self.child);
        // What is left there is the system's to clear.
        let _ = std::fs::remove_dir_all(&self.runtime);
    }
}
