//! Models of the channels: the `words`, `ring` and `core` of a channel under `mpsc` and `channel`,
//! `shared` of `oneshot`, `broadcast` and `watch`.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc as StdArc;
use std::task::{Context, Poll, Waker};

use corio_base::loom::sync::Arc;
use corio_base::loom::thread;
use corio_sync::{broadcast, channel, mpsc, oneshot, watch};

use super::block_on;

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Two send to one place, the receiver waits: words, ring, both wakes.
#[test]
fn mpsc_two_senders_one_place() {
    loom::model(|| {
        let (sender, mut receiver) = mpsc::channel(1);
        let other = {
            let sender = sender.clone();
            thread::spawn(move || block_on(sender.send(1)).unwrap())
        };
        let receive = thread::spawn(move || {
            let sum = block_on(receiver.recv()).unwrap() + block_on(receiver.recv()).unwrap();
            assert_eq!(block_on(receiver.recv()), None);
            sum
        });
        block_on(sender.send(2)).unwrap();
        drop(sender);
        other.join().unwrap();
        assert_eq!(receive.join().unwrap(), 3);
    });
}

/// A receiver comes to wait at the moment something is sent, from the very first message on.
#[test]
fn mpsc_send_against_wait() {
    loom::model(|| {
        let (sender, mut receiver) = mpsc::channel(1);
        let other = thread::spawn(move || sender.try_send(7).unwrap());
        assert_eq!(block_on(receiver.recv()), Some(7));
        assert_eq!(block_on(receiver.recv()), None);
        other.join().unwrap();
    });
}

/// A sender that waits gives up while the receiver makes a place: the next one gets it.
#[test]
fn mpsc_place_against_cancel() {
    loom::model(|| {
        let (sender, mut receiver) = mpsc::channel(1);
        sender.try_send(0).unwrap();
        let mut gives_up = Box::pin(sender.send(1));
        let mut stays = pin!(sender.send(2));
        assert!(poll(gives_up.as_mut()).is_pending());
        assert!(poll(stays.as_mut()).is_pending());
        let receive = thread::spawn(move || {
            assert_eq!(receiver.try_recv(), Ok(0));
            receiver
        });
        drop(gives_up);
        assert_eq!(block_on(stays), Ok(()));
        let mut receiver = receive.join().unwrap();
        assert_eq!(receiver.try_recv(), Ok(2));
        assert_eq!(sender.capacity(), 1);
    });
}

/// The receiver goes while something is sent: the value comes back or is dropped, and never stays.
#[test]
fn mpsc_send_against_the_end() {
    loom::model(|| {
        let value = StdArc::new(());
        let (sender, receiver) = mpsc::channel(1);
        let permit = sender.clone().try_reserve_owned().unwrap();
        let other = thread::spawn(move || drop(receiver));
        drop(permit.send(value.clone()));
        drop(sender.try_send(value.clone()));
        other.join().unwrap();
        assert_eq!(StdArc::strong_count(&value), 1);
    });
}

/// An unbounded channel whose ring overflows while it is emptied keeps the order.
#[test]
fn unbounded_beside_the_ring() {
    loom::model(|| {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        let other = thread::spawn(move || {
            for number in 0..3 {
                sender.send(number).unwrap();
            }
        });
        for number in 0..3 {
            assert_eq!(block_on(receiver.recv()), Some(number));
        }
        assert_eq!(block_on(receiver.recv()), None);
        other.join().unwrap();
    });
}

/// Two receive what one sends, and one of them gives up: nothing is lost.
#[test]
fn channel_told_against_cancel() {
    loom::model(|| {
        let (sender, receiver) = channel::bounded(2);
        let mut gives_up = Box::pin(receiver.recv());
        assert!(poll(gives_up.as_mut()).is_pending());
        let other = thread::spawn(move || sender.try_send(1).unwrap());
        let stays = {
            let receiver = receiver.clone();
            thread::spawn(move || block_on(receiver.recv()))
        };
        drop(gives_up);
        other.join().unwrap();
        assert_eq!(stays.join().unwrap(), Ok(1));
    });
}

/// Two take by turns without the lock: each message once.
#[test]
fn channel_two_receivers() {
    loom::model(|| {
        let (sender, receiver) = channel::bounded(2);
        sender.try_send(1).unwrap();
        let other = {
            let receiver = receiver.clone();
            thread::spawn(move || receiver.try_recv().unwrap_or(0))
        };
        let sent = sender.try_send(2).is_ok();
        let mine = receiver.try_recv().unwrap_or(0);
        let all = mine + other.join().unwrap() + receiver.try_recv().unwrap_or(0);
        assert!(sent && all == 3, "{mine} {all}");
    });
}

/// A send against a receiver that waits, and against one that goes.
#[test]
fn oneshot_send_against_receive() {
    loom::model(|| {
        let value = StdArc::new(());
        let (sender, receiver) = oneshot::channel();
        let other = {
            let value = value.clone();
            thread::spawn(move || drop(sender.send(value)))
        };
        drop(block_on(receiver).unwrap());
        other.join().unwrap();
        assert_eq!(StdArc::strong_count(&value), 1);
    });
}

