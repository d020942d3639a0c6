//! The mutex: exclusion, barging and its bound, cancelled waiters, guards.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Poll, RawWaker, RawWakerVTable, Waker};

use corio_base::park::block_on;
use corio_sync::{MappedMutexGuard, Mutex, MutexGuard, OwnedMutexGuard, TryLockError};

use crate::util::{Polled, waiting};

/// As `raw.rs` has it: so many wakes in vain, and the mutex is handed over.
const PASSED_MAX: usize = 8;

#[test]
fn edges_1_and_2_take_and_give() {
    let mutex = Mutex::new(1);
    let mut guard = Polled::new(mutex.lock()).ready();
    *guard += 1;
    assert!(mutex.locked());
    let _: TryLockError = mutex.try_lock().unwrap_err();
    drop(guard);
    assert!(!mutex.locked());
    assert_eq!(*mutex.try_lock().unwrap(), 2);
}

#[test]
fn edges_3_and_4_one_is_woken_and_takes() {
    let mutex = Mutex::new(());
    let guard = mutex.try_lock().unwrap();
    let mut waiters: Vec<_> = (0..3).map(|_| waiting(mutex.lock())).collect();
    drop(guard);
    assert!(!mutex.locked(), "anybody's");
    let wakes = |waiters: &[Polled<_>]| waiters.iter().map(Polled::wakes).collect::<Vec<_>>();
    assert_eq!(wakes(&waiters), [1, 0, 0]);
    // While one is awake already, who passes wakes nobody.
    drop(mutex.try_lock().unwrap());
    assert_eq!(wakes(&waiters), [1, 0, 0]);
    let guard = waiters[0].ready();
    assert!(mutex.locked());
    drop(guard);
    assert_eq!(wakes(&waiters), [1, 1, 0]);
    drop(waiters[1].ready());
    drop(waiters[2].ready());
    assert!(!mutex.locked());
    assert!(waiters.iter().all(|waiter| waiter.wakers_out() == 0));
}

#[test]
fn edge_5_after_some_wakes_in_vain_it_is_handed_over() {
    let mutex = Mutex::new(());
    let mut guard = mutex.try_lock().unwrap();
    let mut first = waiting(mutex.lock());
    let mut second = waiting(mutex.lock());
    for passed in 1..=PASSED_MAX {
        drop(guard);
        assert_eq!(first.wakes(), passed);
        guard = mutex.try_lock().expect("a barger passes");
        assert!(first.poll().is_pending());
    }
    drop(guard);
    assert!(mutex.locked(), "handed over, not unlocked");
    assert!(mutex.try_lock().is_err());
    let newcomer = waiting(mutex.lock());
    assert_eq!((first.wakes(), second.wakes(), newcomer.wakes()), (PASSED_MAX + 1, 0, 0));
    drop(first.ready());
    assert_eq!((second.wakes(), newcomer.wakes()), (1, 0));
    drop(second.ready());
    drop(newcomer);
    drop(mutex.try_lock().unwrap());
}

/// One that is owed the mutex, or has it, leaves: the others get it as if it had not been there.
#[test]
fn an_owed_waiter_that_leaves_owes_nothing() {
    for handed in [false, true] {
        let mutex = Mutex::new(());
        let mut guard = mutex.try_lock().unwrap();
        let mut first = waiting(mutex.lock());
        let mut second = waiting(mutex.lock());
        for _ in 0..PASSED_MAX {
            drop(guard);
            guard = mutex.try_lock().unwrap();
            assert!(first.poll().is_pending());
        }
        if handed {
            drop(guard);
            drop(first);
        } else {
            drop(first);
            drop(guard);
        }
        assert_eq!(second.wakes(), 1);
        drop(mutex.try_lock().expect("a barger may pass the second"));
        drop(second.ready());
        assert!(!mutex.locked());
    }
}

