//! Boxed futures in a vector, polled in turn with a waker that does nothing.

use std::cell::Cell;
use std::future::ready;
use std::hint::black_box;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use crate::cell::Rendezvous;
use crate::machine::resident_bytes;
use crate::peers::wake_and_wait;
use crate::workloads::{bytes_per, return_each, serve_first, share, touched};

/// A future on the heap: the least that a task can be.
pub(super) type Boxed<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// How many tasks `spawn_many` keeps alive.
const ALIVE: u64 = 100_000;
/// How many tasks `join_10k` joins at once.
const JOINED: u64 = 10_000;
/// How many tasks, or pairs of them, the rows whose names end in `_1000` have.
const MANY: u64 = 1000;

/// Polls the tasks in turn, round after round, until all are finished.
fn run(tasks: &mut Vec<Boxed<'_>>) {
    let cx = &mut Context::from_waker(Waker::noop());
    while !tasks.is_empty() {
        tasks.retain_mut(|task| task.as_mut().poll(cx).is_pending());
    }
}

pub(super) fn spawn_join(ops: u64) -> Duration {
    spawn_rounds(ops, 1)
}

pub(super) fn spawn_many(ops: u64) -> Duration {
    spawn_rounds(ops, ALIVE)
}

pub(super) fn join_10k(ops: u64) -> Duration {
    spawn_rounds(ops, JOINED)
}

pub(super) fn gather_1000(ops: u64) -> Duration {
    spawn_rounds(ops, MANY)
}

/// Boxes as many futures as a round has, and polls them all; their values go to one place.
fn spawn_rounds(ops: u64, round: u64) -> Duration {
    let value = &Cell::new(0);
    let mut tasks = Vec::new();
    let start = Instant::now();
    let mut left = ops;
    while left > 0 {
        for op in 0..left.min(round) {
            tasks.push(Box::pin(async move { value.set(black_box(op)) }) as Boxed<'_>);
        }
        run(&mut tasks);
        left -= left.min(round);
    }
    start.elapsed()
}

pub(super) fn chained_spawn(ops: u64) -> Duration {
    let next = Next::default();
    let cx = &mut Context::from_waker(Waker::noop());
    let start = Instant::now();
    next.set(Some(link(ops - 1, Rc::clone(&next))));
    while let Some(mut task) = next.take() {
        assert!(task.as_mut().poll(cx).is_ready(), "a link spawns the next and ends");
    }
    start.elapsed()
}

/// A queue of one.
type Next = Rc<Cell<Option<Boxed<'static>>>>;

/// A future that makes the next one and ends.
fn link(left: u64, next: Next) -> Boxed<'static> {
    Box::pin(async move {
        if left > 0 {
            next.set(Some(link(left - 1, Rc::clone(&next))));
        }
    })
}

pub(super) fn yield_one(ops: u64) -> Duration {
    yields(ops, 1)
}

pub(super) fn yield_1000(ops: u64) -> Duration {
    yields(ops, MANY)
}

fn yields(ops: u64, tasks: u64) -> Duration {
    let mut tasks: Vec<_> = (0..tasks).map(|i| yielder(share(ops, tasks, i))).collect();
    let start = Instant::now();
    run(&mut tasks);
    start.elapsed()
}

/// A future that yields so many times.
pub(super) fn yielder(times: u64) -> Boxed<'static> {
    Box::pin(async move {
        for _ in 0..times {
            wake_and_wait().await;
        }
    })
}

pub(super) fn pingpong_1(ops: u64) -> Duration {
    pingpong(ops, 1)
}

pub(super) fn pingpong_1000(ops: u64) -> Duration {
    pingpong(ops, MANY)
}

fn pingpong(ops: u64, pairs: u64) -> Duration {
    let mut tasks: Vec<Boxed<'_>> = Vec::new();
    for index in 0..pairs {
        let turns = share(ops, pairs, index);
        let cells = Rc::new((Rendezvous::default(), Rendezvous::default()));
        tasks.push(Box::pin(serve_first(Rc::clone(&cells), turns)));
        tasks.push(Box::pin(return_each(cells, turns)));
    }
    let start = Instant::now();
    run(&mut tasks);
    start.elapsed()
}

pub(super) fn block_on_ready(ops: u64) -> Duration {
    let cx = &mut Context::from_waker(Waker::noop());
    let start = Instant::now();
    for op in 0..ops {
        let mut future = pin!(ready(black_box(op)));
        let Poll::Ready(value) = future.as_mut().poll(cx) else { unreachable!("it is ready") };
        black_box(value);
    }
    start.elapsed()
}

pub(super) fn task_bytes<const WORDS: usize>(n: u64) -> f64 {
    let mut tasks = touched(n);
    let before = resident_bytes();
    for task in &mut tasks {
        *task = Some(Box::new([1_u64; WORDS]));
    }
    bytes_per(black_box(&tasks).len(), before)
}
