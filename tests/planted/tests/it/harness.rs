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

use corio_planted_tests::{Line, PANIC, lines, listen};
use log::Level;

/// Tells a child what to run: the name of the case, a space, and which of the twins.
const VARIABLE: &str = "CORIO_PLANTED";

/// How long a program may take. Most take milliseconds; a machine that is busy with a build takes longer.
const CHILD_TIME_MAX: Duration = Duration::from_secs(20);

/// How much of what a failed program has said is shown: what fits into a pipe that nobody reads meanwhile.
const OUTPUT_BYTES_MAX: usize = 60_000;

/// The target of what is told of correct programs.
const NOTHING: &str = "";

/// How many run at once: most of them wait for most of their time.
const CHILDREN: usize = 4;

/// From when on a poll is reported where that is what the case is about. A machine that does other things
/// beside may well keep a thread from running for a tenth of a second.
const SLOW: Duration = Duration::from_millis(400);

/// How long such a poll takes.
pub(crate) const BLOCKS: Duration = Duration::from_millis(500);

/// How bad it is, and where it is told: what cases are made with.
///
/// `WARNING.case("a coroutine that is called", &["was never awaited"], || ..., || ...)`
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told {
    level: Level,
    target: &'static str,
}

impl Told {
    pub(crate) const fn error(target: &'static str) -> Told {
        Told { level: Level::Error, target }
    }

    pub(crate) const fn warning(target: &'static str) -> Told {
        Told { level: Level::Warn, target }
    }

    pub(crate) const fn info(target: &'static str) -> Told {
        Told { level: Level::Info, target }
    }

    /// `says`: parts of one line.
    pub(crate) const fn case(
        self,
        name: &'static str,
        says: &'static [&'static str],
        bug: fn(),
        fixed: fn(),
    ) -> Case {
        Case { name, told: self, says, also: &[], bug, fixed, is_correct: false }
    }
}

/// A bug and its fix.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) told: Told,
    /// What is told: parts of one line.
    pub(crate) says: &'static [&'static str],
    /// What is told beside: parts of a line each. All else that is said is one thing too many.
    pub(crate) also: &'static [&'static str],
    pub(crate) bug: fn(),
    pub(crate) fixed: fn(),
    /// There is no bug, only what is as its fix.
    pub(crate) is_correct: bool,
}

impl Case {
    /// A program without a mistake: nothing may be said of it, whether debug mode is on all the time or is turned
    /// on and off while it runs.
    pub(crate) const fn correct(name: &'static str, program: fn()) -> Case {
        let told = Told::warning(NOTHING);
        Case { is_correct: true, ..told.case(name, &[], program, program) }
    }

    pub(crate) const fn also(self, also: &'static [&'static str]) -> Case {
        Case { also, ..self }
    }
}

/// Which of the two, and how.
#[derive(Clone, Copy, Debug)]
enum Twin {
    Bug,
    Fixed,
    /// The bug, with debug mode off.
    Off,
    /// The fix, while debug mode is turned on and off.
    Turned,
}

