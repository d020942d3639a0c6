//! Context variables: inheritance, sharing, tokens, and values that misbehave.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use corio_task::{Context, Spawn, context_var};

use crate::support::{Bomb, Door, Drops, Loop, away};

context_var! {
    /// With a default.
    static NUMBER: u32 = 7;
    static NAME: String;
    static THING: Arc<dyn std::any::Any + Send + Sync>;
    static MADE: Arc<u32> = Arc::new(5)
}

#[test]
fn values_defaults_and_absence() {
    Context::new().run(|| {
        assert_eq!((NUMBER.get(), NUMBER.name()), (7, "NUMBER"));
        assert_eq!(NAME.try_get(), None);
        NAME.set("ada".into());
        assert_eq!(NAME.with(String::len), 3);
        assert_eq!(NAME.get(), "ada");
        let context = Context::current();
        assert_eq!((context.len(), context.get(&NUMBER)), (1, None), "a default is not set");
        let names: Vec<_> = context.iter().map(|variable| variable.name()).collect();
        assert_eq!(names, ["NAME"]);
        let value = context.iter().next().unwrap();
        assert_eq!(value.value().downcast_ref::<String>().unwrap(), "ada");
        assert!(Arc::ptr_eq(&MADE.get(), &MADE.get()), "one default for all");
    });
    let panic = std::panic::catch_unwind(|| NAME.get()).unwrap_err();
    let text = panic.downcast_ref::<String>().unwrap();
    assert!(text.contains("`NAME` has no value") && text.contains("try_get"), "{text}");
}

#[test]
fn a_token_takes_a_change_back_in_its_own_context() {
    Context::new().run(|| {
        let first = NUMBER.set(1);
        let second = NUMBER.set(2);
        assert_eq!((first.old_value(), second.old_value()), (None, Some(1)));
        assert_eq!(second.var().name(), "NUMBER");
        NUMBER.reset(second).unwrap();
        assert_eq!(NUMBER.get(), 1);

        let error = Context::copy().run(|| NUMBER.reset(first).unwrap_err());
        assert!(error.is_other_context() && !error.is_other_variable());
        assert!(error.to_string().contains("`NUMBER` was set in another context"), "{error}");
        NUMBER.reset(error.into_token()).unwrap();
        assert_eq!(NUMBER.get(), 7);
        assert!(Context::current().is_empty());
    });
}

context_var! { static OTHER: u32 = 0; }

#[test]
fn a_token_of_another_variable_is_refused() {
    Context::new().run(|| {
        let error = NUMBER.reset(OTHER.set(1)).unwrap_err();
        assert!(error.is_other_variable());
        assert!(error.to_string().contains("one of `OTHER`, not of `NUMBER`"), "{error}");
        assert_eq!(OTHER.get(), 1, "nothing is changed");
        OTHER.reset(error.into_token()).unwrap();
        assert_eq!(OTHER.get(), 0);
    });
}

#[test]
fn a_task_begins_with_a_copy() {
    let l = Rc::new(Loop::new());
    let inner = l.clone();
    let outer = Context::new();
    let mut parent = outer.run(|| {
        NUMBER.set(1);
        let parent = l.spawn(async move {
            assert_eq!(NUMBER.get(), 1);
            NUMBER.set(2);
            let child = inner.spawn(async {
                let seen = NUMBER.get();
                NUMBER.set(3);
                seen
            });
            NUMBER.set(4);
            (child.await.unwrap(), NUMBER.get())
        });
        NUMBER.set(5);
        parent
    });
    let context = parent.task().context();
    l.settle();
    assert_eq!(parent.try_take().unwrap().unwrap(), (2, 4));
    assert_eq!(context.get(&NUMBER), Some(4), "the task's own, also after its end");
    assert_eq!((outer.get(&NUMBER), NUMBER.get()), (Some(5), 7));
}

#[test]
fn of_remote_and_free_tasks_too() {
    let l = Loop::new();
    let remote = l.remote();
    let (mut posted, mut free) = away(|| {
        NUMBER.set(9);
        let posted = Spawn::new().remote(&remote, async { NUMBER.get() });
        (posted, Spawn::new().free(&remote, async { NUMBER.get() }))
    });
    let runnable = l.pop_free().unwrap();
    away(|| runnable.run());
    l.settle();
    assert_eq!(posted.try_take().unwrap().unwrap(), 9);
    assert_eq!(free.try_take().unwrap().unwrap(), 9);
}

