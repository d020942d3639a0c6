//! What people read of a task.

use corio_task::{Spawn, Task};

use crate::support::{Loop, away};

#[test]
fn name_place_parent_and_type() {
    let l = std::rc::Rc::new(Loop::new());
    let line = line!() + 1;
    let handle = l.spawn(async {});
    let info = handle.info();
    assert_eq!(info.name(), format!("Task-{}", info.id()));
    assert_eq!(info.given_name(), None);
    assert_eq!((info.location().file(), info.location().line()), (file!(), line));
    assert_eq!(info.parent(), None);
    assert!(info.type_name().contains("name_place_parent_and_type"), "{}", info.type_name());
    assert_eq!(format!("{info:?}"), format!("Task-{} spawned at {}", info.id(), info.location()),);

    let named = Spawn::new().name("worker").bound(l.home(), std::future::ready(1_u64));
    assert_eq!(named.info().name(), "worker");
    assert_eq!(named.info().given_name().as_deref(), Some("worker"));
    assert_eq!(named.info().future_size(), size_of::<std::future::Ready<u64>>());

    let (inner, remote) = (l.clone(), l.remote());
    let mut parent = l.spawn(async move {
        let here = inner.spawn(async {}).info().parent();
        let by_mail = Spawn::new().remote(&remote, async {}).info().parent();
        let free = Spawn::new().free(&remote, async {}).info().parent();
        (here, by_mail, free)
    });
    l.settle();
    let id = Some(parent.info().id());
    assert_eq!(parent.try_take().unwrap().unwrap(), (id, id, id));
}

#[test]
fn numbers_are_never_given_twice() {
    let one = Loop::new();
    let mut seen = std::collections::HashSet::new();
    for _ in 0..3000 {
        assert!(seen.insert(one.spawn(async {}).info().id()));
    }
    let others = away(|| {
        let two = Loop::new();
        (0..3000).map(|_| two.spawn(async {}).info().id()).collect::<Vec<_>>()
    });
    let remote = one.remote();
    let by_mail = (0..10).map(|_| Spawn::new().remote(&remote, async {}).info().id());
    for id in others.into_iter().chain(by_mail) {
        assert!(id > 0 && seen.insert(id), "{id}");
    }
}

#[test]
fn a_task_is_equal_to_its_clones_and_survives_its_end() {
    let l = Loop::new();
    let handle = l.spawn(async {});
    let other = l.spawn(async {});
    let task = handle.task();
    assert_eq!(task, task.clone());
    assert_ne!(task, other.task());
    let mut set = std::collections::HashSet::new();
    assert!(set.insert(task.clone()) && !set.insert(handle.task()));
    assert!(!task.is_done());
    drop(handle);
    l.turn();
    assert!(task.is_done());
    assert!(format!("{task:?}").contains("info.rs"), "{task:?}");
    away(|| {
        let clone: Task = task.clone();
        drop(task);
        assert!(clone.is_done());
    });
    drop(set);
    l.settle();
    drop(other);
    assert_eq!(l.tasks(), 0);
}

#[test]
fn current_is_the_task_being_polled() {
    assert!(corio_task::current().is_none());
    let l = Loop::new();
    let mut handle = l.spawn(async { corio_task::current().unwrap().id() });
    l.turn();
    assert_eq!(handle.try_take().unwrap().unwrap(), handle.info().id());
    // A panic ends the poll, too.
    drop(l.spawn(async { panic!("on purpose") }));
    l.turn();
    assert!(corio_task::current().is_none());
}
