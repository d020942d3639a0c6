//! Edges 7 and 8 of `shared`: RECORDED, set and cleared while the sender comes to its end.

use std::pin::Pin;
use std::sync::Arc as StdArc;
use std::task::{Poll, Waker};

use corio_sync::oneshot::{self, RecvError, TryRecvError};

use super::{beside, explore, granted, next_wait, poll, wakes};

/// Ended, with a value or without, while the receiver comes to wait: it is ready, or it is woken and its record
/// says so.
#[test]
fn an_end_against_the_first_poll() {
    for sends in [true, false] {
        explore(move || {
            let (sender, mut receiver) = oneshot::channel();
            let (other, gate) = beside(move || match sends {
                true => sender.send(1).unwrap(),
                false => drop(sender),
            });
            let (count, waker) = wakes();
            gate.pass();
            let first = poll(Pin::new(&mut receiver), &waker);
            other.join().unwrap();
            let result = if sends { Ok(1) } else { Err(RecvError) };
            if first.is_pending() {
                assert_eq!((count.count(), granted()), (1, vec![true]), "neither seen nor told");
                assert_eq!(poll(Pin::new(&mut receiver), &waker), Poll::Ready(result));
            } else {
                assert_eq!(first, Poll::Ready(result));
            }
            assert_eq!(granted(), [], "before the receiver goes");
        });
    }
}

/// Ended while the receiver is polled for another reason, perhaps with another waker.
#[test]
fn an_end_against_another_poll() {
    for same_waker in [true, false] {
        explore(move || {
            let (sender, mut receiver) = oneshot::channel();
            let ((_, old), (count, new)) = (wakes(), wakes());
            let old = if same_waker { &new } else { &old };
            assert!(poll(Pin::new(&mut receiver), old).is_pending());
            let (other, gate) = beside(move || sender.send(1).unwrap());
            gate.pass();
            let again = poll(Pin::new(&mut receiver), &new);
            other.join().unwrap();
            if again.is_pending() {
                assert_eq!((count.count(), granted()), (1, vec![true]), "neither seen nor told");
                assert_eq!(poll(Pin::new(&mut receiver), &new), Poll::Ready(Ok(1)));
            } else {
                assert_eq!(again, Poll::Ready(Ok(1)));
            }
            assert_eq!(granted(), [], "before the receiver goes");
        });
    }
}

/// Sent while the receiver goes, whose number another wait has then: that one is not marked, and the sender is at
/// nothing that was freed.
#[test]
fn a_send_against_the_receivers_end() {
    explore(|| {
        let value = StdArc::new(());
        let (sender, mut receiver) = oneshot::channel();
        assert!(poll(Pin::new(&mut receiver), Waker::noop()).is_pending());
        let (other, gate) = beside({
            let value = value.clone();
            move || drop(sender.send(value))
        });
        gate.pass();
        drop(receiver);
        gate.pass();
        let next = next_wait();
        other.join().unwrap();
        assert_eq!(granted(), [false], "marked in place of one that has gone");
        drop(next);
        assert_eq!(StdArc::strong_count(&value), 1);
    });
}

/// Sent while the receiver looks without waiting: it takes the value with the record, or leaves both.
#[test]
fn a_send_against_a_look() {
    explore(|| {
        let (sender, mut receiver) = oneshot::channel();
        assert!(poll(Pin::new(&mut receiver), Waker::noop()).is_pending());
        let (other, gate) = beside(move || sender.send(1).unwrap());
        gate.pass();
        let looked = receiver.try_recv();
        gate.pass();
        let next = next_wait();
        other.join().unwrap();
        if looked.is_ok() {
            assert_eq!((looked, granted()), (Ok(1), vec![false]), "marked in place of another");
        } else {
            assert_eq!((looked, granted()), (Err(TryRecvError::Empty), vec![true, false]));
            assert_eq!(receiver.try_recv(), Ok(1));
        }
        drop(next);
        assert_eq!(granted(), [], "before the receiver goes");
    });
}
