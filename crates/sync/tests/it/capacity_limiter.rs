//! The limiter: loans, borrowers, a number of tokens that changes.

use std::sync::Arc;

use corio_base::park::block_on;
use corio_sync::{AlreadyBorrowing, Borrower, CapacityLimiter, TryBorrowError};

use crate::util::{Polled, waiting};

#[test]
fn tokens_are_lent_in_order() {
    let limiter = CapacityLimiter::new(1);
    let token = Polled::new(limiter.acquire()).ready();
    let mut first = waiting(limiter.acquire());
    let second = waiting(limiter.acquire());
    let mut third = waiting(limiter.acquire());
    assert_eq!(format!("{limiter:?}"), "CapacityLimiter [borrowed:1/1, waiters:3]");
    drop(second);
    drop(token);
    assert_eq!((first.wakes(), third.wakes()), (1, 0));
    drop(first.ready());
    drop(third.ready());
    let figures = limiter.statistics();
    assert_eq!((figures.borrowed_tokens, figures.tasks_waiting), (0, 0));
    assert_eq!(figures.borrowers, []);
}

#[test]
fn a_borrower_has_one_token() {
    let limiter = CapacityLimiter::new(2);
    let (me, other) = (Borrower::from(1), Borrower::from(2));
    let token = block_on(limiter.acquire_on_behalf_of(me)).unwrap();
    assert_eq!(token.borrower(), me);
    let error = block_on(limiter.acquire_on_behalf_of(me)).unwrap_err();
    assert_eq!(error.borrower, me);
    assert!(error.to_string().contains("release that first"), "{error}");
    assert_eq!(
        limiter.try_acquire_on_behalf_of(me).unwrap_err(),
        TryBorrowError::AlreadyBorrowing(error)
    );
    let second = limiter.try_acquire_on_behalf_of(other).unwrap();
    assert_eq!(limiter.statistics().borrowers, [me, other]);
    let none = limiter.try_acquire_on_behalf_of(Borrower::new()).unwrap_err();
    assert_eq!(none, TryBorrowError::NoTokens { total: 2, borrowed: 2 });

    // Who waits already does not wait twice.
    let third = Borrower::new();
    let mut wait = waiting(limiter.acquire_on_behalf_of(third));
    let again = Polled::new(limiter.acquire_on_behalf_of(third)).ready().unwrap_err();
    assert_eq!(again.borrower, third);
    drop(second);
    drop(wait.ready().unwrap());
    drop(token);
    let _: Result<_, AlreadyBorrowing> = block_on(limiter.acquire_on_behalf_of(me));
    assert_eq!(limiter.borrowed_tokens(), 0);
}

#[test]
fn the_number_of_tokens_changes() {
    let limiter = CapacityLimiter::new(0);
    let mut waits: Vec<_> = (0..4).map(|_| waiting(limiter.acquire())).collect();
    limiter.set_total_tokens(3);
    let tokens: Vec<_> = waits[..3].iter_mut().map(|wait| wait.ready()).collect();
    assert_eq!(waits[3].wakes(), 0);
    limiter.set_total_tokens(1);
    assert_eq!((limiter.total_tokens(), limiter.available_tokens()), (1, 0));
    let mut tokens = tokens.into_iter();
    drop(tokens.next());
    drop(tokens.next());
    assert_eq!((limiter.borrowed_tokens(), waits[3].wakes()), (1, 0));
    drop(tokens.next());
    drop(waits[3].ready());
    assert_eq!(limiter.available_tokens(), 1);
}

#[test]
fn a_cancelled_request_borrows_nothing() {
    let limiter = CapacityLimiter::new(1);
    let me = Borrower::new();
    let token = Polled::new(limiter.acquire()).ready();
    drop(waiting(limiter.acquire_on_behalf_of(me)));
    let mut next = waiting(limiter.acquire_on_behalf_of(me)); // its place in the book is free again
    let mut last = waiting(limiter.acquire());
    drop(token);
    assert_eq!(next.wakes(), 1);
    drop(next); // has the token, and has not looked
    drop(last.ready());
    assert_eq!(limiter.available_tokens(), 1);
    next = Polled::new(limiter.acquire_on_behalf_of(me));
    drop(next.ready().unwrap());
}

#[test]
fn tokens_released_by_hand() {
    let limiter = CapacityLimiter::new(1);
    let me = Borrower::new();
    let error = limiter.release_on_behalf_of(me).unwrap_err();
    assert_eq!(error.borrower, me);
    limiter.try_acquire_on_behalf_of(me).unwrap().forget();
    assert_eq!(limiter.release_on_behalf_of(me), Ok(()));
    // A token that was taken back is worth nothing, also when its borrower borrows again.
    let old = limiter.try_acquire_on_behalf_of(me).unwrap();
    limiter.release_on_behalf_of(me).unwrap();
    let new = limiter.try_acquire_on_behalf_of(me).unwrap();
    drop(old);
    assert_eq!(limiter.borrowed_tokens(), 1);
    drop(new);
    assert_eq!(limiter.borrowed_tokens(), 0);
    // Who waits has nothing to release.
    let _held = limiter.try_acquire_on_behalf_of(Borrower::new()).unwrap();
    let _wait = waiting(limiter.acquire_on_behalf_of(me));
    assert!(limiter.release_on_behalf_of(me).is_err());
}

#[test]
fn owned_tokens_and_threads() {
    let limiter = Arc::new(CapacityLimiter::new(2));
    std::thread::scope(|scope| {
        for number in 0..4 {
            let limiter = limiter.clone();
            scope.spawn(move || {
                for round in 0..500 {
                    let me = Borrower::from(number);
                    if round % 5 == 0 {
                        drop(Polled::new(limiter.acquire_on_behalf_of(me)).poll());
                    }
                    let token = block_on(limiter.clone().acquire_on_behalf_of_owned(me)).unwrap();
                    assert_eq!(token.borrower(), me);
                    assert!(limiter.borrowed_tokens() <= 2);
                }
            });
        }
    });
    assert_eq!(Arc::strong_count(&limiter), 1);
    assert_eq!(limiter.available_tokens(), 2);
}
