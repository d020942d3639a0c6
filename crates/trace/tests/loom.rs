//! Models of the book's slot: a reader believes whole writes only.
#![cfg(loom)]

use corio_trace::book::model::Numbered;
use loom::sync::Arc;
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
