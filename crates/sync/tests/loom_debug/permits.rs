//! HELD in the word of `permits`: set and cleared with the book's table, while permits come and go.

use corio_base::loom::sync::Arc;
use corio_base::loom::thread;
use corio_sync::Semaphore;
use corio_trace::book::model::records;

use super::{block_on, explore};

/// Two have permits, and one gives back while the other takes: no note stays, and the word is what it was.
#[test]
fn notes_of_two_who_have_permits() {
    for permits in [1, 2] {
        explore(move || {
            let semaphore = Arc::new(Semaphore::new(permits));
            let permit = semaphore.try_acquire().unwrap();
            let other = {
                let semaphore = Arc::clone(&semaphore);
                thread::spawn(move || drop(block_on(semaphore.acquire()).unwrap()))
            };
            drop(permit);
            other.join().unwrap();
            assert_eq!(records(), [], "before the semaphore goes");
            assert_eq!(semaphore.available_permits(), permits);
        });
    }
}
