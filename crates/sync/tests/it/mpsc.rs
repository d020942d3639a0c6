//! The channel from many to one: order, places, the end of either side, and what a cancel leaves.

use std::collections::HashSet;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use corio_base::park::block_on;
use corio_sync::mpsc::{self, SendError, TryRecvError, TrySendError};
use futures::{FutureExt, StreamExt};

use crate::util::{Polled, waiting};

#[test]
fn in_order_within_its_capacity() {
    for capacity in [1, 2, 3, 5, 32] {
        let (sender, mut receiver) = mpsc::channel(capacity);
        assert_eq!((sender.capacity(), sender.max_capacity()), (capacity, capacity));
        // Many laps of the ring, and more than a stamp can count.
        for lap in 0..300 {
            for at in 0..capacity {
                assert_eq!(sender.try_send((lap, at)), Ok(()));
            }
            assert_eq!(sender.try_send((0, 0)), Err(TrySendError::Full((0, 0))));
            assert_eq!((sender.len(), sender.capacity()), (capacity, 0));
            for at in 0..capacity {
                assert_eq!(receiver.try_recv(), Ok((lap, at)));
            }
            assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
        }
    }
}

#[test]
fn a_full_channel_gives_places_in_order() {
    let (sender, mut receiver) = mpsc::channel(1);
    sender.try_send(0).unwrap();
    let mut one = waiting(sender.send(1));
    let mut two = waiting(sender.send(2));
    assert!(sender.try_send(9).is_err());
    assert_eq!(receiver.try_recv(), Ok(0));
    assert_eq!((one.wakes(), two.wakes()), (1, 0));
    assert!(sender.try_send(9).is_err(), "the place is promised");
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    one.ready().unwrap();
    assert_eq!(receiver.try_recv(), Ok(1));
    two.ready().unwrap();
    assert_eq!(receiver.try_recv(), Ok(2));
    assert_eq!(sender.try_send(3), Ok(()), "nobody waits any more");
}

#[test]
fn a_cancelled_send_sends_nothing_and_hands_its_place_on() {
    let value = Arc::new(());
    let (sender, mut receiver) = mpsc::channel(1);
    sender.try_send(value.clone()).unwrap();
    let one = waiting(sender.send(value.clone()));
    let two = waiting(sender.send(value.clone()));
    let mut three = waiting(sender.send(value.clone()));
    drop(two); // waits
    drop(receiver.try_recv().unwrap());
    assert_eq!((one.wakes(), three.wakes()), (1, 0));
    drop(one); // has a place
    assert_eq!(three.wakes(), 1);
    three.ready().unwrap();
    drop(receiver.try_recv().unwrap());
    assert_eq!(Arc::strong_count(&value), 1);
    sender.try_send(value).unwrap();
}

#[test]
fn permits() {
    let (sender, mut receiver) = mpsc::channel(2);
    let permit = block_on(sender.reserve()).unwrap();
    let owned = block_on(sender.clone().reserve_owned()).unwrap();
    assert!(matches!(sender.try_reserve(), Err(TrySendError::Full(()))));
    assert_eq!(sender.capacity(), 0);
    drop(owned.send(1));
    permit.send(2);
    assert_eq!((receiver.try_recv(), receiver.try_recv()), (Ok(1), Ok(2)));
    let permit = sender.try_reserve().unwrap();
    let other = sender.clone().try_reserve_owned().unwrap();
    let mut waits = waiting(sender.send(3));
    drop(permit);
    waits.ready().unwrap();
    drop(other.release());
    assert_eq!((receiver.try_recv(), sender.capacity()), (Ok(3), 2));
    // A place that is promised outlives a close, and the end waits for it.
    let permit = sender.try_reserve().unwrap();
    receiver.close();
    assert!(sender.try_send(5).is_err());
    let mut end = waiting(receiver.recv());
    permit.send(4);
    assert_eq!(end.ready(), Some(4));
    drop(end);
    assert_eq!(receiver.recv().now_or_never(), Some(None));
}

#[test]
fn the_receiver_sees_the_end_of_promised_places() {
    let (sender, mut receiver) = mpsc::channel::<u32>(2);
    let permit = sender.try_reserve().unwrap();
    receiver.close();
    let mut end = waiting(receiver.recv());
    drop(permit);
    assert_eq!(end.wakes(), 1);
    assert_eq!(end.ready(), None);
}

#[test]
fn the_end_of_the_senders() {
    let (sender, mut receiver) = mpsc::channel(4);
    let weak = sender.downgrade();
    sender.try_send(1).unwrap();
    let other = weak.upgrade().unwrap();
    assert!(other.same_channel(&sender));
    drop(sender);
    other.try_send(2).unwrap();
    drop(other);
    assert!(weak.upgrade().is_none());
    assert!(receiver.is_closed());
    assert_eq!(block_on(receiver.recv()), Some(1));
    assert_eq!(block_on(receiver.recv()), Some(2));
    assert_eq!(block_on(receiver.recv()), None);
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));

    let (sender, mut receiver) = mpsc::channel::<u32>(4);
    let mut end = waiting(receiver.recv());
    drop(sender);
    assert_eq!(end.wakes(), 1);
    assert_eq!(end.ready(), None);
}

