//! The channel that holds the latest value.

use corio_base::park::block_on;
use corio_sync::watch::{self, RecvError, SendError};

use crate::util::waiting;

#[test]
fn changes_are_seen_once() {
    let (sender, mut receiver) = watch::channel(0);
    assert_eq!(receiver.has_changed(), Ok(false));
    let mut changed = waiting(receiver.changed());
    sender.send(1).unwrap();
    sender.send(2).unwrap();
    assert_eq!(changed.wakes(), 1);
    changed.ready().unwrap();
    drop(changed);
    assert_eq!((*receiver.borrow(), receiver.has_changed()), (2, Ok(false)));
    sender.send_modify(|value| *value += 1);
    assert!(receiver.borrow().has_changed());
    assert!(receiver.borrow_and_update().has_changed());
    assert!(!sender.send_if_modified(|_| false));
    assert_eq!(receiver.has_changed(), Ok(false));
    receiver.mark_changed();
    assert_eq!(block_on(receiver.changed()), Ok(()));
    assert_eq!((sender.send_replace(9), *sender.borrow()), (3, 9));
    receiver.mark_unchanged();
    assert_eq!(receiver.has_changed(), Ok(false));
}

#[test]
fn a_cancelled_wait_leaves_the_change_as_news() {
    let (sender, mut receiver) = watch::channel(0);
    let changed = waiting(receiver.changed());
    sender.send(1).unwrap();
    assert_eq!(changed.wakes(), 1);
    drop(changed);
    assert_eq!(receiver.has_changed(), Ok(true));
    block_on(receiver.changed()).unwrap();
}

#[test]
fn a_value_is_waited_for() {
    let (sender, mut receiver) = watch::channel(0);
    assert_eq!(*block_on(receiver.wait_for(|value| *value == 0)).unwrap(), 0);
    let mut wanted = waiting(receiver.wait_for(|value| *value > 1));
    sender.send(1).unwrap();
    assert!(wanted.poll().is_pending());
    sender.send(2).unwrap();
    assert_eq!(wanted.ready().map(|value| *value), Ok(2));
    drop(wanted);
    drop(sender);
    assert_eq!(block_on(receiver.wait_for(|_| false)).err(), Some(RecvError));
}

#[test]
fn the_ends() {
    let (sender, mut receiver) = watch::channel(0);
    let other = sender.clone();
    assert!(other.same_channel(&sender) && receiver.clone().same_channel(&receiver));
    drop(sender);
    other.send(1).unwrap();
    drop(other);
    assert_eq!(block_on(receiver.changed()), Ok(()), "the last change counts");
    assert_eq!(block_on(receiver.changed()), Err(RecvError));
    assert_eq!(receiver.has_changed(), Err(RecvError));

    let (sender, receiver) = watch::channel(0);
    let second = sender.subscribe();
    assert_eq!(sender.receiver_count(), 2);
    let mut closed = waiting(sender.closed());
    drop(receiver);
    assert_eq!(closed.wakes(), 0);
    drop(second);
    closed.ready();
    assert_eq!(sender.send(1), Err(SendError(1)));
}

#[test]
fn between_threads() {
    const VALUES: u32 = if cfg!(miri) { 50 } else { 3_000 };
    let (sender, receiver) = watch::channel(0);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            let mut receiver = receiver.clone();
            scope.spawn(move || {
                let mut last = 0;
                while block_on(receiver.changed()).is_ok() {
                    let value = *receiver.borrow_and_update();
                    assert!(value >= last);
                    last = value;
                }
                assert_eq!(last, VALUES, "nobody misses the last one");
            });
        }
        drop(receiver);
        for value in 1..=VALUES {
            sender.send(value).unwrap();
        }
        drop(sender);
    });
}
