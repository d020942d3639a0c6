//! What the tests share.

use std::pin::pin;
use std::process::Command as StdCommand;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use corio_base::{Park, Unparker, Wait, clock};
use corio_process::{Child, Command, Stdio};
use corio_reactor::{Reactor, ReactorHandle, current};
use rustix::process::{Pid, test_kill_process};

use crate::default_actions;
use crate::patience::{LONG, wait_until};

pub(crate) use corio_base::park::block_on;

/// A command for the shell, which may be ended by any signal.
pub(crate) fn sh(line: &str) -> Command {
    default_actions::restore();
    let mut command = Command::new("sh");
    command.args(["-c", line]);
    command
}

/// A child that runs until it is killed or its input is closed.
pub(crate) fn cat() -> Child {
    Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("cat starts")
}

/// A child that would run for longer than any test, and may be ended by any signal.
pub(crate) fn sleeper() -> Child {
    default_actions::restore();
    Command::new("sleep").arg("600").spawn().expect("sleep starts")
}

/// The system's form of the number of a process.
pub(crate) fn pid(id: u32) -> Pid {
    Pid::from_raw(id.cast_signed()).expect("a process has a number above 0")
}

/// Whether there is a process of this number; a zombie is one.
pub(crate) fn exists(id: u32) -> bool {
    test_kill_process(pid(id)).is_ok()
}

/// Waits until there is no process of this number any more, not even a zombie.
#[track_caller]
pub(crate) fn assert_goes_away(id: u32) {
    wait_until(&format!("child {id} is reaped"), || !exists(id));
}

/// Waits until the loop has no child any more: whoever has reaped it, perhaps the thread of the process, says
/// so first and deregisters then.
#[track_caller]
pub(crate) fn assert_deregistered(reactor: &ReactorHandle) {
    wait_until("it is taken out of the loop", || reactor.registered() == 0);
}

/// Polls `future` once, with a waker that does nothing.
pub(crate) fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    std::pin::Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// Runs `future` as a loop does that has this reactor.
pub(crate) fn run_in<F: Future>(reactor: &mut Reactor, future: F) -> F::Output {
    let _installed = current::install(reactor.handle());
    let waker = Waker::from(Arc::new(Unparks(reactor.unparker())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    let deadline = clock::now().saturating_add(LONG);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        reactor.park(Wait::Until(deadline)).expect("the reactor parks");
        assert!(clock::now() < deadline, "the future hangs");
    }
}

struct Unparks(Unparker);

impl Wake for Unparks {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Runs the ignored test of this name in a process of its own, and gives what it has printed.
#[track_caller]
pub(crate) fn in_own_process(test: &str) -> String {
    default_actions::restore();
    let output = StdCommand::new(std::env::current_exe().expect("this test's path"))
        .args(["--exact", test, "--ignored", "--nocapture"])
        .env_remove("CORIO_DEBUG")
        .output()
        .expect("it runs");
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && out.contains("1 passed"), "{out}\n{err}");
    out
}
