//! The lock for readers and writers: order, downgrade, cancelled waiters, guards.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use corio_base::park::block_on;
use corio_sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::util::{Polled, waiting};

#[test]
fn many_read_and_one_writes() {
    let lock = RwLock::new(1);
    let (one, other) = (Polled::new(lock.read()).ready(), lock.try_read().unwrap());
    assert_eq!(*one + *other, 2);
    assert!(lock.try_write().is_err());
    drop((one, other));
    let mut writer = Polled::new(lock.write()).ready();
    *writer = 5;
    assert!(lock.try_read().is_err() && lock.try_write().is_err());
    drop(writer);
    assert_eq!(lock.into_inner(), 5);
}

/// Neither side starves: a reader does not pass a writer that waits, nor a writer the readers.
#[test]
fn first_come_first_served() {
    let lock = RwLock::new(());
    let reading = lock.try_read().unwrap();
    let mut writer = waiting(lock.write());
    assert!(lock.try_read().is_err(), "a writer waits");
    let mut readers = [waiting(lock.read()), waiting(lock.read())];
    let mut last = waiting(lock.write());
    drop(reading);
    assert_eq!((writer.wakes(), readers[0].wakes(), last.wakes()), (1, 0, 0));
    drop(writer.ready());
    let guards = readers.each_mut().map(|reader| reader.ready());
    assert_eq!(last.wakes(), 0);
    drop(guards);
    drop(last.ready());
    drop(lock.try_write().unwrap());
}

#[test]
fn a_writer_that_gives_up_lets_the_readers_pass() {
    let lock = RwLock::new(());
    let reading = lock.try_read().unwrap();
    let writer = waiting(lock.write());
    let mut reader = waiting(lock.read());
    drop(writer);
    assert_eq!(reader.wakes(), 1);
    let other = reader.ready();
    drop((reading, other));

    // It has the lock already, and has not looked.
    let reading = lock.try_read().unwrap();
    let writer = waiting(lock.write());
    let mut readers = [waiting(lock.read()), waiting(lock.read())];
    drop(reading);
    drop(writer);
    let guards = readers.each_mut().map(|reader| reader.ready());
    drop(guards);
    drop(lock.try_write().unwrap());
}

#[test]
fn a_writer_goes_on_as_a_reader() {
    let lock = Arc::new(RwLock::new(1));
    let mut writer = lock.try_write().unwrap();
    let mut reader = waiting(lock.read());
    let mut next = waiting(lock.write());
    *writer = 2;
    let reading = writer.downgrade();
    assert_eq!((*reading, *reader.ready()), (2, 2));
    assert_eq!(next.wakes(), 0);
    drop(reading);
    drop(next.ready());

    let mut writer = block_on(lock.clone().write_owned());
    *writer = 3;
    let reading = writer.downgrade();
    assert_eq!(*reading + *block_on(lock.clone().read_owned()), 6);
    assert!(lock.clone().try_write_owned().is_err());
    drop(reading);
    assert_eq!(*lock.clone().try_read_owned().unwrap(), 3);
    drop(lock.clone().try_write_owned().unwrap());
    assert_eq!(Arc::strong_count(&lock), 1);
}

#[test]
fn guards_of_a_part() {
    let mut lock = RwLock::new((1, [2, 3]));
    let part = RwLockReadGuard::map(lock.try_read().unwrap(), |pair| &pair.1);
    assert!(lock.try_write().is_err());
    assert_eq!(*part, [2, 3]);
    drop(part);
    let writer = lock.try_write().unwrap();
    let mut part = RwLockWriteGuard::try_map(writer, |pair| pair.1.first_mut()).unwrap();
    *part = 7;
    assert!(lock.try_read().is_err());
    drop(part);
    let reader = RwLockReadGuard::try_map(lock.try_read().unwrap(), |_| None::<&i32>);
    drop(reader.unwrap_err());
    assert_eq!(lock.get_mut().1, [7, 3]);
    let writer = lock.try_write().unwrap();
    assert_eq!(format!("{lock:?}"), "RwLock { data: <locked>, .. }");
    drop(RwLockWriteGuard::map(writer, |pair| &mut pair.0));
    assert_eq!(format!("{lock:?}"), "RwLock { data: (1, [7, 3]), .. }");
}

#[test]
fn threads_read_and_write() {
    const THREADS: usize = 4;
    const ROUNDS: usize = 1000;
    let lock = RwLock::new((0, 0));
    let written = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for seed in 0..THREADS {
            let (lock, written) = (&lock, &written);
            scope.spawn(move || {
                let mut random = fastrand::Rng::with_seed(seed as u64);
                for _ in 0..ROUNDS {
                    match random.u8(0..4) {
                        0 => {
                            let mut pair = block_on(lock.write());
                            pair.0 += 1;
                            pair.1 += 1;
                            written.fetch_add(1, Ordering::Relaxed);
                        }
                        1 => {
                            if let Poll::Ready(mut pair) = Polled::new(lock.write()).poll() {
                                pair.0 += 1;
                                pair.1 += 1;
                                written.fetch_add(1, Ordering::Relaxed);
                            }
                        }
                        _ => {
                            let pair = lock.blocking_read();
                            assert_eq!(pair.0, pair.1, "half written");
                        }
                    }
                }
            });
        }
    });
    assert_eq!(lock.into_inner().0, written.into_inner());
}
