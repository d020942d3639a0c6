//! The channel from many to many: each message to one, none lost by those who give up.

use std::sync::atomic::{AtomicUsize, Ordering};

use corio_base::park::block_on;
use corio_sync::channel::{self, RecvError, SendError, TryRecvError};
use futures::StreamExt;

use crate::util::{Polled, waiting};

#[test]
fn receivers_are_told_in_order() {
    let (sender, receiver) = channel::bounded(4);
    let other = receiver.clone();
    let mut one = waiting(receiver.recv());
    let mut two = waiting(other.recv());
    sender.try_send(1).unwrap();
    assert_eq!((one.wakes(), two.wakes()), (1, 0));
    sender.try_send(2).unwrap();
    assert_eq!((one.wakes(), two.wakes()), (1, 1));
    assert_eq!((one.ready(), two.ready()), (Ok(1), Ok(2)));
}

#[test]
fn who_was_told_and_gives_up_passes_it_on() {
    let (sender, receiver) = channel::unbounded();
    let one = waiting(receiver.recv());
    let two = waiting(receiver.recv());
    let mut three = waiting(receiver.recv());
    drop(two);
    sender.try_send("for anybody").unwrap();
    assert_eq!(three.wakes(), 0);
    drop(one);
    assert_eq!(three.wakes(), 1);
    assert_eq!(three.ready(), Ok("for anybody"));
}

#[test]
fn who_is_told_too_late_keeps_its_turn() {
    let (sender, receiver) = channel::bounded(4);
    let mut first = waiting(receiver.recv());
    let mut second = waiting(receiver.recv());
    sender.try_send(1).unwrap();
    assert_eq!(receiver.try_recv(), Ok(1), "a passer-by is faster");
    assert!(first.poll().is_pending());
    sender.try_send(2).unwrap();
    assert_eq!((first.wakes(), second.wakes()), (2, 0));
    assert_eq!(first.ready(), Ok(2));
    assert!(second.poll().is_pending());
}

#[test]
fn closing() {
    let (sender, receiver) = channel::bounded(1);
    block_on(sender.send(1)).unwrap();
    let mut waits = waiting(sender.send(2));
    let mut closed = waiting(receiver.closed());
    let (weak_sender, weak_receiver) = (sender.downgrade(), receiver.downgrade());
    receiver.close();
    assert_eq!(waits.ready(), Err(SendError(2)));
    closed.ready();
    assert!(sender.is_closed() && receiver.is_closed());
    assert_eq!(block_on(receiver.recv()), Ok(1));
    assert_eq!(block_on(receiver.recv()), Err(RecvError));
    drop((waits, closed));
    drop((sender, receiver));
    assert!(weak_sender.upgrade().is_none() && weak_receiver.upgrade().is_none());

    let (sender, receiver) = channel::unbounded::<u32>();
    let mut end = waiting(receiver.recv());
    let mut messages = Box::pin(receiver.messages());
    let mut next = waiting(messages.next());
    drop(sender);
    assert_eq!((end.ready(), next.ready()), (Err(RecvError), None));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
}

#[test]
fn as_a_stream() {
    let (sender, receiver) = channel::unbounded();
    for number in 0..100 {
        block_on(sender.send(number)).unwrap();
    }
    assert_eq!((sender.len(), sender.capacity()), (100, None));
    drop(sender);
    let numbers: Vec<u32> = block_on(receiver.messages().collect());
    assert_eq!(numbers, (0..100).collect::<Vec<_>>());
    assert_eq!(format!("{receiver:?}"), "Receiver { len: 0, capacity: None, closed: true, .. }");
}

#[test]
fn many_threads_many_receivers() {
    const THREADS: usize = 3;
    const EACH: usize = if cfg!(miri) { 50 } else { 2_000 };
    for (sender, receiver) in [channel::bounded(1), channel::bounded(6), channel::unbounded()] {
        let (sum, count) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            for thread in 0..THREADS {
                let (sender, receiver) = (sender.clone(), receiver.clone());
                scope.spawn(move || {
                    for number in 0..EACH {
                        sender.blocking_send(thread * EACH + number).unwrap();
                    }
                });
                let (sum, count) = (&sum, &count);
                scope.spawn(move || {
                    loop {
                        // Tries, maybe waits, and gives up; a message it gets counts.
                        let mut given_up = Polled::new(receiver.recv());
                        let message = match given_up.poll() {
                            std::task::Poll::Ready(message) => message,
                            std::task::Poll::Pending => {
                                drop(given_up);
                                receiver.blocking_recv()
                            }
                        };
                        let Ok(message) = message else { break };
                        sum.fetch_add(message, Ordering::Relaxed);
                        count.fetch_add(1, Ordering::Relaxed);
                    }
                });
            }
            drop((sender, receiver));
        });
        let all = THREADS * EACH;
        assert_eq!((count.into_inner(), sum.into_inner()), (all, all * (all - 1) / 2));
    }
}
