//! The semaphore: counting, order, cancelled waiters, closing.

use std::sync::Arc;

use corio_base::park::block_on;
use corio_sync::{AcquireError, Semaphore, TryAcquireError};

use crate::util::{Polled, waiting};

#[test]
fn permits_are_counted() {
    let semaphore = Semaphore::new(3);
    let one = semaphore.try_acquire().unwrap();
    let two = semaphore.try_acquire_many(2).unwrap();
    assert_eq!(semaphore.try_acquire().unwrap_err(), TryAcquireError::NoPermits);
    assert!(semaphore.locked());
    drop(two);
    assert_eq!((semaphore.available_permits(), semaphore.locked()), (2, false));
    one.forget();
    assert_eq!(semaphore.available_permits(), 2);
    semaphore.add_permits(5);
    assert_eq!(semaphore.available_permits(), 7);
    assert_eq!(semaphore.forget_permits(4), 4);
    assert_eq!(semaphore.forget_permits(4), 3);
    assert_eq!(semaphore.available_permits(), 0);
}

#[test]
fn debug_says_what_asyncio_says() {
    let semaphore = Semaphore::new(2);
    assert_eq!(format!("{semaphore:?}"), "Semaphore [unlocked, value:2]");
    semaphore.forget_permits(2);
    assert_eq!(format!("{semaphore:?}"), "Semaphore [locked]");
    let _waiter = waiting(semaphore.acquire());
    assert_eq!(format!("{semaphore:?}"), "Semaphore [locked, waiters:1]");
}

#[test]
fn permits_merge_and_split() {
    let semaphore = Arc::new(Semaphore::new(4));
    let mut permit = semaphore.try_acquire_many(3).unwrap();
    let part = permit.split(2).unwrap();
    assert!(permit.split(2).is_none());
    assert_eq!((permit.num_permits(), part.num_permits()), (1, 2));
    drop(part);
    assert_eq!(semaphore.available_permits(), 3);
    permit.merge(semaphore.try_acquire().unwrap());
    drop(permit);
    assert_eq!(semaphore.available_permits(), 4);

    let mut permit = block_on(semaphore.clone().acquire_many_owned(3)).unwrap();
    let part = permit.split(1).unwrap();
    permit.merge(part);
    permit.merge(semaphore.clone().try_acquire_owned().unwrap());
    assert_eq!((permit.num_permits(), semaphore.available_permits()), (4, 0));
    permit.split(1).unwrap().forget();
    drop(permit);
    assert_eq!(semaphore.available_permits(), 3);
}

#[test]
#[should_panic(expected = "merge those of one")]
fn permits_of_two_do_not_merge() {
    let (one, other) = (Semaphore::new(1), Semaphore::new(1));
    one.try_acquire().unwrap().merge(other.try_acquire().unwrap());
}

#[test]
fn too_many_permits_are_a_panic_that_leaves_the_rest() {
    let semaphore = Semaphore::new(Semaphore::MAX_PERMITS);
    let add = std::panic::catch_unwind(|| semaphore.add_permits(1));
    assert!(add.is_err());
    let ask = std::panic::catch_unwind(|| drop(semaphore.acquire_many(usize::MAX)));
    assert!(ask.is_err());
    assert_eq!(semaphore.available_permits(), Semaphore::MAX_PERMITS);
    assert_eq!(
        block_on(semaphore.acquire_many(Semaphore::MAX_PERMITS)).unwrap().num_permits(),
        Semaphore::MAX_PERMITS
    );
}

#[test]
fn a_big_request_is_not_passed_by_small_ones() {
    let semaphore = Semaphore::new(0);
    let mut big = waiting(semaphore.acquire_many(3));
    let mut small = waiting(semaphore.acquire());
    semaphore.add_permits(2);
    assert_eq!((big.wakes(), small.wakes()), (0, 0));
    assert_eq!(semaphore.try_acquire().unwrap_err(), TryAcquireError::NoPermits);
    semaphore.add_permits(2);
    assert_eq!((big.wakes(), small.wakes()), (1, 1));
    let (big, small) = (big.ready().unwrap(), small.ready().unwrap());
    assert_eq!(semaphore.available_permits(), 0);
    drop((big, small));
    assert_eq!(semaphore.available_permits(), 4);
}

