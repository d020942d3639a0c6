//! Tasks that are cancelled while they start a child, or wait for one.

use std::cell::RefCell;
use std::rc::Rc;

use corio::process::{ChildHandle, returncode};
use corio::{EventLoop, JoinHandle, spawn_local};

use super::super::blocked;
use crate::sockets::soon;

const SIGKILL: i32 = 9;

/// A wait that was cancelled kills nobody, and the child can be waited for again.
#[corio::test]
async fn test_cancel_process_wait() {
    let mut child = blocked().spawn().unwrap();
    let handle = child.handle();
    let task = spawn_local(async move { handle.wait().await });
    let asked = task.task();
    EventLoop::current().call_soon(move || {
        asked.cancel("of the test");
    });
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!(child.try_wait().unwrap(), None);
    child.start_kill().unwrap();
    assert_eq!(returncode(soon(child.wait()).await.unwrap()), -SIGKILL);
}

type Started = Rc<RefCell<Option<ChildHandle>>>;

/// A task that starts a child, and then waits for it.
fn starting() -> (JoinHandle<()>, Started) {
    let started = Started::default();
    let told = started.clone();
    let task = spawn_local(async move {
        let mut child = blocked().spawn().unwrap();
        *told.borrow_mut() = Some(child.handle());
        child.wait().await.unwrap();
    });
    (task, started)
}

/// Starting a child is one step without a wait, so it cannot be cut in two: what was cancelled before
/// has started none.
#[corio::test]
async fn test_cancel_make_subprocess_transport_exec() {
    let (task, started) = starting();
    task.task().cancel("of the test");
    assert!(task.await.unwrap_err().is_cancelled());
    assert!(started.borrow().is_none());
}

/// And what was cancelled after it drops its child, which is killed.
#[corio::test]
async fn test_cancel_post_init() {
    let (task, started) = starting();
    let asked = task.task();
    EventLoop::current().call_soon(move || {
        asked.cancel("of the test");
    });
    assert!(task.await.unwrap_err().is_cancelled());
    let handle = started.take().expect("it was started");
    assert_eq!(returncode(soon(handle.wait()).await.unwrap()), -SIGKILL);
}
