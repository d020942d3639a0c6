//! What a child says of itself: while it runs, and when it has ended.

use corio::process::{SignalKind, create_subprocess_shell, returncode};
use corio::spawn_local;

use super::blocked;
use crate::sockets::soon;
use crate::support::turn;

/// asyncio refuses to signal a child that has ended; here that is no error, and nobody is signalled: the
/// child may end at any moment before the call, so who signals cannot know.
#[corio::test]
async fn test_proc_exited() {
    let mut child = create_subprocess_shell("exit 6").spawn().unwrap();
    let status = soon(child.wait()).await.unwrap();
    assert_eq!(returncode(status), 6);
    assert_eq!(child.try_wait().unwrap(), Some(status), "it is remembered");
    child.send_signal(SignalKind::terminate()).unwrap();
    child.terminate().unwrap();
    child.start_kill().unwrap();
    assert_eq!(soon(child.wait()).await.unwrap(), status);
}

/// A wait that is cancelled in the turn in which the child ends is no hindrance to the others.
#[corio::test]
async fn test_proc_exited_no_invalid_state_error_on_exit_waiters() {
    let child = blocked().spawn().unwrap();
    let wait = || {
        let handle = child.handle();
        spawn_local(async move { handle.wait().await.unwrap() })
    };
    let waits = [wait(), wait(), wait()];
    turn().await;
    child.start_kill().unwrap();
    waits[1].task().cancel("of the test");
    let [first, cancelled, last] = waits;
    assert_eq!(returncode(soon(first).await.unwrap()), -9);
    // Another thread hears of the end, too, and may have been quicker than the request.
    match soon(cancelled).await {
        Ok(status) => assert_eq!(returncode(status), -9),
        Err(error) => assert!(error.is_cancelled()),
    }
    assert_eq!(returncode(soon(last).await.unwrap()), -9);
}

/// A child that was not started is none: there is no third state.
#[corio::test]
async fn test_subprocess_repr() {
    let mut child = create_subprocess_shell("exit 6").spawn().unwrap();
    soon(child.wait()).await.unwrap();
    let ended = format!("<Child {} '/bin/sh' ended: exit status: 6>", child.id());
    assert_eq!(format!("{child:?}"), ended);

    let mut child = blocked().spawn().unwrap();
    assert_eq!(format!("{child:?}"), format!("<Child {} 'sleep' running>", child.id()));
    soon(child.kill()).await.unwrap();
}
