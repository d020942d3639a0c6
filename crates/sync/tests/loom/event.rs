//! Models of the event's word.

use corio_base::loom::sync::Arc;
use corio_base::loom::sync::atomic::{AtomicUsize, Ordering};
use corio_base::loom::thread;
use corio_sync::Event;

use super::block_on;

/// Set, and cleared at once or not, while somebody comes who waited before, or comes now.
#[test]
fn set_against_wait() {
    loom::model(|| {
        let shared = Arc::new((Event::new(), AtomicUsize::new(0)));
        let other = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                // Relaxed: the event has to carry it.
                shared.1.store(1, Ordering::Relaxed);
                shared.0.set();
            })
        };
        block_on(shared.0.wait());
        assert_eq!(shared.1.load(Ordering::Relaxed), 1);
        other.join().unwrap();
        assert!(shared.0.is_set());
    });
}

/// Two set it while one clears it: who waits in the end waits for the next one.
#[test]
fn set_against_set_and_clear() {
    loom::model(|| {
        let event = Arc::new(Event::new());
        let setter = {
            let event = Arc::clone(&event);
            thread::spawn(move || event.set())
        };
        let clearer = {
            let event = Arc::clone(&event);
            thread::spawn(move || event.clear())
        };
        event.set();
        setter.join().unwrap();
        clearer.join().unwrap();
        event.set();
        block_on(event.wait());
    });
}
