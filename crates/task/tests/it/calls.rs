//! Functions in the queue: order, cancelling, panics, contexts, homes that close.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use corio_task::{Call, Context, Ran, Spawn, context_var};

use crate::support::{Bomb, Drops, Loop, assert_send, away};

context_var! { static WHO: u32 = 0; }

#[track_caller]
fn call(l: &Loop, function: impl FnOnce() + 'static) -> Call {
    Spawn::new().call(l.home(), function)
}

#[test]
fn calls_and_tasks_come_in_one_order() {
    let l = Loop::new();
    let seen = Rc::new(RefCell::new(Vec::new()));
    for n in 0..6 {
        let seen = seen.clone();
        if n % 2 == 0 {
            drop(call(&l, move || seen.borrow_mut().push(n)));
        } else {
            drop(l.spawn(async move { seen.borrow_mut().push(n) }));
        }
    }
    assert_eq!(l.turn(), [Ran::Called, Ran::Returned].repeat(3));
    assert_eq!(*seen.borrow(), [0, 1, 2, 3, 4, 5]);
    // What a call asks for has its turn in the next one.
    let l = Rc::new(l);
    let (inner, again) = (l.clone(), seen.clone());
    drop(call(&l, move || drop(call(&inner, move || again.borrow_mut().push(6)))));
    assert_eq!(l.turn(), [Ran::Called]);
    assert_eq!(seen.borrow().len(), 6);
    assert_eq!(l.turn(), [Ran::Called]);
    assert_eq!(seen.borrow().len(), 7);
}

#[test]
fn a_call_is_no_task() {
    let l = Rc::new(Loop::new());
    let inner = l.clone();
    let id = l.spawn(async {}).info().id();
    drop(call(&l, move || {
        assert!(corio_task::current().is_none());
        assert_eq!(inner.spawn(async {}).info().parent(), None);
        assert_eq!(inner.home().all().len(), 1, "only the task spawned here");
    }));
    assert_eq!(l.tasks(), 1);
    assert_eq!(l.spawn(async {}).info().id(), id + 1, "calls take no numbers");
    assert_eq!(l.turn(), [Ran::Returned, Ran::Called, Ran::Returned]);
    l.settle();
    assert_eq!(l.tasks(), 0);
}

#[test]
fn a_cancelled_call_never_runs_and_lets_go_at_once() {
    let l = Loop::new();
    let drops = Drops::new();
    let counted = drops.counted();
    let cancelled = call(&l, move || {
        let _ = &counted;
        unreachable!("cancelled")
    });
    assert!(!cancelled.is_cancelled());
    assert!(cancelled.cancel() && cancelled.is_cancelled() && cancelled.cancel());
    drops.assert(1);
    assert!(format!("{cancelled:?}").starts_with("<Call cancelled "), "{cancelled:?}");
    assert_eq!(l.turn(), [Ran::Called]);

    let ran = Rc::new(Cell::new(false));
    let flag = ran.clone();
    let kept = call(&l, move || flag.set(true));
    l.turn();
    assert!(ran.get() && !kept.cancel() && !kept.is_cancelled());
    assert!(format!("{kept:?}").contains("calls.rs"), "{kept:?}");
}

#[test]
fn a_call_may_cancel_the_next_one_and_not_itself() {
    let l = Loop::new();
    let later = Rc::new(RefCell::new(None::<Call>));
    let found = later.clone();
    let first = Rc::new(RefCell::new(None::<Call>));
    let own = first.clone();
    *first.borrow_mut() = Some(call(&l, move || {
        assert!(!own.borrow().as_ref().unwrap().cancel(), "it is being called");
        assert!(found.borrow().as_ref().unwrap().cancel());
    }));
    *later.borrow_mut() = Some(call(&l, || unreachable!("cancelled by the one before")));
    l.turn();
    assert!(!first.borrow().as_ref().unwrap().is_cancelled());
    first.borrow_mut().take();
}

fn count_one(counter: &AtomicUsize) {
    counter.fetch_add(1, Ordering::Relaxed);
}

#[test]
fn from_another_thread() {
    assert_send::<Call>();
    let l = Loop::new();
    let remote = l.remote();
    let count = Arc::new(AtomicUsize::new(0));
    let drops = Drops::new();
    let (counter, counted) = (count.clone(), drops.counted());
    let (kept, cancelled, dropped) = away(|| {
        let kept = Spawn::new().remote_call(&remote, {
            let counter = counter.clone();
            move || count_one(&counter)
        });
        let cancelled = Spawn::new().remote_call(&remote, move || {
            let _ = &counted;
            unreachable!("cancelled")
        });
        assert!(cancelled.cancel());
        let dropped = Spawn::new().remote_call(&remote, move || count_one(&counter));
        (kept, cancelled.clone(), dropped)
    });
    drops.assert(0);
    away(|| drop(dropped));
    assert_eq!(l.turn(), [Ran::Called; 3]);
    drops.assert(1);
    assert_eq!(count.load(Ordering::Relaxed), 2);
    assert!(cancelled.is_cancelled() && !kept.is_cancelled());
    away(|| drop((kept, cancelled)));
}

