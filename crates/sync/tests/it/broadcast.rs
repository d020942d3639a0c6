//! The channel that gives every receiver every value.

use std::sync::Arc;

use corio_base::park::block_on;
use corio_sync::broadcast::{self, RecvError, SendError, TryRecvError};

use crate::util::waiting;

#[test]
fn everybody_gets_everything() {
    let (sender, mut one) = broadcast::channel(8);
    let mut other = sender.subscribe();
    for number in 0..5 {
        assert_eq!(sender.send(number), Ok(2));
    }
    let mut late = one.resubscribe();
    for number in 0..5 {
        assert_eq!((one.try_recv(), block_on(other.recv())), (Ok(number), Ok(number)));
    }
    assert_eq!(late.try_recv(), Err(TryRecvError::Empty));
    assert!(sender.is_empty(), "what all have seen is dropped");
    drop(sender);
    assert_eq!(block_on(one.recv()), Err(RecvError::Closed));
}

#[test]
fn the_slow_are_told_how_much_they_lost() {
    let (sender, mut slow) = broadcast::channel(3);
    for number in 0..10 {
        sender.send(number).unwrap();
    }
    assert_eq!(slow.len(), 3);
    assert_eq!(slow.try_recv(), Err(TryRecvError::Lagged(7)));
    assert_eq!(slow.try_recv(), Ok(7));
    sender.send(10).unwrap();
    sender.send(11).unwrap();
    assert_eq!(block_on(slow.recv()), Err(RecvError::Lagged(1)));
    assert_eq!(block_on(slow.recv()), Ok(9));
}

#[test]
fn a_value_handed_over_and_not_taken_stays() {
    let (sender, mut receiver) = broadcast::channel(2);
    let handed = waiting(receiver.recv());
    sender.send("stays").unwrap();
    assert_eq!(handed.wakes(), 1);
    drop(handed);
    assert_eq!(receiver.try_recv(), Ok("stays"));
    assert!(sender.is_empty());
}

#[test]
fn values_are_dropped_when_all_have_them() {
    let value = Arc::new(());
    let (sender, mut one) = broadcast::channel(8);
    let other = sender.subscribe();
    sender.send(value.clone()).unwrap();
    drop(one.try_recv().unwrap());
    assert_eq!(Arc::strong_count(&value), 2);
    drop(other);
    assert_eq!(Arc::strong_count(&value), 1);
    let mut closed = waiting(sender.closed());
    drop(one);
    closed.ready();
    assert!(matches!(sender.send(value.clone()), Err(SendError(_))));
    assert_eq!(Arc::strong_count(&value), 1);
}

#[test]
fn many_waiters() {
    let (sender, receiver) = broadcast::channel::<Arc<u32>>(1);
    let mut receivers: Vec<_> = (0..100).map(|_| receiver.resubscribe()).collect();
    let mut waiters: Vec<_> =
        receivers.iter_mut().map(|receiver| waiting(receiver.recv())).collect();
    drop(receiver);
    let value = Arc::new(7);
    assert_eq!(sender.send(value.clone()), Ok(100));
    for waiter in &mut waiters {
        assert_eq!(waiter.wakes(), 1);
        assert_eq!(waiter.ready().as_deref(), Ok(&7));
    }
    assert_eq!(Arc::strong_count(&value), 1);
    assert!(sender.is_empty());
}

#[test]
fn between_threads() {
    const VALUES: u64 = if cfg!(miri) { 50 } else { 3_000 };
    let (sender, receiver) = broadcast::channel(16);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            let mut receiver = receiver.resubscribe();
            scope.spawn(move || {
                let (mut next, mut lost) = (0, 0);
                loop {
                    match receiver.blocking_recv() {
                        Ok(value) => {
                            assert_eq!(value, next + lost, "in order, and what is lost is counted");
                            next = value + 1 - lost;
                        }
                        Err(RecvError::Lagged(count)) => lost += count,
                        Err(RecvError::Closed) => break,
                    }
                }
                assert_eq!(next + lost, VALUES);
            });
        }
        drop(receiver);
        for value in 0..VALUES {
            sender.send(value).unwrap();
        }
        drop(sender);
    });
}