#[test]
fn a_cancelled_waiter_hands_its_wake_on() {
    let mutex = Mutex::new(());
    let guard = mutex.try_lock().unwrap();
    let first = waiting(mutex.lock());
    let second = waiting(mutex.lock());
    let mut third = waiting(mutex.lock());
    drop(second); // still waits
    drop(guard);
    assert_eq!((first.wakes(), third.wakes()), (1, 0));
    let barger = mutex.try_lock().unwrap();
    drop(first); // was woken, and has not tried
    assert_eq!(third.wakes(), 0, "the barger's unlock wakes it");
    drop(barger);
    assert_eq!(third.wakes(), 1);
    drop(third.ready());

    let guard = mutex.try_lock().unwrap();
    let first = waiting(mutex.lock());
    let mut second = waiting(mutex.lock());
    drop(guard);
    drop(first); // was woken, and nobody holds it
    assert_eq!(second.wakes(), 1);
    drop(second.ready());
    assert!(!mutex.locked());
}

/// One that was woken in vain waits in the seat, before the queue.
#[test]
fn a_waiter_in_the_seat() {
    let mutex = Mutex::new(());
    let mut guard = mutex.try_lock().unwrap();
    let mut first = waiting(mutex.lock());
    let mut second = waiting(mutex.lock());
    drop(guard);
    guard = mutex.try_lock().unwrap();
    assert!(first.poll().is_pending());
    assert_eq!(format!("{mutex:?}"), "Mutex { data: <locked>, waiters: 2 }");
    // Polled for another reason, with the same waker: no wake in vain is counted, no waker cloned.
    for _ in 0..2 * PASSED_MAX {
        assert!(first.poll().is_pending());
    }
    assert_eq!((first.wakes(), first.wakers_out()), (1, 1));
    // With another one: the last waker counts.
    assert!(first.poll_with(Waker::noop()).is_pending());
    assert_eq!(first.wakers_out(), 0);
    drop(guard);
    assert_eq!((first.wakes(), second.wakes()), (1, 0));
    guard = mutex.try_lock().expect("not owed to anybody yet");
    assert!(first.poll().is_pending());
    // It gives up: the queue moves up.
    drop(first);
    drop(guard);
    assert_eq!(second.wakes(), 1);
    drop(second.ready());
    assert!(!mutex.locked());
}

/// A waker that panics when it is cloned.
fn panics_on_clone() -> Waker {
    static TABLE: RawWakerVTable =
        RawWakerVTable::new(|_| panic!("no clones"), |_| (), |_| (), |_| ());
    // SAFETY: no function touches the data.
    unsafe { Waker::from_raw(RawWaker::new(std::ptr::null(), &TABLE)) }
}

#[test]
fn a_waker_that_panics_leaves_the_others_their_turn() {
    let mutex = Mutex::new(());
    let guard = mutex.try_lock().unwrap();
    let mut first = waiting(mutex.lock());
    let mut second = waiting(mutex.lock());
    drop(guard);
    let guard = mutex.try_lock().unwrap();
    // Woken, it finds the mutex taken, and cannot queue again.
    let waker = panics_on_clone();
    let poll = catch_unwind(AssertUnwindSafe(|| first.poll_with(&waker).is_ready()));
    assert!(poll.is_err());
    drop(guard);
    assert_eq!(second.wakes(), 1);
    drop(second.ready());
    drop(first.ready());
}

#[test]
fn a_panic_unlocks_and_does_not_poison() {
    let mutex = Mutex::new(1);
    let result = catch_unwind(AssertUnwindSafe(|| {
        *mutex.try_lock().unwrap() = 2;
        let _guard = mutex.try_lock().unwrap();
        panic!("while it is held");
    }));
    assert!(result.is_err());
    assert_eq!(*mutex.try_lock().unwrap(), 2);
    assert_eq!(mutex.into_inner(), 2);
}

#[test]
fn owned_and_mapped_guards() {
    let mutex = Arc::new(Mutex::new((1, Some("a".to_string()))));
    let guard = block_on(mutex.clone().lock_owned());
    assert!(mutex.clone().try_lock_owned().is_err());
    assert!(Arc::ptr_eq(OwnedMutexGuard::source(&guard), &mutex));
    let mut waiter = waiting(mutex.clone().lock_owned());
    drop(guard);
    waiter.ready().0 = 2;

    let guard = mutex.try_lock().unwrap();
    assert!(std::ptr::eq(MutexGuard::source(&guard), &*mutex));
    let text = MutexGuard::map(guard, |pair| &mut pair.1);
    let text = MappedMutexGuard::try_map(text, Option::as_mut).unwrap();
    let mut text = MappedMutexGuard::map(text, |text| text);
    text.push('b');
    assert!(mutex.locked());
    drop(text);
    let guard = mutex.try_lock().unwrap();
    let guard = MutexGuard::try_map(guard, |_| None::<&mut i32>).unwrap_err();
    assert_eq!(*guard, (2, Some("ab".to_string())));
    drop(guard);
    assert_eq!(*mutex.clone().blocking_lock_owned(), (2, Some("ab".to_string())));
    assert_eq!(Arc::into_inner(mutex).unwrap().into_inner().0, 2);
}