#[test]
fn two_tasks_in_one_context() {
    let l = Loop::new();
    let context = Context::new();
    let door = Door::new();
    let pass = door.clone();
    let mut reader = Spawn::new().context(context.clone()).bound(l.home(), async move {
        pass.pass().await;
        NUMBER.get()
    });
    let writer = Spawn::new().context(context.clone()).bound(l.home(), async { NUMBER.set(3) });
    assert!(reader.task().context().is_same(&context));
    l.turn();
    door.open_and_wake();
    l.settle();
    assert!(writer.is_finished());
    assert_eq!(reader.try_take().unwrap().unwrap(), 3);
    assert_eq!(context.get(&NUMBER), Some(3));
}

#[test]
fn what_is_entered_counts_for_who_entered_it() {
    let l = Rc::new(Loop::new());
    let inner = l.clone();
    let context = Context::new();
    context.run(|| NUMBER.set(1));
    let mut task = l.spawn(async move {
        NUMBER.set(2);
        let within = context.run(|| {
            // A nested poll of another task has that task's own.
            let other = Spawn::new()
                .context(Context::new())
                .eager(inner.home(), async { (NUMBER.get(), Context::current().is_empty()) });
            // Entered twice is entered once more.
            let twice = context.run(|| NUMBER.get());
            (other, twice, NUMBER.get())
        });
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            context.run(|| panic!("within"));
        }));
        assert!(caught.is_err());
        (within.0.await.unwrap(), within.1, within.2, NUMBER.get())
    });
    l.settle();
    assert_eq!(task.try_take().unwrap().unwrap(), ((7, true), 1, 1, 2));
}

#[test]
fn forks_copies_and_clones() {
    let context = Context::new();
    context.run(|| NUMBER.set(1));
    let (fork, clone) = (context.fork(), context.clone());
    context.run(|| NUMBER.set(2));
    assert_eq!((fork.get(&NUMBER), clone.get(&NUMBER)), (Some(1), Some(2)));
    assert!(clone.is_same(&context) && !fork.is_same(&context));
    let copy = clone.run(Context::copy);
    assert!(!copy.is_same(&context));
    assert_eq!(copy.get(&NUMBER), Some(2));
    assert!(clone.run(Context::current).is_same(&context));
    assert_eq!(format!("{copy:?}"), "Context([\"NUMBER\"])");
    assert_eq!((&copy).into_iter().len(), 1);
}

#[test]
fn a_thread_has_its_own() {
    away(|| {
        NUMBER.set(1);
        away(|| assert_eq!(NUMBER.get(), 7));
        assert_eq!(NUMBER.get(), 1);
    });
    assert_eq!(NUMBER.get(), 7);
}

#[test]
fn values_go_with_the_last_context_and_their_panics_stay_alone() {
    let l = Loop::new();
    let drops = Drops::new();
    context_var! { static LAST: Arc<Mutex<Vec<crate::support::Counted>>>; }
    let handle = Context::new().run(|| {
        LAST.set(Arc::new(Mutex::new(vec![drops.counted()])));
        let handle = l.spawn(async {});
        // Shares itself with nobody, and panics as it goes; the one beside it goes, too.
        THING.set(Arc::new(Bomb("a value")));
        handle
    });
    drops.assert(0);
    l.settle();
    drop(handle);
    drops.assert(1);
    Context::new().run(|| {
        THING.set(Arc::new(Bomb("overwritten")));
        THING.set(Arc::new(0_u8));
        let token = THING.set(Arc::new(Bomb("taken back")));
        THING.reset(token).unwrap();
    });
}

#[test]
fn many_variables_in_any_order() {
    context_var! {
        static A: u32; static B: u32; static C: u32; static D: u32; static E: u32; static F: u32;
    }
    let all = [&A, &B, &C, &D, &E, &F];
    Context::new().run(|| {
        for (n, var) in (0..6).zip(all).rev() {
            var.set(n);
        }
        let copy = Context::copy();
        let token = C.set(30);
        B.set(10);
        assert_eq!(all.map(|var| copy.get(var).unwrap()), [0, 1, 2, 3, 4, 5]);
        assert_eq!(all.map(|var| var.get()), [0, 10, 30, 3, 4, 5]);
        C.reset(token).unwrap();
        assert_eq!(C.get(), 2);
    });
}

#[test]
fn a_clone_may_come_back_here() {
    struct Reads(Rc<Cell<u32>>);
    thread_local! { static SEEN: Cell<u32> = const { Cell::new(0) }; }
    #[derive(Debug)]
    struct Curious;
    impl Clone for Curious {
        fn clone(&self) -> Self {
            NUMBER.set(NUMBER.get() + 1);
            SEEN.set(NUMBER.get());
            Curious
        }
    }
    context_var! { static CURIOUS: Curious; }
    let reads = Reads(Rc::default());
    Context::new().run(|| {
        CURIOUS.set(Curious);
        let _ = CURIOUS.get();
        reads.0.set(SEEN.get());
    });
    assert_eq!(reads.0.get(), 8);
}
