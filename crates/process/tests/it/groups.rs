//! Process groups and sessions.

use std::io::ErrorKind;
use std::os::unix::process::ExitStatusExt;

use corio_process::{SignalKind, Stdio};
use rustix::process::{Pid, getpgid, getsid};

use crate::util::{assert_goes_away, block_on, exists, sh, sleeper};

fn pid(id: u32) -> Option<Pid> {
    Pid::from_raw(id.cast_signed())
}

#[test]
fn a_signal_to_its_group_reaches_its_own_children() {
    let mut child =
        sh("sleep 600 & echo $!; wait").process_group(0).stdout(Stdio::piped()).spawn().unwrap();
    assert_eq!(getpgid(pid(child.id())).unwrap(), pid(child.id()).unwrap());
    let mut line = [0; 32];
    let length = block_on(child.stdout.as_ref().unwrap().read(&mut line)).unwrap();
    let grandchild = std::str::from_utf8(&line[..length]).unwrap().trim().parse().unwrap();
    assert!(exists(grandchild));
    child.send_signal_to_group(SignalKind::terminate()).unwrap();
    assert_eq!(block_on(child.wait()).unwrap().signal(), Some(15));
    // Its pipe ends when it does; whoever has become its parent reaps it.
    assert_eq!(block_on(child.stdout.as_ref().unwrap().read(&mut line)).unwrap(), 0);
    // The group may be another's now: nothing is sent.
    child.handle().send_signal_to_group(SignalKind::kill()).unwrap();
}

#[test]
fn a_child_in_our_group_takes_no_signal_to_its_group() {
    let mut child = sleeper();
    let error = child.send_signal_to_group(SignalKind::kill()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("Command::process_group(0)"), "{error}");
    assert!(child.try_wait().unwrap().is_none());
    block_on(child.kill()).unwrap();
}

#[test]
fn a_new_session_is_the_childs_own() {
    let mut command = sh("cat");
    let mut child = command.stdin(Stdio::piped()).start_new_session().spawn().unwrap();
    let id = pid(child.id());
    assert_eq!(getsid(id).unwrap(), id.unwrap());
    child.send_signal_to_group(SignalKind::hangup()).unwrap();
    assert_eq!(block_on(child.wait()).unwrap().signal(), Some(1));
    assert_goes_away(child.id());
}