#[test]
fn unsized_data_and_debug() {
    let mutex: Arc<Mutex<[i32]>> = Arc::new(Mutex::new([1, 2]));
    let mut guard = mutex.try_lock().unwrap();
    guard[0] = 7;
    assert_eq!(format!("{guard:?}"), "[7, 2]");
    let waiter = waiting(mutex.lock());
    assert_eq!(format!("{mutex:?}"), "Mutex { data: <locked>, waiters: 1 }");
    drop(waiter);
    drop(guard);
    assert_eq!(format!("{mutex:?}"), "Mutex { data: [7, 2], waiters: 0 }");
}

#[test]
fn blocking_inside_a_task_is_refused() {
    let mutex = Mutex::new(());
    let guard = mutex.try_lock().unwrap();
    let _poll = corio_base::current::enter_without_task();
    let result = catch_unwind(AssertUnwindSafe(|| drop(mutex.blocking_lock())));
    let message = *result.unwrap_err().downcast::<String>().unwrap();
    assert!(message.contains("use `lock().await`"), "{message}");
    drop(guard);
    drop(mutex.blocking_lock()); // does not block, so nobody is harmed
}

/// Threads that lock, wait, give up, try and pass each other.
#[test]
fn threads_exclude_each_other() {
    const THREADS: usize = 4;
    const ROUNDS: usize = 2000;
    let (mutex, inside) = (Mutex::new(0), AtomicBool::new(false));
    let add = |mut guard: MutexGuard<'_, usize>| {
        assert!(!inside.swap(true, Ordering::Relaxed), "two inside");
        *guard += 1;
        inside.store(false, Ordering::Relaxed);
    };
    let added = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|seed| {
                let (mutex, add) = (&mutex, &add);
                scope.spawn(move || {
                    let mut random = fastrand::Rng::with_seed(seed as u64);
                    let mut added = 0;
                    for _ in 0..ROUNDS {
                        match random.u8(0..4) {
                            0 => match Polled::new(mutex.lock()).poll() {
                                Poll::Ready(guard) => add(guard),
                                Poll::Pending => continue,
                            },
                            1 => match mutex.try_lock() {
                                Ok(guard) => add(guard),
                                Err(TryLockError { .. }) => continue,
                            },
                            2 => add(mutex.blocking_lock()),
                            _ => add(block_on(mutex.lock())),
                        }
                        added += 1;
                    }
                    added
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum::<usize>()
    });
    assert!(!mutex.locked());
    assert_eq!(mutex.into_inner(), added);
}

/// What is shared by threads or moved between them; that it compiles is the test.
#[test]
fn futures_and_guards_can_be_sent() {
    fn sent<T: Send + Sync>(_: &T) {}
    let (mutex, lock) = (Arc::new(Mutex::new(0)), corio_sync::Lock::new());
    let (condition, rw) = (corio_sync::Condition::new(), Arc::new(corio_sync::RwLock::new(0)));
    let cell = corio_sync::OnceCell::<i32>::new();
    sent(&mutex.lock());
    sent(&mutex.clone().lock_owned());
    sent(&condition.wait(mutex.try_lock().unwrap()));
    sent(&condition.wait(lock.try_lock().unwrap()));
    sent(&condition.wait_for(mutex.clone().try_lock_owned().unwrap(), |_| true));
    sent(&MutexGuard::map(mutex.try_lock().unwrap(), |number| number));
    sent(&(rw.read(), rw.write(), rw.clone().read_owned(), rw.clone().write_owned()));
    sent(&rw.try_read().unwrap());
    sent(&cell.get_or_init(|| std::future::ready(1)));
    sent(&cell.wait());
}
