//! This test program, run once more as a process that can be inspected, killed and waited for.

use std::future::poll_fn;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::task::Poll;

use corio_base::park::ThreadPark;
use corio_executor::Executor;
use corio_inspect::report::State;

/// Says to the test below that it is the child, and what to do.
const VARIABLE: &str = "CORIO_INSPECT_TEST_CHILD";
/// What begins a line of the child's own.
const MARK: &str = "> ";

/// A child that serves where the environment says, until its input ends.
pub(crate) struct Serving {
    pub(crate) child: Child,
    input: Option<ChildStdin>,
    /// What it has said of itself.
    pub(crate) said: String,
}

impl Serving {
    /// Runs it with these variables; without `XDG_RUNTIME_DIR` unless that is one of them.
    pub(crate) fn start(variables: &[(&str, &str)]) -> Serving {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "child::the_child", "--nocapture"]);
        command.env_remove("XDG_RUNTIME_DIR").env(VARIABLE, "1");
        command.envs(variables.iter().copied());
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let said = lines.find_map(|line| Some(line.split_once(MARK)?.1.to_owned()));
        let said = said.expect("the child says how it is");
        std::thread::spawn(move || lines.for_each(drop));
        let input = child.stdin.take();
        Serving { child, input, said }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its normal end.
    pub(crate) fn end(mut self) {
        drop(self.input.take());
        assert!(self.child.wait().unwrap().success());
    }

    /// Its sudden end.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // Both fail for a child that has been waited for, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Says to the next test that it is its own child: it turns debug mode on where it was off.
const SWITCHES: &str = "CORIO_INSPECT_TEST_SWITCHES";

#[test]
fn tasks_from_before_debug_mode_are_shown_to_wait() {
    if std::env::var_os(SWITCHES).is_none() {
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "child::tasks_from_before_debug_mode_are_shown_to_wait"]);
        child.env(SWITCHES, "1").env_remove("CORIO_DEBUG").stdout(Stdio::piped());
        let output = child.spawn().unwrap().wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        return;
    }
    let executor = Executor::new(ThreadPark::new());
    let line = line!() + 1;
    let before = executor.spawn_local(std::future::pending::<()>());
    turns(&executor);
    corio_trace::set_enabled(true);
    turns(&executor);
    let report = corio_inspect::collect();
    let found = report.tasks.iter().find(|task| task.id == before.task().id()).unwrap();
    assert_eq!((found.late, found.state), (true, State::Waiting));
    assert_eq!(found.unknown_wait(), Some("waits since before debug mode"));
    assert!(found.place.starts_with(&format!("{}:{line}:", file!())), "{}", found.place);
}

/// A few turns of its loop.
fn turns(executor: &Executor<ThreadPark>) {
    let mut left = 4;
    executor.block_on(poll_fn(|context| {
        left -= 1;
        context.waker().wake_by_ref();
        if left == 0 { Poll::Ready(()) } else { Poll::Pending }
    }));
}

#[test]
fn the_child() {
    if std::env::var_os(VARIABLE).is_none() {
        return;
    }
    let served = corio_inspect::serve();
    corio_trace::set_enabled(true);
    let executor = Executor::new(ThreadPark::new());
    let first = executor.spawn_local(std::future::pending::<()>()).task().id();
    match &served {
        Ok(inspector) => println!("\n{MARK}task {first} at {}", inspector.socket().display()),
        Err(error) => println!("\n{MARK}error {error}"),
    }
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    // As a program's: dropped by nobody.
    std::mem::forget(served);
    std::process::exit(0);
}
