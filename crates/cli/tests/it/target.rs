//! This test program, run once more as a process to look into.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use corio::sync::Mutex;
use corio_base::park::ThreadPark;
use corio_executor::{Executor, Spawn};

/// Says to the test below that it is the target.
const VARIABLE: &str = "CORIO_CLI_TEST_TARGET";
/// What it prints when it can be asked.
const READY: &str = "the target is ready";

/// A process to look into.
pub(crate) struct Target {
    child: Child,
    input: Option<ChildStdin>,
    folder: PathBuf,
}

impl Target {
    /// A process with three tasks, one of which awaits another, on a loop that stands still.
    pub(crate) fn start(test: &str) -> Target {
        Target::run(test, "target::the_target", &[])
    }

    /// A program like any other, whose inspector is opened by the environment: two of its tasks wait for each
    /// other.
    pub(crate) fn of_the_environment(test: &str) -> Target {
        let variables = [("CORIO_DEBUG", "1"), ("CORIO_INSPECT", "1")];
        Target::run(test, "target::the_program", &variables)
    }

    fn run(test: &str, function: &str, variables: &[(&str, &str)]) -> Target {
        let folder = std::env::temp_dir().join(format!("corio-cli-{}-{test}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", function, "--nocapture"]);
        command.env(VARIABLE, "1").env("XDG_RUNTIME_DIR", &folder);
        command.envs(variables.iter().copied());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (input, output) = (child.stdin.take(), child.stdout.take().unwrap());
        // Made at once: child and folder go on every way out of here.
        let target = Target { child, input, folder };
        let mut lines = BufReader::new(output).lines().map_while(Result::ok);
        assert!(lines.any(|line| line.contains(READY)));
        std::thread::spawn(move || lines.for_each(drop));
        target
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The command, to be asked of this user's processes, of which this is the only one.
    pub(crate) fn corio(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_corio"));
        command.env("XDG_RUNTIME_DIR", self.folder());
        command
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Ends it, and waits until it has.
    pub(crate) fn end(&mut self) {
        drop(self.input.take());
        assert!(self.child.wait().unwrap().success());
    }

    /// Ends it as a crash would.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Stops it, or lets it go on.
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).unwrap();
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        // Both fail for a child that has been waited for, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

#[test]
fn the_target() {
    if std::env::var_os(VARIABLE).is_none() {
        return;
    }
    corio_trace::set_enabled(true);
    let _inspector = corio_inspect::serve().unwrap();
    let (ready, is_ready) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let executor = Executor::new(ThreadPark::new());
        let core = executor.core();
        let child = core.spawn_with(Spawn::new().name("child"), std::future::pending::<()>());
        drop(core.spawn_with(Spawn::new().name("parent"), async move { drop(child.await) }));
        drop(core.spawn_with(Spawn::new().name("=red \u{1b}[31m"), std::future::pending::<()>()));
        executor.block_on(corio_executor::yield_now());
        ready.send(()).unwrap();
        // The loop stands still: nobody needs it to answer.
        std::thread::sleep(Duration::from_secs(3600));
    });
    is_ready.recv().unwrap();
    println!("\n{READY}");
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
    std::process::exit(0);
}

#[test]
fn the_program() {
    if std::env::var_os(VARIABLE).is_none() {
        return;
    }
    corio::run(async {
        let (one, two) = (Arc::new(Mutex::new(())), Arc::new(Mutex::new(())));
        for (name, first, second) in [("left", &one, &two), ("right", &two, &one)] {
            let (first, second) = (Arc::clone(first), Arc::clone(second));
            let task = corio::task::Builder::new().name(name);
            drop(task.spawn(async move {
                let _first = first.lock().await;
                corio::yield_now().await;
                let _second = second.lock().await;
            }));
        }
        // In the first turn each takes its first lock, in the second it asks for the other one.
        for _ in 0..3 {
            corio::yield_now().await;
        }
        println!("\n{READY}");
        let input = || std::io::stdin().read_to_end(&mut Vec::new());
        let _ = corio::blocking::Builder::new().name("input").spawn(input).await;
        std::process::exit(0);
    })
}
