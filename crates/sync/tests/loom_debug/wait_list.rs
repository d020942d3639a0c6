//! A `waiter` in the list: GRANTED_RECORDED.

use std::pin::pin;
use std::task::Waker;

use corio_base::loom::sync::Arc;
use corio_base::loom::thread::JoinHandle;
use corio_sync::{Event, Semaphore};

use super::{Gate, beside, explore, granted, next_wait, poll, wakes};

fn add_permit(semaphore: &Arc<Semaphore>) -> (JoinHandle<()>, Gate) {
    let semaphore = Arc::clone(semaphore);
    beside(move || semaphore.add_permits(1))
}

/// Granted while it comes to wait: it has the permit, or is woken and its record says so.
#[test]
fn a_grant_against_the_first_poll() {
    explore(|| {
        let semaphore = Arc::new(Semaphore::new(0));
        let (other, gate) = add_permit(&semaphore);
        let (count, waker) = wakes();
        let mut acquire = pin!(semaphore.acquire());
        gate.pass();
        let first = poll(acquire.as_mut(), &waker);
        other.join().unwrap();
        if first.is_pending() {
            assert_eq!((count.count(), granted()), (1, vec![true]), "neither seen nor told");
            assert!(poll(acquire.as_mut(), &waker).is_ready());
        }
        assert_eq!(granted(), [], "before the future goes");
    });
}

/// Granted while it is polled for another reason, with another waker.
#[test]
fn a_grant_against_another_poll() {
    explore(|| {
        let semaphore = Arc::new(Semaphore::new(0));
        let mut acquire = pin!(semaphore.acquire());
        assert!(poll(acquire.as_mut(), Waker::noop()).is_pending());
        let (other, gate) = add_permit(&semaphore);
        let (count, waker) = wakes();
        gate.pass();
        let again = poll(acquire.as_mut(), &waker);
        gate.pass();
        let next = next_wait();
        other.join().unwrap();
        if again.is_pending() {
            assert_eq!((count.count(), granted()), (1, vec![true, false]), "neither seen nor told");
            assert!(poll(acquire.as_mut(), &waker).is_ready());
        }
        assert_eq!(granted(), [false], "marked in place of one that was ready");
        drop(next);
        assert_eq!(granted(), [], "before the future goes");
    });
}

/// Granted while it gives up, and its number is another wait's then: that one is not marked.
#[test]
fn a_grant_against_a_drop() {
    explore(|| {
        let semaphore = Arc::new(Semaphore::new(0));
        let mut acquire = Box::pin(semaphore.acquire());
        assert!(poll(acquire.as_mut(), Waker::noop()).is_pending());
        let (other, gate) = add_permit(&semaphore);
        gate.pass();
        drop(acquire);
        gate.pass();
        let next = next_wait();
        other.join().unwrap();
        assert_eq!(granted(), [false], "marked in place of one that has gone");
        drop(next);
        assert_eq!(semaphore.available_permits(), 1);
    });
}

/// All are granted while one is polled for another reason: it is woken, and keeps nothing from others.
#[test]
fn a_grant_to_all_against_another_poll() {
    explore(|| {
        let event = Arc::new(Event::new());
        let mut wait = pin!(event.wait());
        assert!(poll(wait.as_mut(), Waker::noop()).is_pending());
        let (other, gate) = beside({
            let event = Arc::clone(&event);
            move || event.set()
        });
        let (count, waker) = wakes();
        gate.pass();
        let again = poll(wait.as_mut(), &waker);
        other.join().unwrap();
        if again.is_pending() {
            assert_eq!((count.count(), granted()), (1, vec![false]));
            assert!(poll(wait.as_mut(), &waker).is_ready());
        }
        assert_eq!(granted(), [], "before the future goes");
    });
}
