//! Children that nobody waits for.

use corio_process::{Command, Stdio};

use crate::util::{assert_goes_away, block_on, cat, exists, poll_once, sh, sleeper};

#[test]
fn a_dropped_child_runs_on_and_is_reaped_at_its_end() {
    let mut child = cat();
    let (id, stdin) = (child.id(), child.stdin.take());
    drop(child);
    assert!(exists(id));
    drop(stdin);
    assert_goes_away(id);
}

#[test]
fn a_detached_child_runs_on_too() {
    let mut command = Command::new("cat");
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::null()).kill_on_drop(true).spawn().unwrap();
    let (id, stdin, handle) = (child.id(), child.stdin.take(), child.handle());
    child.detach();
    assert!(exists(id) && handle.try_wait().unwrap().is_none());
    drop(stdin);
    assert!(block_on(handle.wait()).unwrap().success());
    assert_goes_away(id);
}

#[test]
fn one_that_is_killed_on_drop_is_reaped_as_well() {
    let child = Command::new("sleep").arg("600").kill_on_drop(true).spawn().unwrap();
    let (id, handle) = (child.id(), child.handle());
    drop(child);
    assert_goes_away(id);
    assert!(!handle.try_wait().unwrap().unwrap().success());
}

#[test]
fn a_future_that_is_given_up_kills_only_if_asked_to() {
    let mut command = Command::new("sleep");
    command.arg("600").kill_on_drop(true);
    let mut status = Box::pin(command.status());
    assert!(poll_once(&mut status).is_pending());
    drop(status);
    let mut output = Box::pin(command.output());
    assert!(poll_once(&mut output).is_pending());
    drop(output);
    // Never polled, and begun all the same.
    drop(command.status());
}

#[test]
fn one_that_has_ended_before_is_reaped_by_the_drop() {
    for _ in 0..20 {
        let mut child = sh("exit 0").stdout(Stdio::piped()).spawn().unwrap();
        let stdout = child.stdout.take().unwrap();
        block_on(stdout.read(&mut [0])).unwrap();
        let id = child.id();
        drop(child);
        assert_goes_away(id);
    }
}

#[test]
fn waiters_live_on_without_the_owner() {
    let child = sleeper();
    let handle = child.handle();
    let waiter = std::thread::spawn({
        let handle = handle.clone();
        move || block_on(handle.wait()).unwrap()
    });
    child.detach();
    handle.start_kill().unwrap();
    assert!(!waiter.join().unwrap().success());
    assert!(format!("{handle:?}").starts_with("<ChildHandle "), "{handle:?}");
}
