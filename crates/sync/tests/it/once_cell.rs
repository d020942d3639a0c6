//! The once cell: one initialiser at a time, and what happens when it does not come to an end.

use std::future::{pending, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};

use corio_base::park::block_on;
use corio_sync::{Event, OnceCell, SetError};

use crate::util::{Polled, waiting};

#[test]
fn set_once() {
    let mut cell = OnceCell::new();
    assert!(!cell.initialized() && cell.get().is_none() && cell.get_mut().is_none());
    assert_eq!(cell.set(1), Ok(()));
    let error = cell.set(2).unwrap_err();
    assert!(error.is_already_init_err());
    assert_eq!(error.into_inner(), 2);
    assert_eq!((cell.get(), format!("{cell:?}")), (Some(&1), "OnceCell(Some(1))".into()));
    assert_eq!(*Polled::new(cell.get_or_init(pending)).ready(), 1);
    assert_eq!((cell.clone(), OnceCell::from(1)), (cell.clone(), cell.clone()));
    *cell.get_mut().unwrap() = 3;
    assert_eq!((cell.take(), cell.take(), cell.initialized()), (Some(3), None, false));
    assert_eq!(cell.set(4), Ok(()));
    assert_eq!(cell.into_inner(), Some(4));
}

#[test]
fn edges_1_and_2_one_initialises_and_the_others_wait() {
    let (cell, go) = (OnceCell::new(), Event::new());
    let mut first = waiting(cell.get_or_init(|| async {
        go.wait().await;
        "first"
    }));
    let mut second = waiting(cell.get_or_init(|| ready("second")));
    let mut reader = waiting(cell.wait());
    assert_eq!(cell.set("set"), Err(SetError::InitializingError("set")));
    go.set();
    assert_eq!(*first.ready(), "first");
    assert_eq!((second.wakes(), reader.wakes()), (1, 1));
    assert_eq!((*second.ready(), *reader.ready()), ("first", "first"));
}

#[test]
fn edge_3_a_failure_leaves_the_cell_empty() {
    let cell = OnceCell::<i32>::new();
    let failed = Polled::new(cell.get_or_try_init(|| ready(Err("no")))).ready();
    assert_eq!((failed, cell.get()), (Err("no"), None));
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        Polled::new(cell.get_or_init(|| async { panic!("in the initialiser") })).ready();
    }));
    assert!(panicked.is_err());
    drop(waiting(cell.get_or_init(pending)));
    let value = Polled::new(cell.get_or_try_init(|| ready(Ok::<_, ()>(5)))).ready();
    assert_eq!(value, Ok(&5));
}

#[test]
fn edge_4_the_turn_goes_to_the_next() {
    let cell = OnceCell::new();
    let first = waiting(cell.get_or_init(pending));
    let mut reader = waiting(cell.wait());
    let second = waiting(cell.get_or_init(|| ready(2)));
    let gone = waiting(cell.get_or_init(|| ready(9)));
    let mut third = waiting(cell.get_or_init(|| ready(3)));
    drop(gone); // still waits
    drop(first); // initialises
    assert_eq!((second.wakes(), third.wakes(), reader.wakes()), (1, 0, 0));
    drop(second); // has the turn, and has not looked
    assert_eq!(third.wakes(), 1);
    assert_eq!((*third.ready(), *reader.ready()), (3, 3));
}

#[test]
fn values_are_dropped_once() {
    let count = std::rc::Rc::new(());
    let cell = OnceCell::new();
    cell.set(count.clone()).unwrap();
    drop(cell.set(count.clone()));
    assert_eq!(std::rc::Rc::strong_count(&count), 2);
    drop(cell);
    assert_eq!(std::rc::Rc::strong_count(&count), 1);
}

#[test]
fn threads_agree_on_one_value() {
    for _ in 0..200 {
        let (cell, made) = (OnceCell::new(), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for number in 0..4 {
                let (cell, made) = (&cell, &made);
                scope.spawn(move || {
                    let _ = Polled::new(cell.get_or_init(pending::<usize>)).poll();
                    let make = || async move {
                        made.fetch_add(1, Ordering::SeqCst);
                        number
                    };
                    block_on(cell.get_or_init(make));
                });
            }
            let read = block_on(cell.wait());
            assert_eq!(Some(read), cell.get());
        });
        assert_eq!(made.into_inner(), 1);
    }
}