#[test]
fn a_big_request_that_leaves_lets_the_small_ones_pass() {
    let semaphore = Semaphore::new(2);
    let big = waiting(semaphore.acquire_many(3));
    let mut small: Vec<_> = (0..3).map(|_| waiting(semaphore.acquire())).collect();
    drop(big);
    let wakes: Vec<_> = small.iter().map(|waiter| waiter.wakes()).collect();
    assert_eq!(wakes, [1, 1, 0]);
    let permit = small[0].ready().unwrap();
    drop(permit);
    assert_eq!(small[2].wakes(), 1);
    drop(small);
    assert_eq!(semaphore.available_permits(), 2);
    drop(semaphore.try_acquire().unwrap());
}

#[test]
fn a_grant_nobody_took_goes_on() {
    let semaphore = Semaphore::new(0);
    let first = waiting(semaphore.acquire_many(2));
    let mut second = waiting(semaphore.acquire());
    let mut third = waiting(semaphore.acquire());
    semaphore.add_permits(2);
    assert_eq!((first.wakes(), second.wakes(), third.wakes()), (1, 0, 0));
    drop(first);
    assert_eq!((second.wakes(), third.wakes()), (1, 1));
    drop((second.ready(), third.ready()));
    assert_eq!(semaphore.available_permits(), 2);
}

#[test]
fn closing_refuses_those_who_wait_and_those_who_come() {
    let semaphore = Semaphore::new(1);
    let permit = semaphore.try_acquire().unwrap();
    let mut waiter = waiting(semaphore.acquire());
    let gone = waiting(semaphore.acquire());
    semaphore.close();
    assert!(semaphore.is_closed());
    assert_eq!(waiter.wakes(), 1);
    drop(gone);
    let _: AcquireError = waiter.ready().unwrap_err();
    assert!(Polled::new(semaphore.acquire()).ready().is_err());
    assert_eq!(semaphore.try_acquire().unwrap_err(), TryAcquireError::Closed);
    drop(permit);
    assert_eq!(semaphore.available_permits(), 1);
}

#[test]
fn a_grant_made_before_closing_stays_good() {
    let semaphore = Semaphore::new(0);
    let mut waiter = waiting(semaphore.acquire());
    semaphore.add_permits(1);
    semaphore.close();
    assert!(waiter.ready().is_ok());
}

#[test]
fn ten_thousand_waiters() {
    const WAITERS: usize = 10_000;
    let semaphore = Semaphore::new(0);
    let mut waiters: Vec<_> = (0..WAITERS).map(|_| waiting(semaphore.acquire())).collect();
    // Every third leaves, from all over the queue.
    let mut at = 0;
    waiters.retain(|_| {
        at += 1;
        at % 3 != 0
    });
    let left = waiters.len();
    semaphore.add_permits(left);
    for waiter in &mut waiters {
        assert_eq!(waiter.wakes(), 1);
        waiter.ready().unwrap().forget();
    }
    assert_eq!(semaphore.available_permits(), 0);
}

#[test]
fn random_comings_and_goings_lose_no_permit() {
    const PERMITS: usize = 5;
    for seed in 0..50 {
        let mut random = fastrand::Rng::with_seed(seed);
        let semaphore = Semaphore::new(PERMITS);
        let (mut waiters, mut permits) = (Vec::new(), Vec::new());
        for _ in 0..500 {
            match random.u8(0..5) {
                0 | 1 => {
                    waiters.push(Polled::new(semaphore.acquire_many(random.usize(0..=PERMITS))))
                }
                2 if !waiters.is_empty() => {
                    drop(waiters.swap_remove(random.usize(0..waiters.len())));
                }
                3 if !permits.is_empty() => {
                    drop(permits.swap_remove(random.usize(0..permits.len())));
                }
                _ if !waiters.is_empty() => {
                    let at = random.usize(0..waiters.len());
                    if let std::task::Poll::Ready(permit) = waiters[at].poll() {
                        permits.push(permit.unwrap());
                        drop(waiters.swap_remove(at));
                    }
                }
                _ => {}
            }
            let out: usize = permits.iter().map(|permit| permit.num_permits()).sum();
            assert!(out + semaphore.available_permits() <= PERMITS, "seed {seed}");
        }
        drop(waiters);
        drop(permits);
        assert_eq!(semaphore.available_permits(), PERMITS, "seed {seed}");
        drop(semaphore.try_acquire_many(PERMITS).unwrap());
    }
}
