//! Many tasks that are waited for together, and what stands around a future, over the small traits of
//! [`crate::primitives`].

use std::future::ready;
use std::hint::black_box;
use std::time::{Duration, Instant};

use crate::peers::Peer;
use crate::primitives::{Around, Many};

/// How many tasks are in one group.
const GROUP: u64 = 10_000;
/// How many are gathered.
const GATHERED: u64 = 1000;
/// How many operations follow one another before the other side's turn: so few that a slow moment of
/// the machine hits both sides, so many that the clock's own cost is nothing beside them.
const TURN: u64 = 10_000;

pub(crate) fn task_group_10k<P: Peer, M: Many>(runtime: &mut P::Runtime, ops: u64) -> Duration {
    rounds::<P, M>(runtime, ops, GROUP)
}

pub(crate) fn gather_1000<P: Peer, M: Many>(runtime: &mut P::Runtime, ops: u64) -> Duration {
    rounds::<P, M>(runtime, ops, GATHERED)
}

fn rounds<P: Peer, M: Many>(runtime: &mut P::Runtime, ops: u64, round: u64) -> Duration {
    P::run(runtime, async move {
        let start = Instant::now();
        let mut left = ops;
        while left > 0 {
            let count = left.min(round);
            M::run(count).await;
            left -= count;
        }
        start.elapsed()
    })
}

/// Nanoseconds that `A` costs more than nothing around a future that is ready.
pub(crate) fn around_ready<P: Peer, A: Around>(runtime: &mut P::Runtime, ops: u64) -> f64 {
    P::run(runtime, async move {
        let (mut with, mut without) = (Duration::ZERO, Duration::ZERO);
        let mut left = ops;
        while left > 0 {
            let turn = left.min(TURN);
            let start = Instant::now();
            for op in 0..turn {
                black_box(ready(black_box(op)).await);
            }
            let between = Instant::now();
            for op in 0..turn {
                black_box(A::around(ready(black_box(op))).await);
            }
            with += between.elapsed();
            without += between - start;
            left -= turn;
        }
        with.saturating_sub(without).as_nanos() as f64 / ops as f64
    })
}
