//! Models of the barrier: rounds that cross, and resets.

use corio_base::loom::sync::Arc;
use corio_base::loom::thread;
use corio_sync::Barrier;

use super::block_on;

/// Two meet twice: the second round waits for the first to leave.
#[test]
fn two_rounds_of_two() {
    loom::model(|| {
        let barrier = Arc::new(Barrier::new(2));
        let other = {
            let barrier = Arc::clone(&barrier);
            thread::spawn(move || [(); 2].map(|()| block_on(barrier.wait()).unwrap().index()))
        };
        let mine = [(); 2].map(|()| block_on(barrier.wait()).unwrap().index());
        let theirs = other.join().unwrap();
        assert!(mine.iter().zip(theirs).all(|(mine, theirs)| mine + theirs == 1));
    });
}

/// A reset crosses a wait: it fails, or waits for the others.
#[test]
fn reset_against_wait() {
    loom::model(|| {
        let barrier = Arc::new(Barrier::new(2));
        let other = {
            let barrier = Arc::clone(&barrier);
            thread::spawn(move || barrier.reset())
        };
        let mut wait = Box::pin(barrier.wait());
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let first = wait.as_mut().poll(&mut context);
        other.join().unwrap();
        assert!(first.is_pending() || first == std::task::Poll::Ready(Err(reset())));
        drop(wait);
        assert_eq!(format!("{:?}", *barrier), "Barrier [filling, waiters:0/2]");
    });
}

fn reset() -> corio_sync::BrokenBarrier {
    corio_sync::BrokenBarrier::Reset
}
