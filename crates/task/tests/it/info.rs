//! What people read of a task.

use corio_task::{Spawn, Task, TaskState, TryResult};

use crate::support::{Door, Loop, away};

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

#[test]
fn a_name_may_change_at_any_time() {
    let l = Loop::new();
    let handle = l.spawn(async {});
    let task = handle.task();
    assert_eq!(task.name(), format!("Task-{}", task.id()));
    task.set_name("first");
    away(|| task.set_name(String::from("second")));
    assert_eq!((task.name().as_str(), handle.info().name().as_str()), ("second", "second"));
    l.settle();
    task.set_name("after the end");
    assert_eq!(task.name(), "after the end");
}

#[test]
fn states_and_what_debug_shows() {
    let l = Loop::new();
    let text = |task: &Task| format!("{task:?}");
    let door = Door::new();
    let line = line!() + 1;
    let task = l.spawn(door.clone().pass()).task();
    assert_eq!((task.state(), task.is_cancelled()), (TaskState::Pending, false));
    let id = task.id();
    let place = format!("spawned at {}:{line}:", file!());
    let shown = text(&task);
    assert!(shown.starts_with(&format!("<Task pending name=\"Task-{id}\" future=")), "{shown}");
    assert!(shown.contains("Door") && shown.contains(&place) && shown.ends_with('>'), "{shown}");
    l.turn();
    assert!(task.cancel("enough"));
    assert_eq!((task.state(), task.cancelling()), (TaskState::Cancelling, 1));
    assert!(text(&task).starts_with("<Task cancelling "), "{task:?}");
    assert_eq!((task.uncancel(), task.state()), (0, TaskState::Pending));
    task.cancel(());
    l.settle();
    assert_eq!((task.state(), task.is_cancelled()), (TaskState::Cancelled, true));
    assert!(text(&task).starts_with("<Task cancelled "), "{task:?}");

    let aborted = l.spawn(std::future::pending::<()>()).task();
    aborted.abort();
    let finished = l.spawn(async {}).task();
    let panicked = l.spawn(async { panic!("on purpose") }).task();
    let bomb = crate::support::Bomb("as it is dropped");
    let burst = l.spawn(async move {
        std::future::pending::<()>().await;
        drop(bomb);
    });
    let burst = burst.task();
    l.turn();
    burst.abort();
    l.settle();
    let states = [&aborted, &finished, &panicked, &burst].map(Task::state);
    let (cancelled, panic) = (TaskState::Cancelled, TaskState::Panicked);
    assert_eq!(states, [cancelled, TaskState::Finished, panic, panic]);
    assert!(text(&finished).starts_with("<Task finished ") && !finished.is_cancelled());

    let free = Spawn::new().free(&l.remote(), async { panic!("away") });
    let runnable = l.pop_free().unwrap();
    away(|| runnable.run());
    assert_eq!(free.task().state(), TaskState::Panicked);
    let away_too = l.remote();
    let dropped = Spawn::new().free(&away_too, async {});
    drop(l.pop_free());
    assert_eq!(dropped.task().state(), TaskState::Cancelled);
}

#[test]
fn a_result_is_looked_at_without_taking_it() {
    let l = Loop::new();
    let mut handle = l.spawn(async { String::from("result") });
    assert!(matches!(handle.try_result(), TryResult::NotDone));
    l.turn();
    assert_eq!(handle.try_result().done().unwrap().unwrap(), "result");
    assert_eq!(handle.try_result().done().unwrap().unwrap(), "result");
    assert_eq!(handle.try_take().unwrap().unwrap(), "result");
    assert!(matches!(handle.try_result(), TryResult::Taken) && handle.try_take().is_none());

    let mut panicked = l.spawn(async { panic!("on purpose") });
    let mut cancelled = l.spawn(async {});
    cancelled.task().cancel("enough");
    l.settle();
    assert!(panicked.try_result().done().unwrap().unwrap_err().is_panic());
    let error = cancelled.try_result().done().unwrap().unwrap_err();
    assert_eq!(error.reason().unwrap().message(), Some("enough"));
}

#[test]
fn all_are_those_that_live() {
    let l = Loop::new();
    let door = Door::new();
    let handles: Vec<_> = (0..4).map(|_| l.spawn(door.clone().pass())).collect();
    let done = l.spawn(async {});
    let posted = Spawn::new().remote(&l.remote(), std::future::pending::<()>());
    assert_eq!(l.home().all().len(), 5);
    l.turn();
    drop(done);
    handles[1].abort();
    l.turn();
    let expected = [&handles[0], &handles[2], &handles[3]].map(|handle| handle.task());
    let all = l.home().all();
    assert_eq!(all[..3], expected);
    assert_eq!(all[3..], [posted.task()]);
}
