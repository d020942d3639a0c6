//! Done callbacks: when, in which order, in which context, from which thread.

use std::sync::{Arc, Mutex};

use corio_task::{CallbackId, Context, Ran, Spawn, Task, context_var};

use crate::support::{Door, Drops, Loop, away, poll_once};

context_var! { static WHO: u32 = 0; }

type Log = Arc<Mutex<Vec<u32>>>;

fn note(task: &Task, log: &Log, n: u32) -> CallbackId {
    let log = log.clone();
    task.add_done_callback(move |_| log.lock().unwrap().push(n))
}

fn seen(log: &Log) -> Vec<u32> {
    std::mem::take(&mut *log.lock().unwrap())
}

#[test]
fn in_the_next_turn_in_order_and_never_at_once() {
    let l = Loop::new();
    let log = Log::default();
    let handle = l.spawn(async {});
    let task = handle.task();
    for n in 0..3 {
        note(&task, &log, n);
    }
    assert!(format!("{task:?}").ends_with(" callbacks=3>"), "{task:?}");
    assert_eq!(l.turn(), [Ran::Returned]);
    assert_eq!(seen(&log), []);
    assert_eq!(l.turn(), [Ran::Called; 3]);
    assert_eq!(seen(&log), [0, 1, 2]);
    // Added to a task that has ended: in the next turn as well.
    note(&task, &log, 3);
    assert_eq!(seen(&log), []);
    assert_eq!(l.turn(), [Ran::Called]);
    assert_eq!(seen(&log), [3]);
    assert_eq!(l.turn(), []);
}

#[test]
fn removed_they_are_dropped_and_not_called() {
    let l = Loop::new();
    let log = Log::default();
    let task = l.spawn(async {}).task();
    let drops = Drops::new();
    let counted = drops.counted();
    let first = task.add_done_callback(move |_| drop(counted));
    let second = note(&task, &log, 2);
    assert!(task.remove_done_callback(first) && !task.remove_done_callback(first));
    drops.assert(1);
    l.settle();
    assert_eq!(seen(&log), [2]);
    assert!(!task.remove_done_callback(second));
}

#[test]
fn whoever_awaits_comes_in_his_place_among_them() {
    let l = std::rc::Rc::new(Loop::new());
    let log = Log::default();
    let door = Door::new();
    let mut handle = l.spawn(door.clone().pass());
    let task = handle.task();
    note(&task, &log, 0);
    let awaiting = log.clone();
    drop(l.spawn(async move {
        (&mut handle).await.unwrap();
        awaiting.lock().unwrap().push(1);
    }));
    l.turn();
    note(&task, &log, 2);
    door.open_and_wake();
    l.settle();
    assert_eq!(seen(&log), [0, 1, 2]);
}

#[test]
fn they_are_given_the_task_whichever_way_it_ended() {
    let l = Loop::new();
    let states = Arc::new(Mutex::new(Vec::new()));
    let tell = |task: Task| {
        let states = states.clone();
        task.add_done_callback(move |task| {
            assert!(task.is_done());
            states.lock().unwrap().push(task.state().to_string());
        });
        task
    };
    tell(l.spawn(async {}).task());
    tell(l.spawn(async { panic!("on purpose") }).task());
    assert!(tell(l.spawn(async {}).task()).cancel(()));
    tell(l.spawn(async {}).task()).abort();
    l.settle();
    let states = states.lock().unwrap();
    assert_eq!(*states, ["finished", "panicked", "cancelled", "cancelled"]);
}

#[test]
fn in_the_context_they_were_added_in() {
    let l = Loop::new();
    let task = l.spawn(async {}).task();
    let log = Log::default();
    let context = Context::new();
    let (copied, given) = (log.clone(), log.clone());
    context.run(|| {
        WHO.set(1);
        task.add_done_callback(move |_| {
            copied.lock().unwrap().push(WHO.get());
            WHO.set(7);
        });
        WHO.set(2);
    });
    task.add_done_callback_in(context.clone(), move |_| {
        given.lock().unwrap().push(WHO.get());
        WHO.set(8);
    });
    l.settle();
    assert_eq!(seen(&log), [1, 2]);
    assert_eq!(context.get(&WHO), Some(8));
}

#[test]
fn from_another_thread_before_and_after_the_end() {
    let l = Loop::new();
    let log = Log::default();
    let task = l.spawn(async {}).task();
    away(|| note(&task, &log, 0));
    l.settle();
    assert_eq!(seen(&log), [0]);
    away(|| note(&task, &log, 1));
    assert_eq!(seen(&log), []);
    l.settle();
    assert_eq!(seen(&log), [1]);
}

#[test]
fn of_a_free_task_they_run_at_its_home() {
    let l = Loop::new();
    let log = Log::default();
    let handle = Spawn::new().free(&l.remote(), async {});
    let task = handle.task();
    note(&task, &log, 0);
    let runnable = l.pop_free().unwrap();
    away(|| assert_eq!(runnable.run(), Ran::Returned));
    note(&task, &log, 1);
    assert_eq!(seen(&log), []);
    l.settle();
    assert_eq!(seen(&log), [0, 1]);
}

#[test]
fn a_closed_home_drops_them() {
    let mut l = Loop::new();
    let drops = Drops::new();
    let add = |task: &Task| {
        let counted = drops.counted();
        task.add_done_callback(move |_| {
            let _ = &counted;
            unreachable!("the home is closed")
        });
    };
    let door = Door::new();
    let task = l.spawn(door.pass()).task();
    add(&task);
    away(|| add(&task));
    l.turn();
    l.close();
    drops.assert(2);
    assert!(task.is_cancelled());
    add(&task);
    away(|| add(&task));
    drops.assert(4);
}

#[test]
fn a_panic_of_one_harms_no_other() {
    let l = Loop::new();
    let log = Log::default();
    let task = l.spawn(async {}).task();
    task.add_done_callback(|_| panic!("in a callback"));
    note(&task, &log, 1);
    l.settle();
    assert_eq!(seen(&log), [1]);
    let panics = l.shared.panics.lock().unwrap();
    assert_eq!(panics[0].message(), Some("in a callback"));
    assert!(panics[0].location().file().ends_with("callbacks.rs"));
}

#[test]
fn one_may_add_and_remove_others() {
    let l = Loop::new();
    let log = Log::default();
    let mut handle = l.spawn(async {});
    let task = handle.task();
    let later = log.clone();
    task.add_done_callback(move |task| {
        note(task, &later, 2);
    });
    note(&task, &log, 1);
    l.turn();
    l.turn();
    assert_eq!(seen(&log), [1], "its own turn is the next one");
    l.turn();
    assert_eq!(seen(&log), [2]);
    assert!(poll_once(&mut handle, std::task::Waker::noop()).is_ready());
}