/// Runs both twins of all cases, and those that are correct twice; where the bug is told of as less than an error, without debug mode, too.
pub(crate) fn check_all(cases: &[Case]) {
    let mut queue: Vec<(Case, Twin)> = Vec::new();
    for case in cases {
        if case.is_correct {
            queue.extend([(*case, Twin::Fixed), (*case, Twin::Turned)]);
            continue;
        }
        queue.extend([(*case, Twin::Bug), (*case, Twin::Fixed)]);
        if case.told.level != Level::Error {
            queue.push((*case, Twin::Off));
        }
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
    let about_slow = case.told.target == "corio::slow";
    corio::debug::set_slow_poll(if about_slow { SLOW } else { CHILD_TIME_MAX });
    let (twin, program) = match twin {
        "Bug" => (Twin::Bug, case.bug),
        "Off" => (Twin::Off, case.bug),
        "Turned" => (Twin::Turned, case.fixed),
        _ => (Twin::Fixed, case.fixed),
    };
    corio::debug::set(!matches!(twin, Twin::Off));
    if let Twin::Turned = twin {
        thread::spawn(turn_on_and_off);
    }
    let ended = std::panic::catch_unwind(program);
    let said = lines();
    if let Err(why) = judge(case, twin, &said, ended.is_ok()) {
        let said: Vec<String> = said.iter().map(Line::to_string).collect();
        println!("{why}\nsaid:\n{}", said.join("\n"));
        std::process::exit(1);
    }
    // Not by way of the test's end: a program may have left a thread that never ends.
    std::process::exit(0);
}

/// Turns debug mode on and off, sooner and later, until the process ends: now a poll begins with it and ends
/// without, now a whole life is not seen.
fn turn_on_and_off() {
    for pause in [0, 1, 30, 2, 300, 7, 1200, 90].into_iter().cycle() {
        corio::debug::set(!corio::debug::is_enabled());
        thread::sleep(Duration::from_millis(pause));
    }
}

/// What is wrong with what a program has said. `ended`: it did not panic itself.
fn judge(case: &Case, twin: Twin, said: &[Line], ended: bool) -> Result<(), String> {
    match twin {
        Twin::Fixed | Twin::Turned if !said.is_empty() => {
            Err("something was said of a correct program".into())
        }
        Twin::Fixed | Twin::Turned if !ended => Err("a correct program has panicked".into()),
        Twin::Fixed | Twin::Turned => Ok(()),
        // What is lost for good is an error, and told of in any case.
        Twin::Off => match said.iter().find(|line| line.level != Level::Error) {
            Some(line) => Err(format!("debug mode is off, and yet: {line}")),
            None => Ok(()),
        },
        Twin::Bug if !said.iter().any(|line| is_expected(line, case)) => {
            let Told { level, target } = case.told;
            Err(format!("expected {level} {target}: {:?}", case.says))
        }
        // Where a thing is said more than once, it may be said more than once.
        Twin::Bug => match said.iter().find(|line| !belongs(line, case)) {
            Some(line) => Err(format!("nothing was to be said of this: {line}")),
            None if !ended && case.told.target != PANIC => Err("it has panicked".into()),
            None => Ok(()),
        },
    }
}

/// Whether a line is that of the case: level, target and all parts of the text.
fn is_expected(line: &Line, case: &Case) -> bool {
    let is_there = line.level == case.told.level && line.target == case.told.target;
    is_there && case.says.iter().all(|part| line.text.contains(part))
}

fn belongs(line: &Line, case: &Case) -> bool {
    // Standard error has each panic, too, which is no message of corio's.
    line.target == PANIC
        || is_expected(line, case)
        || case.also.iter().any(|part| line.text.contains(part))
}

/// Cases that cannot hold, whose failing shows that others hold for a reason.
pub(crate) const WRONG: &[Case] = &[
    SLOW_WARNING.case("wrong: nothing is said", &["slow"], || {}, || {}),
    SLOW_WARNING.case(
        "wrong: another level",
        &["slow"],
        || log::error!(target: "corio::slow", "slow"),
        || {},
    ),
    SLOW_WARNING.case(
        "wrong: another target",
        &["slow"],
        || log::warn!(target: "corio::task", "slow"),
        || {},
    ),
    SLOW_WARNING.case(
        "wrong: another text",
        &["slow"],
        || log::warn!(target: "corio::slow", "fast"),
        || {},
    ),
    SLOW_WARNING.case(
        "wrong: something else beside",
        &["slow"],
        || {
            log::warn!(target: "corio::slow", "slow");
            log::info!(target: "corio::task", "chatter");
        },
        || {},
    ),
    SLOW_WARNING.case(
        "wrong: a panic on the way",
        &["slow"],
        || {
            log::warn!(target: "corio::slow", "slow");
            panic!("oops");
        },
        || {},
    ),
    SLOW_WARNING.case(
        "wrong: the twin speaks",
        &["slow"],
        || log::warn!(target: "corio::slow", "slow"),
        || log::info!("chatter"),
    ),
    SLOW_WARNING.case(
        "wrong: the twin panics",
        &["slow"],
        || log::warn!(target: "corio::slow", "slow"),
        || panic!("oops"),
    ),
];

const SLOW_WARNING: Told = Told::warning("corio::slow");

/// Runs both twins of each of [`WRONG`]: exactly one must fail.
pub(crate) fn check_wrong() {
    for case in WRONG {
        let failed = [Twin::Bug, Twin::Fixed].map(|twin| run(*case, twin).is_err());
        assert_eq!(failed.into_iter().filter(|&failed| failed).count(), 1, "{}", case.name);
    }
}
