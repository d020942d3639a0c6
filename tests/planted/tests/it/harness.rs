//! How planted bugs are run: each program in a process of its own, several at a time, for a while at most.
//!
//! ```text
//!   parent: check_all ──▶ a queue of (case, twin) ──▶ four threads ──▶ child: run_child
//!                 ▲                                                       │ runs the program, judges the log
//!                 └──────────── what failed, all of it ◀──────────────────┘
//! ```

use std::io::Read;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use corio_planted_tests::{Line, lines, listen};

/// Tells a child what to run: the name of the case, a space, and which of the twins.
const VARIABLE: &str = "CORIO_PLANTED";

/// How long a program may take. Most take milliseconds; a machine that is busy with a build takes longer.
const CHILD_TIME_MAX: Duration = Duration::from_secs(20);

/// How much of what a failed program has said is shown: what fits into a pipe that nobody reads meanwhile.
const OUTPUT_BYTES_MAX: usize = 60_000;

/// How many run at once: most of them wait for most of their time.
const CHILDREN: usize = 4;

/// From when on a poll is reported where that is what the case is about. A machine that does other things
/// beside may well keep a thread from running for a tenth of a second.
const SLOW: Duration = Duration::from_millis(400);

/// How long such a poll takes.
pub(crate) const BLOCKS: Duration = Duration::from_millis(500);

/// A bug and its fix.
#[derive(Clone, Copy)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// Where it is told.
    pub(crate) target: &'static str,
    /// What is told: parts of one line.
    pub(crate) says: &'static [&'static str],
    pub(crate) bug: fn(),
    pub(crate) fixed: fn(),
}

/// Which of the two.
#[derive(Clone, Copy, Debug)]
enum Twin {
    Bug,
    Fixed,
}

/// Runs both twins of all cases.
pub(crate) fn check_all(cases: &[Case]) {
    let mut queue: Vec<(Case, Twin)> = Vec::new();
    for case in cases {
        queue.extend([(*case, Twin::Bug), (*case, Twin::Fixed)]);
    }
    let queue = Mutex::new(queue);
    let failed = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..CHILDREN {
            scope.spawn(|| {
                while let Some((case, twin)) = next(&queue) {
                    if let Err(why) = run(case, twin) {
                        failed.lock().unwrap().push(format!("{} {twin:?}: {why}", case.name));
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "{} programs failed\n\n{}", failed.len(), failed.join("\n\n"));
}

fn next<T>(queue: &Mutex<Vec<T>>) -> Option<T> {
    queue.lock().unwrap().pop()
}

/// Runs one in a child.
fn run(case: Case, twin: Twin) -> Result<(), String> {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command
        .args(["--exact", "child", "--nocapture"])
        .env(VARIABLE, format!("{} {twin:?}", case.name));
    for name in ["CORIO_DEBUG", "CORIO_DRIVER", "RUST_BACKTRACE"] {
        command.env_remove(name);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().expect("a child");
    let status = wait(&mut child)?;
    if status.success() {
        return Ok(());
    }
    // Only what is there: a program that leaves a child of its own keeps the pipe open.
    let mut bytes = [0; OUTPUT_BYTES_MAX];
    let mut stdout = child.stdout.take().expect("it is piped");
    let count = stdout.read(&mut bytes).map_err(|error| error.to_string())?;
    Err(format!("{status}\n{}", String::from_utf8_lossy(&bytes[..count])))
}

fn wait(child: &mut Child) -> Result<ExitStatus, String> {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait().map_err(|error| error.to_string())? {
            return Ok(status);
        }
        if begun.elapsed() > CHILD_TIME_MAX {
            child.kill().and_then(|()| child.wait()).map_err(|error| error.to_string())?;
            return Err(format!("it did not end within {CHILD_TIME_MAX:?}"));
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// In a child, runs what it is told to and judges what was said.
pub(crate) fn run_child(cases: &[Case]) {
    let Ok(asked) = std::env::var(VARIABLE) else { return };
    let (name, twin) = asked.rsplit_once(' ').expect("a name and a twin");
    let case = cases.iter().find(|case| case.name == name).expect("a case of this name");
    listen();
    // Where a case is about something else, slow polls are the machine's matter.
    let about_slow = case.target == "corio::slow";
    corio::debug::set_slow_poll(if about_slow { SLOW } else { CHILD_TIME_MAX });
    let program = if twin == "Bug" { case.bug } else { case.fixed };
    let ended = std::panic::catch_unwind(program);
    let said = lines();
    let is_right = match twin {
        "Bug" => said.iter().any(|line| is_expected(line, case)),
        _ => said.is_empty() && ended.is_ok(),
    };
    if !is_right {
        let said: Vec<String> = said.iter().map(Line::to_string).collect();
        println!("expected {}: {:?}\nsaid:\n{}", case.target, case.says, said.join("\n"));
        std::process::exit(1);
    }
    // Not by way of the test's end: a program may have left a thread that never ends.
    std::process::exit(0);
}

fn is_expected(line: &Line, case: &Case) -> bool {
    line.target == case.target && case.says.iter().all(|part| line.text.contains(part))
}
