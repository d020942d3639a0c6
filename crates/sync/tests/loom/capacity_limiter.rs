//! A model of the limiter: a token crosses one that gives up.

use std::task::{Context, Waker};

use corio_base::loom::sync::Arc;
use corio_base::loom::thread;
use corio_sync::{Borrower, CapacityLimiter};

use super::Future;

#[test]
fn return_against_cancel() {
    loom::model(|| {
        let limiter = Arc::new(CapacityLimiter::new(1));
        let me = Borrower::from(1);
        limiter.try_acquire_on_behalf_of(Borrower::from(2)).unwrap().forget();
        let other = {
            let limiter = Arc::clone(&limiter);
            thread::spawn(move || limiter.release_on_behalf_of(Borrower::from(2)).unwrap())
        };
        let mut acquire = Box::pin(limiter.acquire_on_behalf_of(me));
        let poll = acquire.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        drop(acquire);
        drop(poll);
        other.join().unwrap();
        drop(limiter.try_acquire_on_behalf_of(me).expect("the token is there"));
        assert_eq!(limiter.available_tokens(), 1);
    });
}
