//! Which tasks a loop has, and which one runs. The runtime keeps both: nothing is registered, entered or
//! left by hand.
#![expect(non_snake_case, reason = "CPython's names")]

use std::cell::RefCell;
use std::rc::Rc;

use corio::task::{self, Task};
use corio::{Builder, spawn_local};

use crate::support::turn;

#[test]
fn test__register_task_1() {
    assert!(task::all().is_empty());
    Builder::new().run(async {
        let main = task::current().unwrap();
        assert_eq!(task::all(), std::slice::from_ref(&main));
        let task = spawn_local(turn());
        assert_eq!(task::all(), [main, task.task()]);
    });
    assert!(task::all().is_empty());
}

#[corio::test(virtual_time)]
async fn test__register_task_3() {
    let task = spawn_local(async {});
    turn().await;
    assert!(task.is_finished());
    assert_eq!(task::all(), [task::current().unwrap()], "one that has ended is not among them");
}

#[test]
fn test__enter_task() {
    let seen: Rc<RefCell<Vec<Task>>> = Rc::default();
    assert_eq!(task::current(), None);
    Builder::new().run(async {
        let main = task::current().unwrap();
        let sees = seen.clone();
        let task = spawn_local(async move { sees.borrow_mut().push(task::current().unwrap()) });
        let entered = task.task();
        task.await.unwrap();
        assert_eq!(*seen.borrow(), [entered]);
        assert_eq!(task::current(), Some(main));
    });
}

#[corio::test(virtual_time)]
async fn test__leave_task() {
    let main = task::current();
    assert!(main.is_some());
    let (sees, seen) = std::sync::mpsc::channel();
    corio::EventLoop::current().call_soon(move || sees.send(task::current()).unwrap());
    turn().await;
    assert_eq!(seen.try_recv(), Ok(None), "between two tasks there is none");
    assert_eq!(task::current(), main);
}

/// It is left also by a panic.
#[corio::test(virtual_time)]
async fn test__unregister_task() {
    let main = task::current().unwrap();
    for panics in [false, true] {
        let task = spawn_local(async move { assert!(!panics, "on purpose") });
        assert_eq!(task::all().len(), 2);
        assert_eq!(task.await.is_err(), panics);
        assert_eq!(task::all(), std::slice::from_ref(&main));
        assert_eq!(task::current(), Some(main.clone()));
    }
}
