//! The current task, with and without a loop.

use corio::task;
use corio::{Builder, EventLoop, Handle, spawn_local};

#[test]
fn test_current_task_no_running_loop() {
    let runtime = Builder::new().build().unwrap();
    assert_eq!(task::current(), None);
    let _entered = runtime.enter();
    assert_eq!(task::current(), None, "there is a loop, and it does not run");
}

/// Without a loop there is no task, and that is all there is to say; what needs a loop says how to get
/// one.
#[test]
fn test_current_task_no_running_loop_implicit() {
    assert_eq!(task::current(), None);
    assert!(Handle::try_current().is_none() && EventLoop::try_current().is_none());
    let payload = std::panic::catch_unwind(|| corio::spawn(async {})).map(|_| ()).unwrap_err();
    let said = payload.downcast::<String>().unwrap();
    assert!(said.contains("none runs on this thread") && said.contains("corio::run"), "{said}");
}

#[test]
fn test_current_task_with_implicit_loop() {
    Builder::new().run(async {
        let (sees, seen) = std::sync::mpsc::channel();
        let task = spawn_local(async move { sees.send(task::current()).unwrap() });
        let expected = task.task();
        task.await.unwrap();
        assert_eq!(seen.try_recv(), Ok(Some(expected)));
    });
    assert_eq!(task::current(), None);
}
