//! Loops that are run, stopped and closed by hand, calls in their queue, and task factories.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use corio_base::park::ThreadPark;
use corio_executor::{Executor, Spawn, set_task_factory, spawn_current, yield_now};

use crate::alone::alone;

fn executor() -> Executor<ThreadPark> {
    Executor::new(ThreadPark::new())
}

#[test]
fn a_run_takes_one_turn_at_least_and_stops_after_the_one_in_which_it_is_told() {
    let executor = executor();
    let turns = Rc::new(Cell::new(0));
    let counter = turns.clone();
    drop(executor.spawn_local(async move {
        loop {
            counter.set(counter.get() + 1);
            yield_now().await;
        }
    }));
    executor.run_while(&mut || false);
    assert_eq!(turns.get(), 1);
    executor.run_while(&mut || turns.get() < 5);
    assert_eq!(turns.get(), 5);
}

#[test]
fn a_future_that_ends_gets_one_turn_more_and_one_that_is_stopped_is_dropped() {
    let executor = executor();
    let log = Rc::new(RefCell::new(Vec::new()));
    let core = executor.core().clone();
    let push = log.clone();
    let done = executor.run_until_complete(
        async {
            core.call(move || push.borrow_mut().push("after"));
            3
        },
        &mut || true,
    );
    assert_eq!(done.unwrap().unwrap(), 3);
    assert_eq!(*log.borrow(), ["after"]);

    let stopped = executor.run_until_complete(std::future::pending::<()>(), &mut || false);
    assert!(stopped.is_none());
    let panicked = executor.run_until_complete(async { panic!("its own") }, &mut || true);
    assert!(panicked.unwrap().unwrap_err().is_panic());
    // None of them has left anything.
    assert_eq!(executor.core().tasks(), 0);
}

#[test]
fn calls_and_their_panics() {
    let executor = executor();
    let core = executor.core();
    let seen = Rc::new(RefCell::new(Vec::new()));
    let into = seen.clone();
    core.set_panic_hook(Rc::new(move |panic| {
        into.borrow_mut().push(panic.message().unwrap_or_default().to_owned());
    }));
    core.call(|| panic!("here"));
    let handle = executor.handle();
    std::thread::spawn(move || drop(handle.call(|| panic!("from away")))).join().unwrap();
    executor.run_while(&mut || seen.borrow().len() < 2);
    assert_eq!(*seen.borrow(), ["here", "from away"]);
    assert_eq!(core.all_tasks().len(), 0, "a call is no task");
}

#[test]
fn a_call_from_its_own_thread_stays_in_order() {
    let executor = executor();
    let log = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let push = |name: &'static str| {
        let log = log.clone();
        move || log.lock().unwrap().push(name)
    };
    executor.core().call(push("first"));
    executor.handle().call(push("second"));
    executor.core().call(push("third"));
    executor.run_while(&mut || false);
    assert_eq!(*log.lock().unwrap(), ["first", "second", "third"]);
}

#[test]
fn closed_it_refuses_and_says_so() {
    refuses();
}

#[test]
fn closed_it_refuses_in_debug_mode_as_well() {
    alone("by_hand::closed_it_refuses_in_debug_mode_as_well", || {
        corio_trace::set_enabled(true);
        refuses();
    });
}

fn refuses() {
    let executor = executor();
    let dropped = Rc::new(Cell::new(false));
    struct Sets(Rc<Cell<bool>>);
    impl Drop for Sets {
        fn drop(&mut self) {
            self.0.set(true);
        }
    }
    let sets = Sets(dropped.clone());
    let mut task = executor.spawn_local(async move {
        let _sets = sets;
        std::future::pending::<()>().await;
    });
    executor.run_while(&mut || false);
    executor.close();
    executor.close();
    assert!(dropped.get() && executor.core().is_closed());
    assert!(task.try_take().unwrap().unwrap_err().is_cancelled());
    assert!(executor.core().call(|| ()).is_cancelled());
    assert!(executor.handle().call(|| ()).is_cancelled());
    assert!(executor.spawn_local(async {}).is_finished());
    assert_eq!(executor.block_on(async { 1 }), 1, "what is ready needs no loop");
    let waits = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        executor.block_on(std::future::pending::<()>());
    }));
    assert!(waits.is_err(), "it would wait for ever");
}

#[test]
fn the_factory_is_asked_at_every_spawn_on_the_thread() {
    let executor = executor();
    let core = executor.core().clone();
    let made = Rc::new(Cell::new(0));
    let counter = made.clone();
    set_task_factory(
        &core,
        Some(Rc::new(move |spawn: Spawn| {
            counter.set(counter.get() + 1);
            spawn.name("made")
        })),
    );
    let spawn = || spawn_current(Spawn::new(), async {}, |_, _| unreachable!("there is a loop"));
    executor.block_on(async {
        let task = spawn();
        assert_eq!(task.info().name(), "made");
        task.await.unwrap();
        set_task_factory(&core, None);
        assert_ne!(spawn().info().name(), "made");
    });
    assert_eq!(made.get(), 1);
    executor.close();
    set_task_factory(&core, Some(Rc::new(|spawn| spawn)));
    assert!(core.task_factory().is_none(), "a loop that has ended makes no tasks");
}
