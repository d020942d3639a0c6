//! Timers without a runtime: lists in slots for cancelling, a heap for firing, `nanosleep`.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::hint::black_box;
use std::num::NonZeroU64;
use std::task::{Context, Waker};
use std::thread;
use std::time::{Duration, Instant};

use rustix::thread::set_current_timer_slack;

use super::tasks::{Boxed, yielder};
use crate::machine::{cpu_time, resident_bytes};
use crate::workloads::{TICK, YIELDERS, bytes_per, far, median, micros_late, near};
use crate::workloads::{TIMEOUT, TIMERS_ALIVE, touched};

/// Lists of timers by the second of their deadline, linked by index: constant time, no allocation.
struct Slots {
    nodes: Vec<Node>,
    heads: Vec<u32>,
    start: Instant,
}

#[derive(Clone, Copy)]
struct Node {
    deadline: Duration,
    slot: u32,
    before: u32,
    after: u32,
}

/// The end of a list.
const NONE: u32 = u32::MAX;

impl Slots {
    fn new(nodes: u64) -> Slots {
        let node = Node { deadline: Duration::ZERO, slot: 0, before: NONE, after: NONE };
        Slots { nodes: vec![node; nodes as usize], heads: vec![NONE; 128], start: Instant::now() }
    }

    fn insert(&mut self, index: u32, after: Duration) {
        let deadline = self.start.elapsed() + after;
        let slot = deadline.as_secs() as u32 % self.heads.len() as u32;
        let head = std::mem::replace(&mut self.heads[slot as usize], index);
        self.nodes[index as usize] = Node { deadline, slot, before: NONE, after: head };
        if head != NONE {
            self.nodes[head as usize].before = index;
        }
    }

    fn remove(&mut self, index: u32) {
        let Node { slot, before, after, .. } = self.nodes[index as usize];
        match before {
            NONE => self.heads[slot as usize] = after,
            _ => self.nodes[before as usize].after = after,
        }
        if after != NONE {
            self.nodes[after as usize].before = before;
        }
    }
}

pub(super) fn churn(ops: u64) -> Duration {
    let mut slots = Slots::new(TIMERS_ALIVE + 1);
    for index in 0..TIMERS_ALIVE {
        slots.insert(index as u32, far(index));
    }
    let start = Instant::now();
    for _ in 0..ops {
        slots.insert(TIMERS_ALIVE as u32, TIMEOUT);
        slots.remove(TIMERS_ALIVE as u32);
    }
    let spent = start.elapsed();
    black_box(slots.nodes[0].deadline);
    spent
}

pub(super) fn fire(ops: u64) -> f64 {
    /// Alive at once.
    const ROUND: u64 = 100_000;
    let before = cpu_time();
    let mut left = ops;
    while left > 0 {
        let round = left.min(ROUND);
        let mut heap = BinaryHeap::with_capacity(round as usize);
        for op in 0..round {
            heap.push(Reverse((Instant::now() + near(op), Box::new(op))));
        }
        while let Some(Reverse((deadline, _))) = heap.peek() {
            thread::sleep(deadline.saturating_duration_since(Instant::now()));
            let now = Instant::now();
            while heap.peek().is_some_and(|Reverse((deadline, _))| *deadline <= now) {
                black_box(heap.pop());
            }
        }
        left -= round;
    }
    (cpu_time() - before).as_nanos() as f64 / ops as f64
}

/// With the timer slack at its least: the kernel may else add 50 µs.
pub(super) fn sleep_lateness(ticks: u64) -> f64 {
    set_current_timer_slack(NonZeroU64::new(1)).expect("a thread may lower its own slack");
    let late = (0..ticks).map(|_| {
        let start = Instant::now();
        thread::sleep(TICK);
        micros_late(start, TICK)
    });
    median(late.collect())
}

pub(super) fn ticker_lateness(ticks: u64) -> f64 {
    ticker(ticks).0
}

pub(super) fn ticker_yield(ticks: u64) -> f64 {
    ticker(ticks).1
}

/// Polls tasks that yield, and looks at the clock now and then.
fn ticker(ticks: u64) -> (f64, f64) {
    /// So rarely that the clock is a small part of the cost: 24 ns among 64 polls.
    const POLLS_PER_LOOK: u64 = 64;
    let cx = &mut Context::from_waker(Waker::noop());
    let mut queue: VecDeque<Boxed<'_>> = (0..YIELDERS).map(|_| yielder(u64::MAX)).collect();
    let mut late = Vec::with_capacity(ticks as usize);
    let mut polls = 0;
    let start = Instant::now();
    let mut tick = start;
    while (late.len() as u64) < ticks {
        for _ in 0..POLLS_PER_LOOK {
            let mut task = queue.pop_front().expect("they never end");
            assert!(task.as_mut().poll(cx).is_pending(), "they never end");
            queue.push_back(task);
        }
        polls += POLLS_PER_LOOK;
        if tick.elapsed() >= TICK {
            late.push(micros_late(tick, TICK));
            tick = Instant::now();
        }
    }
    (median(late), start.elapsed().as_nanos() as f64 / polls as f64)
}

pub(super) fn sleep_bytes(n: u64) -> f64 {
    let mut nodes = touched(n);
    let before = resident_bytes();
    for node in &mut nodes {
        *node = Some(Box::new(Node { deadline: TICK, slot: 0, before: NONE, after: NONE }));
    }
    bytes_per(black_box(&nodes).len(), before)
}