#[test]
fn the_end_of_the_receiver() {
    let value = Arc::new(());
    let (sender, receiver) = mpsc::channel(1);
    sender.try_send(value.clone()).unwrap();
    let mut closed = waiting(sender.closed());
    let mut waits = waiting(sender.send(value.clone()));
    let permit = waiting(sender.reserve());
    drop(receiver);
    closed.ready();
    assert!(matches!(waits.ready(), Err(SendError(_))));
    assert!(matches!(permit.wakes(), 1));
    drop((waits, permit));
    assert!(sender.is_closed());
    assert!(matches!(sender.try_send(value.clone()), Err(TrySendError::Closed(_))));
    assert_eq!(Arc::strong_count(&value), 1, "what was in it is dropped with the receiver");
}

#[test]
fn a_value_sent_to_a_promised_place_after_the_end_is_dropped() {
    let value = Arc::new(());
    let (sender, receiver) = mpsc::channel(1);
    let permit = sender.try_reserve().unwrap();
    drop(receiver);
    permit.send(value.clone());
    assert_eq!(Arc::strong_count(&value), 1);
}

#[test]
fn unbounded_beyond_its_ring() {
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let mut next = 0;
    let mut expected = 0;
    for round in 0..200 {
        for _ in 0..(round * 7) % 90 {
            sender.send(next).unwrap();
            next += 1;
        }
        for _ in 0..(round * 11) % 80 {
            match receiver.try_recv() {
                Ok(value) => {
                    assert_eq!(value, expected);
                    expected += 1;
                }
                Err(error) => assert_eq!((error, expected), (TryRecvError::Empty, next)),
            }
        }
        assert_eq!(receiver.len(), next - expected);
    }
    drop(sender);
    assert_eq!(block_on(receiver.by_ref().count()), next - expected);
}

#[test]
fn unbounded_wakes_and_ends() {
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let mut first = waiting(receiver.recv());
    sender.send(1).unwrap();
    assert_eq!(first.wakes(), 1);
    assert_eq!(first.ready(), Some(1));
    drop(first);
    let mut closed = waiting(sender.closed());
    drop(receiver);
    closed.ready();
    assert_eq!(sender.send(2), Err(SendError(2)));
}

#[test]
fn several_at_once_and_as_a_stream() {
    let (sender, mut receiver) = mpsc::channel(8);
    for number in 0..8 {
        sender.try_send(number).unwrap();
    }
    let mut several = Vec::new();
    assert_eq!(block_on(receiver.recv_many(&mut several, 3)), 3);
    assert_eq!(block_on(receiver.recv_many(&mut several, 0)), 0);
    assert_eq!(several, [0, 1, 2]);
    drop(sender);
    assert_eq!(block_on(receiver.by_ref().collect::<Vec<_>>()), [3, 4, 5, 6, 7]);
    assert_eq!(block_on(receiver.recv_many(&mut several, 3)), 0);
}

#[test]
fn a_poll_passes_so_many_messages_and_no_more() {
    let (sender, mut receiver) = mpsc::unbounded_channel();
    for number in 0..1_000 {
        sender.send(number).unwrap();
    }
    let mut context = Context::from_waker(Waker::noop());
    let _poll = corio_base::current::enter_without_task();
    let passed = (0..1_000)
        .take_while(|_| Pin::new(&mut receiver).poll_recv(&mut context).is_ready())
        .count();
    assert!((128..=256).contains(&passed), "{passed}");
    drop(_poll);
    let _poll = corio_base::current::enter_without_task();
    assert!(matches!(receiver.poll_recv(&mut context), Poll::Ready(Some(_))));
}

#[test]
fn many_threads_one_receiver() {
    const THREADS: usize = 4;
    const EACH: usize = if cfg!(miri) { 50 } else { 2_000 };
    for capacity in [1, 3, 32] {
        let (sender, mut receiver) = mpsc::channel(capacity);
        std::thread::scope(|scope| {
            for thread in 0..THREADS {
                let sender = sender.clone();
                scope.spawn(move || {
                    for number in 0..EACH {
                        if number % 7 == 0 {
                            // Tries, waits, and gives up.
                            let mut given_up = Polled::new(sender.reserve());
                            drop(given_up.poll());
                        }
                        sender.blocking_send(thread * EACH + number).unwrap();
                    }
                });
            }
            drop(sender);
            let mut last = [None; THREADS];
            let mut all = HashSet::new();
            while let Some(message) = receiver.blocking_recv() {
                let thread = message / EACH;
                assert!(last[thread] < Some(message), "each sender's messages are in order");
                last[thread] = Some(message);
                all.insert(message);
            }
            assert_eq!(all.len(), THREADS * EACH);
        });
    }
}

#[test]
#[should_panic(expected = "use a capacity of 1 or more")]
fn no_capacity() {
    drop(mpsc::channel::<()>(0));
}

#[test]
#[should_panic(expected = "use an unbounded one")]
fn too_much_capacity() {
    drop(mpsc::channel::<()>(1 << 20));
}
