//! Models of the lock for readers and writers.

use corio_base::loom::sync::Arc;
use corio_base::loom::thread;
use corio_sync::RwLock;

use super::block_on;

/// Loom checks that nobody reads while one writes.
#[test]
fn readers_and_a_writer_that_goes_on_as_reader() {
    loom::model(|| {
        let lock = Arc::new(RwLock::new(loom::cell::UnsafeCell::new(0)));
        let read = |lock: &RwLock<loom::cell::UnsafeCell<u32>>| {
            block_on(lock.read()).with(|_| ());
        };
        let reader = {
            let lock = Arc::clone(&lock);
            thread::spawn(move || read(&lock))
        };
        let writer = block_on(lock.write());
        writer.with_mut(|_| ());
        let reading = writer.downgrade();
        reading.with(|_| ());
        drop(reading);
        read(&lock);
        reader.join().unwrap();
        assert!(lock.try_write().is_ok());
    });
}
