//! `job_runner` with two hundred children: restarts, time limits, and an end that leaves none behind.
//!
//! Every process that the runner starts, and whatever they start, has a variable of ours in its
//! environment; `/proc` is asked for those that have it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use super::server::interrupt;
use crate::Fail;
use crate::shell;
use crate::steps::in_words;

/// A kind of job: its name, how many there are, its limit, its command, and how many processes of
/// each live until the end.
type Kind = (&'static str, usize, &'static str, &'static str, usize);

/// Two hundred jobs. `sleep` gets the place of the shell by `exec`; a signal that a shell ignores is
/// ignored by what it starts, too.
const JOBS: [Kind; 7] = [
    ("long", 110, "-", "echo up; exec sleep 600", 1),
    ("stubborn", 30, "-", "trap '' TERM; echo up; while :; do sleep 600; done", 2),
    ("parent", 20, "-", "sleep 600 & sleep 600 & echo up >&2; wait", 3),
    // It ends when it is asked to, and what it has started does not.
    ("heir", 10, "-", "(trap '' TERM; exec sleep 600) & echo up; exec sleep 600", 2),
    ("brief", 10, "-", "echo up", 0),
    ("failing", 10, "600", "echo up; exit 3", 0),
    ("overdue", 10, "1.5", "echo up; exec sleep 600", 0),
];

/// What is counted at the end: brief ones succeed; failing and overdue ones have three tries.
const TALLY: &str =
    "[runner] 200 jobs: 10 succeeded, 20 were given up, 170 were stopped; 40 restarts";
const TRIES: &str = "3";
const GIVEN_UP: usize = 20;

/// What stubborn jobs are given before they are killed, in seconds.
const GRACE: &str = "1";

/// For two hundred starts and what comes before the end; and for the end.
const TIME_MAX: Duration = Duration::from_secs(60);

/// A runner under test. Dropped, it ends all that it has started.
struct Runner {
    child: Child,
    printed: Receiver<String>,
    /// The variable and its value.
    mark: String,
    file: PathBuf,
}

/// Runs all of it, then asks twice for the end.
///
/// # Errors
/// A job is not run or not ended as it should be, or a process is left.
pub(super) fn check(program: &Path) -> Result<(), Fail> {
    two_hundred(program)?;
    hurried(program)
}

fn two_hundred(program: &Path) -> Result<(), Fail> {
    let mut text = String::new();
    for (kind, count, limit, command, _) in JOBS {
        (0..count).for_each(|index| text += &format!("{kind}{index} {limit} {command}\n"));
    }
    let jobs: usize = JOBS.iter().map(|(_, count, ..)| count).sum();
    let mut runner = Runner::start(program, "all", &text, &["--tries", TRIES, "--grace", GRACE])?;
    let begun = Instant::now();
    let (mut up, mut given_up) = (std::collections::BTreeSet::new(), 0);
    while up.len() < jobs || given_up < GIVEN_UP {
        let line = runner.line()?;
        if let Some(name) = line.strip_suffix("] up") {
            up.insert(name.to_owned());
        }
        given_up += usize::from(line.contains("; given up after 3 failures"));
    }
    let alive: usize = JOBS.iter().map(|(_, count, _, _, alive)| count * alive).sum();
    let found = loop {
        let found = runner.processes()?.len();
        // The runner itself has the mark, too.
        if found == alive + 1 {
            break found;
        }
        if begun.elapsed() > TIME_MAX {
            return Err(format!("{found} processes are there instead of {}", alive + 1).into());
        }
        // A job that has said "up" may still be about to start its `sleep`.
        std::thread::sleep(Duration::from_millis(10));
    };
    eprintln!("job_runner: {found} processes after {}", in_words(begun.elapsed()));
    let asked = Instant::now();
    interrupt(&runner.child)?;
    let status = runner.ended()?;
    let left = runner.processes()?;
    let last = runner.printed.iter().last().unwrap_or_default();
    if status.code() != Some(1) || last != TALLY || !left.is_empty() {
        let text = format!("{status}, {} processes left, and {last:?}", left.len());
        return Err(format!("after Ctrl-C: {text}; instead of {TALLY:?}").into());
    }
    eprintln!(
        "{last}\njob_runner: none of them is left {} after Ctrl-C",
        in_words(asked.elapsed())
    );
    Ok(())
}

/// A second Ctrl-C does not wait for the grace.
fn hurried(program: &Path) -> Result<(), Fail> {
    let (_, _, _, stubborn, _) = JOBS[1];
    let mut runner =
        Runner::start(program, "one", &format!("one - {stubborn}\n"), &["--grace", "600"])?;
    while runner.line()? != "[one] up" {}
    interrupt(&runner.child)?;
    while !runner.line()?.contains("Ctrl-C again") {}
    interrupt(&runner.child)?;
    let status = runner.ended()?;
    let left = runner.processes()?.len();
    if !status.success() || left > 0 {
        return Err(format!("after the second Ctrl-C: {status}, {left} processes left").into());
    }
    Ok(())
}

impl Runner {
    fn start(program: &Path, name: &str, jobs: &str, args: &[&str]) -> Result<Runner, Fail> {
        let mark = format!("{}-{name}", std::process::id());
        let file = std::env::temp_dir().join(format!("corio-jobs-{mark}"));
        fs::write(&file, jobs)?;
        let mut command = shell::program(program);
        command.args(args).arg(&file).env("CORIO_JOBS_CLIENT", &mark);
        eprintln!("$ {}", shell::describe(&command));
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let stdout = BufReader::new(child.stdout.take().expect("piped above"));
        let (sender, printed) = mpsc::channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                // Nobody listens any more: it is read all the same, lest the runner wait for us.
                let _ = sender.send(line);
            }
        });
        Ok(Runner { child, printed, mark: format!("CORIO_JOBS_CLIENT={mark}"), file })
    }

    /// The next line that it prints.
    fn line(&self) -> Result<String, Fail> {
        let line = self.printed.recv_timeout(TIME_MAX);
        line.map_err(|_| format!("it has printed nothing for {TIME_MAX:?}, or has ended").into())
    }

    fn ended(&mut self) -> Result<ExitStatus, Fail> {
        let status = shell::wait_within(&mut self.child, TIME_MAX)?;
        status.ok_or_else(|| format!("{TIME_MAX:?} after Ctrl-C it runs on").into())
    }

    /// The numbers of all processes that have its mark.
    fn processes(&self) -> Result<Vec<u32>, Fail> {
        let mut found = Vec::new();
        for entry in fs::read_dir("/proc")? {
            let entry = entry?;
            let Ok(id) = entry.file_name().to_string_lossy().parse() else { continue };
            // One that has just ended, or is another user's, is none of ours.
            let Ok(environment) = fs::read(entry.path().join("environ")) else { continue };
            if environment.split(|byte| *byte == 0).any(|one| one == self.mark.as_bytes()) {
                found.push(id);
            }
        }
        Ok(found)
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        shell::end(&mut self.child);
        for id in self.processes().unwrap_or_default() {
            // It may have ended meanwhile.
            let _ = shell::program("sh").args(["-c", &format!("kill -KILL {id}")]).status();
        }
        let _ = fs::remove_file(&self.file);
    }
}
