//! Signals to children.

use std::io::ErrorKind;
use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use corio_process::{Child, Command, SignalKind, Stdio};
use rustix::process::{WaitId, WaitIdOptions, waitid};

use crate::util::{block_on, pid, sh, sleeper};

/// A child that does `before`, says that it is up, and goes on for long; no other process is left of it.
fn up(before: &str) -> Child {
    let line = format!("{before}; echo up; while :; do sleep 0.01; done");
    let child = sh(&line).stdout(Stdio::piped()).spawn().unwrap();
    let mut said = [0; 3];
    block_on(child.stdout.as_ref().unwrap().read(&mut said)).unwrap();
    assert_eq!(&said, b"up\n");
    child
}

#[test]
fn each_way_to_end_it_ends_it() {
    let check = |end: fn(&Child) -> std::io::Result<()>, signal| {
        let mut child = sleeper();
        end(&child).unwrap();
        assert_eq!(block_on(child.wait()).unwrap().signal(), Some(signal));
    };
    check(Child::start_kill, 9);
    check(Child::terminate, 15);
    check(|child| child.send_signal(SignalKind::hangup()), 1);
    check(|child| child.handle().send_signal(SignalKind::quit()), 3);
    check(|child| child.handle().terminate(), 15);
    check(|child| child.handle().start_kill(), 9);
    #[cfg(target_os = "linux")]
    check(|child| child.send_signal(SignalKind::from_raw(40)), 40);
}

#[test]
fn killing_waits_also_for_one_that_has_ended() {
    let mut child = sleeper();
    block_on(child.kill()).unwrap();
    assert_eq!(child.try_wait().unwrap().unwrap().signal(), Some(9));
    block_on(child.kill()).unwrap();
}

#[test]
fn a_child_that_has_ended_takes_no_signal() {
    let mut child = sh("exit 0").spawn().unwrap();
    block_on(child.wait()).unwrap();
    child.start_kill().unwrap();
    child.terminate().unwrap();
    child.send_signal(SignalKind::user_defined1()).unwrap();
    assert_eq!(child.try_wait().unwrap().unwrap().code(), Some(0));
}

#[test]
fn a_signal_it_handles_does_not_end_it() {
    let mut child = up("trap 'exit 7' USR1");
    child.send_signal(SignalKind::user_defined1()).unwrap();
    assert_eq!(block_on(child.wait()).unwrap().code(), Some(7));
}

#[test]
fn a_number_that_is_no_signal_is_an_error() {
    let mut child = sleeper();
    let error = child.send_signal(SignalKind::from_raw(5000)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    let text = error.to_string();
    let id = child.id().to_string();
    assert!(
        text.contains("signal 5000") && text.contains(&id) && text.contains("`sleep`"),
        "{text}"
    );
    block_on(child.kill()).unwrap();
}

#[test]
fn one_that_ends_in_its_grace_is_not_killed() {
    let mut child = up("trap 'exit 3' TERM");
    let status = block_on(child.terminate_with_grace(Duration::from_secs(600))).unwrap();
    assert_eq!(status.code(), Some(3));

    let mut child = sleeper();
    let status = block_on(child.terminate_with_grace(Duration::from_secs(600))).unwrap();
    assert_eq!(status.signal(), Some(15));
}

#[test]
fn one_that_ignores_the_request_is_killed_after_its_grace() {
    let mut child = up("trap '' TERM");
    let status = block_on(child.terminate_with_grace(Duration::from_millis(20))).unwrap();
    assert_eq!(status.signal(), Some(9));
    // One that has ended already is not asked.
    let again = block_on(child.terminate_with_grace(Duration::from_secs(600))).unwrap();
    assert_eq!(again, status);
}

#[test]
fn a_stopped_child_is_not_an_ended_one() {
    let mut child = sleeper();
    child.send_signal(SignalKind::stop()).unwrap();
    let stopped = WaitIdOptions::STOPPED | WaitIdOptions::NOWAIT;
    waitid(WaitId::Pid(pid(child.id())), stopped).unwrap();
    assert!(child.try_wait().unwrap().is_none());
    child.send_signal(SignalKind::cont()).unwrap();
    child.terminate().unwrap();
    assert_eq!(block_on(child.wait()).unwrap().signal(), Some(15));
}

#[test]
fn signals_are_not_blocked_or_ignored_in_the_child() {
    // This process ignores SIGPIPE; a child that writes to a pipe nobody reads must die of it.
    let mut child = Command::new("yes").stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(block_on(child.wait()).unwrap().signal(), Some(13));
}
