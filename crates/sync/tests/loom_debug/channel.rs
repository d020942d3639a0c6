//! The `core` of a channel with one receiver, who waits without a node: what marks its wait lies by its waker.

use std::task::{Poll, Waker};

use corio_base::loom::thread::JoinHandle;
use corio_sync::mpsc::{self, Sender};

use super::{Gate, beside, explore, granted, next_wait, poll, wakes};

/// Sends from another thread; the channel stays open.
fn send(sender: Sender<u32>) -> (JoinHandle<Sender<u32>>, Gate) {
    beside(move || {
        sender.try_send(1).unwrap();
        sender
    })
}

/// Sent while the receiver comes to wait, or is polled again with another waker: it has the message, or is woken
/// and its record says so.
#[test]
fn a_message_against_a_poll() {
    for is_first in [true, false] {
        explore(move || {
            let (sender, mut receiver) = mpsc::channel(1);
            let mut recv = Box::pin(receiver.recv());
            if !is_first {
                assert!(poll(recv.as_mut(), Waker::noop()).is_pending());
            }
            let (other, gate) = send(sender);
            let (count, waker) = wakes();
            gate.pass();
            let polled = poll(recv.as_mut(), &waker);
            let _sender = other.join().unwrap();
            if polled.is_pending() {
                assert_eq!((count.count(), granted()), (1, vec![true]), "neither seen nor told");
                assert_eq!(poll(recv.as_mut(), &waker), Poll::Ready(Some(1)));
            }
            assert_eq!(granted(), [], "before the future goes");
        });
    }
}

/// Sent while the future that waits goes, and its number is another wait's then: that one is not marked.
#[test]
fn a_message_against_a_drop() {
    explore(|| {
        let (sender, mut receiver) = mpsc::channel(1);
        let mut recv = Box::pin(receiver.recv());
        assert!(poll(recv.as_mut(), Waker::noop()).is_pending());
        let (other, gate) = send(sender);
        gate.pass();
        drop(recv);
        gate.pass();
        let next = next_wait();
        let _sender = other.join().unwrap();
        assert_eq!(granted(), [false], "marked in place of one that has gone");
        drop(next);
        assert_eq!(receiver.try_recv(), Ok(1));
    });
}
