//! Models of the book: a reader of a slot believes whole writes only, and a task's `page` leaves nothing behind.
#![cfg(loom)]

use std::panic::Location;

use corio_trace::book::model::{Numbered, is_asked, is_named, records};
use corio_trace::book::{TaskBirth, TaskPage};
use loom::sync::{Arc, Mutex};
use loom::thread;

#[test]
fn half_a_write_is_never_read() {
    loom::model(|| {
        let slot = Arc::new(Numbered::new());
        let writer = {
            let slot = Arc::clone(&slot);
            thread::spawn(move || slot.write(1))
        };
        // Looks for a mixture.
        let _ = slot.read();
        writer.join().unwrap();
        assert_eq!(slot.read(), Some(1), "who comes after finds the last write");
    });
}

#[test]
fn a_slot_handed_over_is_written_by_its_new_owner() {
    loom::model(|| {
        let slot = Arc::new(Numbered::new());
        slot.write(1);
        let owner = {
            let slot = Arc::clone(&slot);
            // What starts the thread hands the slot over.
            thread::spawn(move || slot.clear())
        };
        let _ = slot.read();
        owner.join().unwrap();
        assert_eq!(slot.read(), Some(0));
    });
}

#[test]
fn a_slot_that_is_used_again_is_read_as_one_use_or_the_other() {
    loom::model(|| {
        let slot = Arc::new(Numbered::new());
        slot.write(1);
        // The first owner frees the slot and gives its number back; the second one takes it from there.
        let free = Arc::new(Mutex::new(false));
        let first = {
            let (slot, free) = (Arc::clone(&slot), Arc::clone(&free));
            thread::spawn(move || {
                slot.clear();
                *free.lock().unwrap() = true;
            })
        };
        let second = {
            let (slot, free) = (Arc::clone(&slot), Arc::clone(&free));
            thread::spawn(move || {
                if *free.lock().unwrap() {
                    slot.write(2);
                    return true;
                }
                false
            })
        };
        // The uses come in their order; a reader that met a write knows nothing.
        let order = |read: Option<u32>| read.map(|n| [1, 0, 2].iter().position(|&m| m == n));
        let (one, other) = (order(slot.read()), order(slot.read()));
        if let (Some(one), Some(other)) = (one, other) {
            assert!(one <= other, "back to an earlier use");
        }
        first.join().unwrap();
        let is_used_again = second.join().unwrap();
        assert_eq!(slot.read(), Some(if is_used_again { 2 } else { 0 }));
    });
}

#[test]
fn counters_are_read_with_the_task_they_are_of() {
    loom::model(|| {
        let slot = Arc::new(Numbered::new());
        slot.write_task(1);
        let owner = {
            let slot = Arc::clone(&slot);
            thread::spawn(move || {
                slot.clear();
                slot.write_task(2);
            })
        };
        // Looks for the counters of one in the record of the other.
        let _ = slot.read_task();
        owner.join().unwrap();
        assert_eq!(slot.read_task(), Some(2));
    });
}

/// The task of the models below.
const ID: u64 = 3;

fn page() -> Arc<TaskPage> {
    let (place, type_name) = (Location::caller(), "");
    Arc::new(TaskPage::new(&TaskBirth {
        id: ID,
        parent: 0,
        place,
        type_name,
        home: 1,
        late: false,
    }))
}

/// A task is given a name, or asked to end, while it ends: neither outlives its page.
#[test]
fn a_page_that_closes_takes_what_is_noted_along() {
    for asks in [false, true] {
        loom::model(move || {
            let page = page();
            let other = {
                let page = Arc::clone(&page);
                thread::spawn(move || match asks {
                    true => page.note_asked(ID),
                    false => page.set_name(ID, "named"),
                })
            };
            page.close();
            other.join().unwrap();
            assert!(!is_named(ID) && !is_asked(ID), "left behind");
            assert_eq!(records(), []);
        });
    }
}

/// A request is noted while one before it turns out to be over: its task is marked if it is in the table.
#[test]
fn a_request_that_is_over_against_a_new_one() {
    loom::model(|| {
        let page = page();
        page.note_asked(ID);
        let other = {
            let page = Arc::clone(&page);
            thread::spawn(move || page.note_asked(ID))
        };
        page.forget_asked(ID);
        other.join().unwrap();
        assert!(page.is_asked() || !is_asked(ID), "nobody would take the note back");
        page.close();
        assert!(!is_asked(ID), "left behind");
    });
}
