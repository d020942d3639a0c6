//! Tasks: making them, ending them, waiting for them.

use std::future::ready;
use std::hint::black_box;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures::future::join_all;

use crate::cell::Rendezvous;
use crate::peers::Peer;

/// How many tasks `spawn_many` keeps alive.
const ALIVE: u64 = 100_000;
/// How many tasks `join_10k` joins at once.
const JOINED: u64 = 10_000;
/// How long a chain of `chained_spawn` is. Bounded, for a runtime that polls a new task inside
/// `spawn` (glommio does) makes of the chain a recursion.
const LINKS: u64 = 1000;

pub(super) fn spawn_join<P: Peer>(runtime: &mut P::Runtime, ops: u64) -> Duration {
    P::run(runtime, async move {
        let start = Instant::now();
        for op in 0..ops {
            black_box(P::spawn(ready(black_box(op))).await);
        }
        start.elapsed()
    })
}

pub(super) fn spawn_many<P: Peer>(runtime: &mut P::Runtime, ops: u64) -> Duration {
    P::run(runtime, async move {
        let mut tasks = Vec::with_capacity(ops.min(ALIVE) as usize);
        let start = Instant::now();
        let mut left = ops;
        while left > 0 {
            let round = left.min(ALIVE);
            tasks.extend((0..round).map(|op| P::spawn(ready(black_box(op)))));
            for task in tasks.drain(..) {
                black_box(task.await);
            }
            left -= round;
        }
        start.elapsed()
    })
}

pub(super) fn blocking_100k<P: Peer>(runtime: &mut P::Runtime, ops: u64) -> Duration {
    P::run(runtime, async move {
        let mut jobs = Vec::with_capacity(ops.min(ALIVE) as usize);
        let start = Instant::now();
        let mut left = ops;
        while left > 0 {
            let round = left.min(ALIVE);
            jobs.extend((0..round).map(|op| P::unblock(move || black_box(op))));
            for job in jobs.drain(..) {
                black_box(job.await);
            }
            left -= round;
        }
        start.elapsed()
    })
}

pub(super) fn chained_spawn<P: Peer>(runtime: &mut P::Runtime, ops: u64) -> Duration {
    P::run(runtime, async move {
        let end = Rc::new(Rendezvous::default());
        let start = Instant::now();
        let mut left = ops;
        while left > 0 {
            let links = left.min(LINKS);
            P::detach(P::spawn(Link::<P>::new(links - 1, Rc::clone(&end))));
            end.wait().await;
            left -= links;
        }
        start.elapsed()
    })
}

/// A task that spawns the next one and ends; the last one signals.
///
/// A hand-written future, for a function that spawned itself would have an endless type.
struct Link<P> {
    left: u64,
    end: Option<Rc<Rendezvous>>,
    _peer: std::marker::PhantomData<fn(P)>,
}

impl<P> Link<P> {
    fn new(left: u64, end: Rc<Rendezvous>) -> Link<P> {
        Link { left, end: Some(end), _peer: std::marker::PhantomData }
    }
}

impl<P: Peer> Future for Link<P> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        let end = self.end.take().expect("polled once");
        match self.left.checked_sub(1) {
            Some(left) => P::detach(P::spawn(Link::<P>::new(left, end))),
            None => end.signal(),
        }
        Poll::Ready(())
    }
}

pub(super) fn join_10k<P: Peer>(runtime: &mut P::Runtime, ops: u64) -> Duration {
    P::run(runtime, async move {
        let start = Instant::now();
        let mut left = ops;
        while left > 0 {
            let round = left.min(JOINED);
            black_box(join_all((0..round).map(|op| P::spawn(ready(black_box(op))))).await);
            left -= round;
        }
        start.elapsed()
    })
}
