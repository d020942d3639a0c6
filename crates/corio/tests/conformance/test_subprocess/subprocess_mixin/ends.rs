//! How children end: by themselves, by signals, with their owner.

use std::cell::RefCell;
use std::rc::Rc;

use corio::process::{Command, SignalKind, Stdio, create_subprocess_shell, returncode};
use corio::{gather, spawn_local};

use super::super::{blocked, piped};
use crate::default_actions;
use crate::sockets::{soon, until};
use crate::support::Seen;

const SIGHUP: i32 = 1;
const SIGKILL: i32 = 9;

#[corio::test]
async fn test_kill() {
    let mut child = blocked().spawn().unwrap();
    child.start_kill().unwrap();
    assert_eq!(returncode(soon(child.wait()).await.unwrap()), -SIGKILL);
}

/// A child's own child holds its pipe, and keeps nobody waiting.
#[corio::test]
async fn test_kill_issue43884() {
    let mut command = create_subprocess_shell("echo begun; cat; exit 0");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    // It ends with this.
    let _grandchilds = child.stdin.take();
    let mut begun = [0; 6];
    assert_eq!(soon(child.stdout.as_ref().unwrap().read(&mut begun)).await.unwrap(), 6);
    child.start_kill().unwrap();
    assert_eq!(returncode(soon(child.wait()).await.unwrap()), -SIGKILL);
}

#[corio::test]
async fn test_send_signal() {
    default_actions::restore();
    let mut command = create_subprocess_shell("echo sleeping; exec sleep 3600");
    let mut child = command.kill_on_drop(true).stdout(Stdio::piped()).spawn().unwrap();
    // It has begun when it says so.
    let mut line = [0; 16];
    let count = soon(child.stdout.as_ref().unwrap().read(&mut line)).await.unwrap();
    assert_eq!(line[..count], *b"sleeping\n");
    child.send_signal(SignalKind::hangup()).unwrap();
    assert_eq!(returncode(soon(child.wait()).await.unwrap()), -SIGHUP);
}

/// What closing asyncio's transport does: dropping the child, if that is to kill it.
#[corio::test]
async fn test_close_kill_running() {
    let child = blocked().spawn().unwrap();
    let handle = child.handle();
    assert_eq!(handle.try_wait().unwrap(), None);
    drop(child);
    assert_eq!(returncode(soon(handle.wait()).await.unwrap()), -SIGKILL);
}

/// A child that has ended when it is dropped keeps the status it has ended with.
#[corio::test]
async fn test_close_dont_kill_finished() {
    let mut command = create_subprocess_shell("exit 3");
    let child = command.kill_on_drop(true).spawn().unwrap();
    let handle = child.handle();
    until(|| handle.try_wait().unwrap().is_some()).await;
    drop(child);
    assert_eq!(returncode(soon(handle.wait()).await.unwrap()), 3);
}

#[corio::test]
async fn test_subprocess_concurrent_wait() {
    let child = create_subprocess_shell("exit 0").spawn().unwrap();
    let waits: Vec<_> = (0..100)
        .map(|_| {
            let handle = child.handle();
            spawn_local(async move { handle.wait().await })
        })
        .collect();
    for status in soon(gather(waits)).await.unwrap() {
        assert!(status.unwrap().success());
    }
    assert!(child.try_wait().unwrap().is_some());
}

/// What are callbacks of a `SubprocessProtocol` there are futures here: the data and the end of each
/// pipe, and the child's end. None is missed, in whatever order they come.
#[corio::test]
async fn test_subprocess_protocol_events() {
    let mut child = piped("printf stdout; printf stderr >&2");
    let events = Seen::new();
    let (stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let received = Rc::new(RefCell::new([Vec::new(), Vec::new()]));
    let (log, data) = (events.clone(), received.clone());
    let one = spawn_local(async move {
        let mut bytes = Vec::new();
        stdout.read_to_end(&mut bytes).await.unwrap();
        data.borrow_mut()[0] = bytes;
        log.push("pipe 1 lost");
    });
    let (log, data) = (events.clone(), received.clone());
    let two = spawn_local(async move {
        let mut bytes = Vec::new();
        stderr.read_to_end(&mut bytes).await.unwrap();
        data.borrow_mut()[1] = bytes;
        log.push("pipe 2 lost");
    });
    let log = events.clone();
    let handle = child.handle();
    let exit = spawn_local(async move {
        assert!(handle.wait().await.unwrap().success());
        log.push("exited");
    });
    soon(gather([one, two, exit])).await.unwrap();
    let mut events = events.all();
    events.sort_unstable();
    assert_eq!(events, ["exited", "pipe 1 lost", "pipe 2 lost"]);
    assert_eq!(*received.borrow(), [b"stdout".to_vec(), b"stderr".to_vec()]);
}

#[corio::test]
async fn test_read_stdout_after_process_exit() {
    let mut command = Command::new("head");
    command.args(["-c", "65536", "/dev/zero"]).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // All of it fits into the pipe, so the child can end before anything is read.
    assert!(soon(child.wait()).await.unwrap().success());
    let mut data = Vec::new();
    soon(child.stdout.as_ref().unwrap().read_to_end(&mut data)).await.unwrap();
    assert_eq!(data, [0; 65536]);
}
