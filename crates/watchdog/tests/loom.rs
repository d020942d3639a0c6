//! Models of the word between the watchdog and the signal handlers: the buffer is one's at a time.
#![cfg(loom)]

use corio_base::loom::cell::UnsafeCell;
use corio_base::loom::sync::Arc;
use corio_base::loom::thread;
use corio_watchdog::state::{GivenUp, RequestState};

/// The word, and what stands for the buffer: loom finds it out if two have it at once.
#[derive(Default)]
struct Slot {
    state: RequestState,
    buffer: UnsafeCell<u32>,
}

impl Slot {
    /// A handler, on whichever thread the signal has come to.
    fn answer(&self, number: u32) {
        if self.state.begin(number) {
            // SAFETY: `begin` has given it; loom checks.
            self.buffer.with_mut(|buffer| unsafe { *buffer += number });
            self.state.finish(number);
        }
    }

    fn ask(&self) -> Option<u32> {
        // SAFETY: within `ask` it is the asker's; loom checks.
        self.state.ask(|| self.buffer.with_mut(|buffer| unsafe { *buffer = 100 }))
    }

    fn read(&self) -> u32 {
        // SAFETY: the request is done; loom checks.
        self.buffer.with(|buffer| unsafe { *buffer })
    }
}

#[test]
fn what_the_handler_copied_is_what_the_watchdog_reads() {
    loom::model(|| {
        let slot = Arc::new(Slot::default());
        let number = slot.ask().unwrap();
        let handler = Arc::clone(&slot);
        let handler = thread::spawn(move || handler.answer(number));
        let done = slot.state.is_done(number);
        if done {
            assert_eq!(slot.read(), 101);
        }
        handler.join().unwrap();
        assert!(slot.state.is_done(number));
        assert_eq!(slot.read(), 101);
    });
}

#[test]
fn a_late_handler_never_writes_what_another_request_has() {
    loom::model(|| {
        let slot = Arc::new(Slot::default());
        let first = slot.ask().unwrap();
        let late = Arc::clone(&slot);
        let late = thread::spawn(move || late.answer(first));
        let given_up = slot.state.give_up(first);
        match slot.ask() {
            Some(second) => {
                let other = Arc::clone(&slot);
                let other = thread::spawn(move || other.answer(second));
                other.join().unwrap();
                assert!(slot.state.is_done(second), "the second request's handler was in time");
                assert_eq!(slot.read(), 102, "and nobody else wrote");
            }
            // The first one's handler is at it.
            None => assert_eq!(given_up, GivenUp::Begun),
        }
        late.join().unwrap();
        if given_up == GivenUp::Withdrawn {
            assert!(!slot.state.is_done(first));
        }
    });
}

#[test]
fn one_signal_that_comes_to_two_handlers_is_answered_once() {
    loom::model(|| {
        let slot = Arc::new(Slot::default());
        let number = slot.ask().unwrap();
        let handlers = [(); 2].map(|()| {
            let handler = Arc::clone(&slot);
            thread::spawn(move || handler.answer(number))
        });
        for handler in handlers {
            handler.join().unwrap();
        }
        assert!(slot.state.is_done(number));
        assert_eq!(slot.read(), 101);
    });
}