/// The receiver waits, waits with another waker, and goes, while something is sent.
#[test]
fn oneshot_send_against_drop() {
    loom::model(|| {
        let value = StdArc::new(());
        let (sender, mut receiver) = oneshot::channel();
        let other = {
            let value = value.clone();
            thread::spawn(move || drop(sender.send(value)))
        };
        let (_, waker) = super::wakes();
        drop(poll(Pin::new(&mut receiver)));
        if !receiver.is_terminated() {
            drop(Pin::new(&mut receiver).poll(&mut Context::from_waker(&waker)));
        }
        drop(receiver);
        other.join().unwrap();
        assert_eq!(StdArc::strong_count(&value), 1);
    });
}

/// The receiver comes back with another waker while something is sent: whichever was there is woken.
#[test]
fn oneshot_send_against_another_waker() {
    loom::model(|| {
        let (sender, mut receiver) = oneshot::channel();
        let other = thread::spawn(move || sender.send(1).unwrap());
        let first = poll(Pin::new(&mut receiver));
        let received = if first.is_ready() { first } else { Poll::Ready(block_on(receiver)) };
        assert_eq!(received, Poll::Ready(Ok(1)));
        other.join().unwrap();
    });
}

/// The sender waited for the receiver to go; then it sends while the receiver comes to wait.
#[test]
fn oneshot_sender_waits_and_sends() {
    loom::model(|| {
        let (mut sender, receiver) = oneshot::channel();
        let (wakes, waker) = super::wakes();
        assert!(sender.poll_closed(&mut Context::from_waker(&waker)).is_pending());
        drop(waker);
        let other = thread::spawn(move || sender.send(1).unwrap());
        assert_eq!(block_on(receiver), Ok(1));
        other.join().unwrap();
        assert_eq!((wakes.count(), StdArc::strong_count(&wakes)), (0, 1), "its waker is gone");
    });
}

/// Both ends wait for the other to go, and go.
#[test]
fn oneshot_both_ends_go() {
    loom::model(|| {
        let (mut sender, mut receiver) = oneshot::channel::<StdArc<()>>();
        let other = thread::spawn(move || {
            let closed = poll(pin!(sender.closed())).is_ready();
            (closed, sender.send(StdArc::new(())).is_err())
        });
        let received = poll(Pin::new(&mut receiver)).is_ready();
        drop(receiver);
        let (closed, refused) = other.join().unwrap();
        assert!(refused || !closed);
        assert!(!(received && refused));
    });
}

/// The receiver closes while the sender comes to wait for just that.
#[test]
fn oneshot_closed() {
    loom::model(|| {
        let (mut sender, receiver) = oneshot::channel::<u32>();
        let other = thread::spawn(move || drop(receiver));
        block_on(sender.closed());
        other.join().unwrap();
    });
}

/// A value is sent while one receiver comes to wait and another goes.
#[test]
fn broadcast_send_against_wait() {
    loom::model(|| {
        let value = StdArc::new(());
        let (sender, mut receiver) = broadcast::channel(1);
        let goes = sender.subscribe();
        let other = {
            let value = value.clone();
            thread::spawn(move || sender.send(value).unwrap())
        };
        let leaves = thread::spawn(move || drop(goes));
        drop(block_on(receiver.recv()).unwrap());
        assert!(block_on(receiver.recv()).is_err());
        other.join().unwrap();
        leaves.join().unwrap();
        assert_eq!(StdArc::strong_count(&value), 1);
    });
}

/// The value changes while a receiver comes to wait for it.
#[test]
fn watch_change_against_wait() {
    loom::model(|| {
        let (sender, mut receiver) = watch::channel(0);
        let other = thread::spawn(move || sender.send(1).unwrap());
        block_on(receiver.changed()).unwrap();
        assert_eq!(*receiver.borrow(), 1);
        assert!(block_on(receiver.changed()).is_err());
        other.join().unwrap();
    });
}

/// The last receiver goes while the sender comes to wait for just that.
#[test]
fn watch_closed() {
    loom::model(|| {
        let (sender, receiver) = watch::channel(0);
        let sender = Arc::new(sender);
        let other = thread::spawn(move || drop(receiver));
        block_on(sender.closed());
        other.join().unwrap();
        assert!(sender.is_closed());
    });
}

/// The receiver closes the channel and goes while a promised place is used: the value does not stay
/// behind.
#[test]
fn mpsc_permit_used_against_the_end() {
    loom::model(|| {
        let (sender, mut receiver) = mpsc::channel(1);
        let permit = sender.try_reserve().unwrap();
        let value = StdArc::new(());
        let sent = value.clone();
        let other = thread::spawn(move || {
            receiver.close();
            drop(receiver);
        });
        permit.send(sent);
        other.join().unwrap();
        assert_eq!(StdArc::strong_count(&value), 1, "left in a channel that nobody reads");
        drop(sender);
    });
}
