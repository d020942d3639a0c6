//! `block_on`: what may be waited for, and where not.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::rc::Rc;

use corio_base::park::ThreadPark;
use corio_executor::{Executor, Guest, yield_now};

use crate::support::{Drops, FakePark, executor, text};

#[test]
fn futures_may_borrow_and_need_not_be_send() {
    let (executor, _) = executor();
    let mut sum = 0;
    let part = Rc::new(Cell::new(1));
    let text = String::from("borrowed");
    let output = executor.block_on(async {
        yield_now().await;
        sum += part.get();
        yield_now().await;
        sum += part.get();
        &text[..3]
    });
    assert_eq!((output, sum), ("bor", 2));
}

#[test]
fn other_tasks_run_on_and_stay() {
    let (executor, _) = executor();
    let polls = Rc::new(Cell::new(0));
    let seen = polls.clone();
    let handle = executor.spawn_local(async move {
        for _ in 0..10 {
            seen.set(seen.get() + 1);
            yield_now().await;
        }
        seen.get()
    });
    executor.block_on(yield_now());
    let after_one = polls.get();
    assert!((1..10).contains(&after_one), "{after_one}");
    assert_eq!(executor.block_on(handle).unwrap(), 10);
}

#[test]
fn its_panic_comes_out_with_the_payload() {
    let (executor, _) = executor();
    for yields in 0..2 {
        let payload = catch_unwind(AssertUnwindSafe(|| {
            executor.block_on(async {
                for _ in 0..yields {
                    yield_now().await;
                }
                panic_any(17_u8)
            })
        }))
        .unwrap_err();
        assert_eq!(*payload.downcast::<u8>().unwrap(), 17);
    }
    let error = executor.try_block_on(async { panic!("in the root") }).unwrap_err();
    assert!(error.is_panic());
    assert_eq!(text(error.into_panic()), "in the root");
    assert_eq!(executor.block_on(async { 3 }), 3, "the loop is as good as before");
}

#[test]
fn its_task_can_be_aborted() {
    let (executor, _) = executor();
    for yields in 0..2 {
        let error = executor
            .try_block_on(async {
                for _ in 0..yields {
                    yield_now().await;
                }
                let task = corio_task::current().unwrap();
                assert_eq!(task.info().location().file(), file!());
                task.abort();
                std::future::pending::<()>().await;
            })
            .unwrap_err();
        assert!(error.is_cancelled());
    }
    let payload = catch_unwind(AssertUnwindSafe(|| {
        executor.block_on(async {
            corio_task::current().unwrap().abort();
            yield_now().await;
        });
    }));
    assert!(text(payload.unwrap_err()).starts_with("block_on has no output to return: task "));
}

/// Its future is on the caller's stack; a waker of it may be anywhere, for ever.
#[test]
fn wakers_outlive_it() {
    let (executor, _) = executor();
    for yields in 0..3 {
        let drops = Drops::new();
        let counted = drops.counted();
        let waker = executor.block_on(async {
            let _counted = counted;
            for _ in 0..yields {
                yield_now().await;
            }
            std::future::poll_fn(|context| std::task::Poll::Ready(context.waker().clone())).await
        });
        drops.assert(1);
        waker.wake_by_ref();
        let (one, two) = (waker.clone(), waker);
        std::thread::spawn(move || one.wake()).join().unwrap();
        executor.block_on(yield_now());
        two.wake();
        executor.block_on(yield_now());
        assert_eq!(executor.core().tasks(), 0);
    }
}

/// Roots one after the other, with and without witnesses, use their blocks again in every order.
#[test]
fn roots_in_a_row() {
    let (executor, _) = executor();
    let mut kept = Vec::new();
    let mut ids = std::collections::HashSet::new();
    for round in 0..200_usize {
        let (id, waker) = executor.block_on(async {
            if round % 3 == 0 {
                yield_now().await;
            }
            let keep = round % 5 == 0;
            std::future::poll_fn(move |context| {
                let id = corio_task::current().unwrap().id();
                std::task::Poll::Ready((id, keep.then(|| context.waker().clone())))
            })
            .await
        });
        assert!(ids.insert(id), "a number given twice");
        kept.extend(waker);
        if round % 7 == 0 {
            kept.drain(..kept.len() / 2).for_each(|waker| waker.wake());
        }
        if round % 11 == 0 {
            let failed = executor.try_block_on(async { panic!("on purpose") });
            assert!(failed.is_err());
        }
    }
    drop(executor);
    kept.into_iter().for_each(|waker| waker.wake());
}

#[test]
fn inside_a_loop_it_names_both_places_and_the_remedy() {
    let (executor, _) = executor();
    let outer = line!() + 1;
    let said = executor.block_on(async {
        let other = Executor::new(FakePark::new());
        let inner = line!() + 1;
        let caught = catch_unwind(AssertUnwindSafe(|| other.block_on(async {})));
        (text(caught.unwrap_err()), inner)
    });
    let (said, inner) = said;
    for part in [
        format!("{}:{inner}:", file!()),
        format!("{}:{outer}:", file!()),
        "Await the future instead".to_owned(),
    ] {
        assert!(said.contains(&part), "{said:?} does not contain {part:?}");
    }
    // The same loop, from a task of its own.
    let executor = Rc::new(executor);
    let inner = executor.clone();
    let handle = executor.spawn_local(async move {
        text(catch_unwind(AssertUnwindSafe(|| inner.block_on(async {}))).unwrap_err())
    });
    assert!(executor.block_on(handle).unwrap().contains("is called inside the loop"));
    // And once it is over, it may be called again.
    executor.block_on(async {});
}

/// A loop that ends inside another one is the active loop for a while; the outer one still runs.
#[test]
fn inside_a_loop_that_ends_inside_a_loop_it_is_refused_too() {
    struct Blocks(Rc<Cell<bool>>);
    impl Drop for Blocks {
        fn drop(&mut self) {
            let third = Executor::new(FakePark::new());
            let caught = catch_unwind(AssertUnwindSafe(|| third.block_on(async {})));
            self.0.set(text(caught.unwrap_err()).contains("is called inside the loop"));
        }
    }
    let (executor, _) = executor();
    let refused = Rc::new(Cell::new(false));
    let seen = refused.clone();
    executor.block_on(async move {
        let inner = Executor::new(FakePark::new());
        let blocks = Blocks(seen);
        drop(inner.spawn_local(async move {
            let _blocks = blocks;
            std::future::pending::<()>().await;
        }));
        drop(inner);
    });
    assert!(refused.get());
}

#[test]
fn a_guest_inside_a_loop_is_refused() {
    let (executor, _) = executor();
    let caught = catch_unwind(AssertUnwindSafe(|| {
        executor.block_on(async { Guest::new().run(async {}).await });
    }));
    assert!(text(caught.unwrap_err()).contains("is called inside the loop"));
}

#[test]
fn two_loops_of_a_thread_take_turns() {
    let one = Executor::new(ThreadPark::new());
    let two = Executor::new(ThreadPark::new());
    let here = one.spawn_local(async { 1 });
    let there = two.spawn_local(async { 2 });
    // A handle may be awaited in the other loop.
    one.block_on(yield_now());
    assert_eq!(two.block_on(here).unwrap(), 1);
    assert_eq!(two.block_on(there).unwrap(), 2);
}
