//! The channel for one value: every order in which the two ends can come and go.

use std::cell::RefCell;
use std::sync::Arc;
use std::task::Poll;

use corio_base::park::block_on;
use corio_sync::oneshot::{self, RecvError, TryRecvError};

use crate::util::{Polled, waiting};

#[test]
fn sent_before_and_after_it_is_awaited() {
    let (sender, receiver) = oneshot::channel();
    sender.send("early").unwrap();
    assert_eq!(block_on(receiver), Ok("early"));

    let (sender, receiver) = oneshot::channel();
    let mut receiver = waiting(receiver);
    sender.send(String::from("late")).unwrap();
    assert_eq!(receiver.wakes(), 1);
    assert_eq!(receiver.ready().as_deref(), Ok("late"));
    assert_eq!(receiver.wakers_out(), 0);
}

#[test]
fn a_dropped_sender_is_told() {
    let (sender, receiver) = oneshot::channel::<u32>();
    let mut receiver = waiting(receiver);
    drop(sender);
    assert_eq!(receiver.wakes(), 1);
    assert_eq!(receiver.ready(), Err(RecvError));
    let (sender, mut receiver) = oneshot::channel::<u32>();
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    drop(sender);
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Closed));
}

#[test]
fn what_nobody_takes_comes_back_or_is_dropped() {
    let value = Arc::new(());
    let (sender, receiver) = oneshot::channel();
    drop(receiver);
    assert!(sender.is_closed());
    assert!(sender.send(value.clone()).is_err());
    assert_eq!(Arc::strong_count(&value), 1);

    let (sender, receiver) = oneshot::channel();
    sender.send(value.clone()).unwrap();
    drop(receiver);
    assert_eq!(Arc::strong_count(&value), 1);

    let (sender, receiver) = oneshot::channel();
    let receiver = waiting(receiver);
    sender.send(value.clone()).unwrap();
    drop(receiver);
    assert_eq!(Arc::strong_count(&value), 1);
}

#[test]
fn closing_keeps_what_was_sent() {
    let (sender, mut receiver) = oneshot::channel();
    sender.send(1).unwrap();
    receiver.close();
    assert_eq!(receiver.try_recv(), Ok(1));
    assert!(receiver.is_terminated());
    let (sender, mut receiver) = oneshot::channel();
    receiver.close();
    assert_eq!(block_on(&mut receiver), Err(RecvError));
    assert_eq!(sender.send(2), Err(2));
}

#[test]
fn the_sender_sees_the_end() {
    let (mut sender, receiver) = oneshot::channel::<u32>();
    let mut closed = waiting(sender.closed());
    drop(receiver);
    assert_eq!(closed.wakes(), 1);
    closed.ready();
    drop(closed);
    // A waker that is left behind goes with the channel.
    let (mut sender, receiver) = oneshot::channel::<u32>();
    let closed = waiting(async move {
        sender.closed().await;
        sender
    });
    drop(closed);
    assert_eq!(block_on(receiver), Err(RecvError));
}

#[test]
fn another_waker_takes_the_place_of_the_first() {
    let (sender, receiver) = oneshot::channel();
    let mut receiver = waiting(receiver);
    let other = Polled::new(std::future::pending::<()>());
    assert!(receiver.poll_with(std::task::Waker::noop()).is_pending());
    assert_eq!(receiver.wakers_out(), 0, "the first waker is gone");
    sender.send(7).unwrap();
    assert_eq!((receiver.wakes(), other.wakes()), (0, 0));
    assert_eq!(receiver.poll(), Poll::Ready(Ok(7)));
}

#[test]
fn between_threads() {
    for round in 0..2_000 {
        let (sender, receiver) = oneshot::channel();
        std::thread::scope(|scope| {
            scope.spawn(move || {
                if round % 3 == 0 {
                    drop(sender);
                } else {
                    let _ = sender.send(Box::new(round));
                }
            });
            if round % 5 == 0 {
                drop(Polled::new(receiver).poll());
            } else {
                let received = block_on(receiver).ok().map(|value| *value);
                assert_eq!(received, (round % 3 != 0).then_some(round));
            }
        });
    }
}

#[test]
fn channels_that_end_as_their_thread_does() {
    /// Ends channels in its destructor, before or after what else the thread keeps is gone.
    struct Late(Vec<(oneshot::Sender<u64>, oneshot::Receiver<u64>)>);
    impl Drop for Late {
        fn drop(&mut self) {
            for (sender, receiver) in self.0.drain(..) {
                sender.send(7).unwrap();
                assert_eq!(block_on(receiver), Ok(7));
                let (sender, receiver) = oneshot::channel::<u64>();
                drop((receiver, sender));
            }
        }
    }
    std::thread_local! {
        static BEFORE: RefCell<Late> = const { RefCell::new(Late(Vec::new())) };
        static AFTER: RefCell<Late> = const { RefCell::new(Late(Vec::new())) };
    }
    let many = || (0..100).map(|_| oneshot::channel()).collect();
    for uses_some in [false, true] {
        let ended = std::thread::spawn(move || {
            BEFORE.with_borrow_mut(|late| late.0 = many());
            if uses_some {
                drop::<Vec<(oneshot::Sender<u64>, _)>>(many());
            }
            AFTER.with_borrow_mut(|late| late.0 = many());
        });
        ended.join().unwrap();
    }
}
