//! Channels, over the small traits of [`crate::primitives`].

use std::time::{Duration, Instant};

use super::{bytes_per, share, touched};
use crate::machine::resident_bytes;
use crate::peers::Peer;
use crate::primitives::{Channel, Oneshot};

/// How many messages a channel between tasks has room for.
const CAPACITY: usize = 100;
/// How many messages an idle channel would have room for.
const CAPACITY_IDLE: usize = 32;
/// How many channels are made before the first look at the memory.
const FIRST: usize = 100;

pub(crate) fn one_to_one<P: Peer, C: Channel>(runtime: &mut P::Runtime, ops: u64) -> Duration {
    messages::<P, C>(runtime, ops, 1)
}

pub(crate) fn four_to_one<P: Peer, C: Channel>(runtime: &mut P::Runtime, ops: u64) -> Duration {
    messages::<P, C>(runtime, ops, 4)
}

fn messages<P: Peer, C: Channel>(runtime: &mut P::Runtime, ops: u64, senders: u64) -> Duration {
    P::run(runtime, async move {
        let (sender, mut receiver) = C::bounded(CAPACITY);
        let start = Instant::now();
        let send = |index| {
            let sender = sender.clone();
            P::spawn(async move {
                for op in 0..share(ops, senders, index) {
                    C::send(&sender, op).await;
                }
            })
        };
        let tasks: Vec<_> = (0..senders).map(send).collect();
        let received = P::spawn(async move {
            for _ in 0..ops {
                C::receive(&mut receiver).await;
            }
        });
        received.await;
        for task in tasks {
            task.await;
        }
        start.elapsed()
    })
}

pub(crate) fn oneshot<P: Peer, O: Oneshot>(runtime: &mut P::Runtime, ops: u64) -> Duration {
    P::run(runtime, async move {
        let start = Instant::now();
        for op in 0..ops {
            let (sender, receiver) = O::channel();
            O::send(sender, op);
            assert_eq!(O::receive(receiver).await, op);
        }
        start.elapsed()
    })
}

/// The way to answer a [`Pong`].
struct Ping<O: Oneshot>(Option<O::Sender<Pong<O>>>);
/// The way to answer a [`Ping`].
struct Pong<O: Oneshot>(O::Sender<Ping<O>>);

pub(crate) fn pingpong<P: Peer, O: Oneshot>(runtime: &mut P::Runtime, ops: u64) -> Duration {
    P::run(runtime, async move {
        let (mut serve, mut served) = O::channel::<Ping<O>>();
        let start = Instant::now();
        let other = P::spawn(async move {
            while let Ping(Some(back)) = O::receive(served).await {
                let (sender, receiver) = O::channel();
                served = receiver;
                O::send(back, Pong(sender));
            }
        });
        let task = P::spawn(async move {
            for _ in 0..ops {
                let (sender, receiver) = O::channel();
                O::send(serve, Ping(Some(sender)));
                Pong(serve) = O::receive(receiver).await;
            }
            O::send(serve, Ping(None));
        });
        task.await;
        other.await;
        start.elapsed()
    })
}

pub(crate) fn bytes<C: Channel>(n: u64) -> f64 {
    let mut channels = touched(n);
    let (first, rest) = channels.split_at_mut(FIRST.min(n as usize / 2));
    for slot in first {
        *slot = Some(C::bounded(CAPACITY_IDLE));
    }
    let before = resident_bytes();
    for slot in rest.iter_mut() {
        *slot = Some(C::bounded(CAPACITY_IDLE));
    }
    bytes_per(rest.len(), before)
}