#[test]
fn a_local_call_is_cancelled_from_another_thread_and_dropped_at_home() {
    let l = Loop::new();
    let here = std::thread::current().id();
    struct Here(std::thread::ThreadId, Rc<Cell<bool>>);
    impl Drop for Here {
        fn drop(&mut self) {
            assert_eq!(std::thread::current().id(), self.0);
            self.1.set(true);
        }
    }
    let gone = Rc::new(Cell::new(false));
    let thing = Here(here, gone.clone());
    let call = call(&l, move || {
        let _ = &thing;
        unreachable!("cancelled")
    });
    away(move || {
        assert!(call.cancel());
    });
    assert!(!gone.get());
    l.turn();
    assert!(gone.get());
}

#[test]
fn a_panic_goes_to_the_home_and_harms_nobody() {
    let l = Loop::new();
    let line = line!() + 1;
    drop(call(&l, || panic!("in a call")));
    let bomb = Bomb("in a destructor");
    let cancelled = call(&l, move || drop(bomb));
    assert!(cancelled.cancel());
    let after = l.spawn(async {});
    assert_eq!(l.turn(), [Ran::Called, Ran::Called, Ran::Returned]);
    assert!(after.is_finished());
    let panics = l.shared.panics.lock().unwrap();
    let told: Vec<_> = panics.iter().map(|panic| panic.message().unwrap().to_owned()).collect();
    assert_eq!(told, ["in a destructor", "in a call"]);
    assert_eq!((panics[1].location().file(), panics[1].location().line()), (file!(), line));
    assert!(panics[1].to_string().contains("panicked with \"in a call\""), "{}", panics[1]);
    assert!(panics[1].type_name().contains("a_panic_goes"), "{}", panics[1].type_name());
    assert!(!panics[1].type_name().contains("CallFuture"), "{}", panics[1].type_name());
}

#[test]
fn a_closed_home_cancels() {
    let mut l = Loop::new();
    let remote = l.remote();
    let drops = Drops::new();
    let spawn = |drops: &Drops| {
        let counted = drops.counted();
        move || {
            let _ = &counted;
            unreachable!("the home closes")
        }
    };
    let waiting = call(&l, spawn(&drops));
    let in_mail = away(|| Spawn::new().remote_call(&remote, spawn(&drops)));
    l.close();
    drops.assert(2);
    let late = Spawn::new().remote_call(&remote, spawn(&drops));
    let later = away(|| Spawn::new().remote_call(&remote, spawn(&drops)));
    drops.assert(4);
    for call in [waiting, in_mail, late, later] {
        assert!(call.is_cancelled() && call.cancel());
    }
}

#[test]
fn the_entry_of_a_call_is_like_a_tasks() {
    let l = Loop::new();
    let call = call(&l, || unreachable!("aborted"));
    let entry = l.ready().pop().unwrap();
    let task = entry.task();
    assert_eq!((entry.info().id(), task.is_done()), (0, false));
    task.abort();
    assert!(task.cancel("in vain"));
    assert_eq!(entry.run(), Ran::Called);
    assert!(call.is_cancelled() && task.is_done());
    drop(call);
    away(|| drop(task));
    assert_eq!(l.turn(), []);
}

#[test]
fn an_entry_that_is_dropped_cancels() {
    let l = Loop::new();
    let drops = Drops::new();
    let counted = drops.counted();
    let call = call(&l, move || {
        let _ = &counted;
    });
    drop(l.ready().pop());
    drops.assert(1);
    assert!(call.is_cancelled());
}

#[test]
fn it_is_called_in_a_copy_of_the_context_or_in_the_given_one() {
    let l = Rc::new(Loop::new());
    let context = Context::new();
    let inner = l.clone();
    let seen = Rc::new(Cell::new(0));
    let told = seen.clone();
    context.run(|| {
        WHO.set(1);
        drop(call(&l, move || {
            assert_eq!(WHO.get(), 1);
            WHO.set(2);
            // And what it asks for begins with what it has set.
            drop(inner.spawn(async move { told.set(WHO.get()) }));
        }));
        WHO.set(3);
    });
    let shared = Spawn::new().context(context.clone()).call(l.home(), || drop(WHO.set(4)));
    assert!(shared.context().is_same(&context));
    l.turn();
    assert_eq!(context.get(&WHO), Some(4));
    l.turn();
    assert_eq!(seen.get(), 2);
    assert_eq!(WHO.get(), 0);
}
