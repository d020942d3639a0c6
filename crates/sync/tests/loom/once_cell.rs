//! Models of the once cell: one value, seen whole by all, and no turn lost.

use std::future::{pending, ready};
use std::task::{Context, Waker};

use corio_base::loom::sync::Arc;
use corio_base::loom::thread;
use corio_sync::OnceCell;

use super::{Future, block_on};

#[test]
fn two_initialise() {
    loom::model(|| {
        let cell = Arc::new(OnceCell::new());
        let other = {
            let cell = Arc::clone(&cell);
            thread::spawn(move || **block_on(cell.get_or_init(|| ready(Box::new(1)))))
        };
        let seen = **block_on(cell.get_or_init(|| ready(Box::new(2))));
        assert_eq!(other.join().unwrap(), seen);
    });
}

/// One that has the turn, or waits for it, gives up; the other initialises, a third one waits.
#[test]
fn initialise_against_cancel() {
    loom::model(|| {
        let cell = Arc::new(OnceCell::<Box<u32>>::new());
        let other = {
            let cell = Arc::clone(&cell);
            thread::spawn(move || {
                let mut gives_up = Box::pin(cell.get_or_init(pending));
                let _ = gives_up.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            })
        };
        let reader = {
            let cell = Arc::clone(&cell);
            thread::spawn(move || **block_on(cell.wait()))
        };
        assert_eq!(**block_on(cell.get_or_init(|| ready(Box::new(7)))), 7);
        assert_eq!(reader.join().unwrap(), 7);
        other.join().unwrap();
    });
}
