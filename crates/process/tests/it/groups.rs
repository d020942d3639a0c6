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

#[test]
fn a_new_session_and_a_group_may_both_be_asked_for_in_any_order_and_twice() {
    use corio_process::Command;
    let ours = getpgid(None).unwrap().as_raw_nonzero().get();
    let checks: [&dyn Fn(&mut Command) -> &mut Command; 4] = [
        &|command| command.start_new_session().start_new_session(),
        &|command| command.process_group(0).start_new_session(),
        &|command| command.start_new_session().process_group(0),
        &|command| command.start_new_session().process_group(ours),
    ];
    for (number, set) in checks.iter().enumerate() {
        let mut command = sh("cat");
        set(command.stdin(Stdio::piped()));
        // A command may be used again.
        for _ in 0..2 {
            let mut child = command.spawn().unwrap_or_else(|error| panic!("{number}: {error}"));
            let id = pid(child.id());
            assert_eq!(getsid(id).unwrap(), id.unwrap(), "{number}");
            child.send_signal_to_group(SignalKind::hangup()).unwrap();
            assert_eq!(block_on(child.wait()).unwrap().signal(), Some(1));
        }
    }
}

#[test]
fn what_survives_its_obedient_leader_is_killed_when_the_grace_is_over() {
    let line = "(trap '' TERM; echo up; exec sleep 600) & (echo up; exec sleep 600) & wait";
    let mut child = sh(line).process_group(0).stdout(Stdio::piped()).spawn().unwrap();
    let pipe = child.stdout.take().unwrap();
    let mut said = [0; 6];
    let mut count = 0;
    while count < said.len() {
        count += block_on(pipe.read(&mut said[count..])).unwrap();
    }
    let grace = std::time::Duration::from_millis(100);
    let status = block_on(child.terminate_group_with_grace(grace)).unwrap();
    assert_eq!(status.signal(), Some(15));
    // The pipe ends when nobody is left.
    assert_eq!(block_on(pipe.read(&mut said)).unwrap(), 0);
}

#[test]
fn a_group_that_ends_as_it_is_asked_to_is_not_waited_for_longer() {
    let mut child = sh("exec sleep 600").process_group(0).spawn().unwrap();
    let grace = std::time::Duration::from_secs(600);
    assert_eq!(block_on(child.terminate_group_with_grace(grace)).unwrap().signal(), Some(15));
    let mut groupless = sleeper();
    let error = block_on(groupless.terminate_group_with_grace(grace)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    block_on(groupless.kill()).unwrap();
}
