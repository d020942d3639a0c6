//! Timers: registering, cancelling, firing, and how late they fire.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::{Duration, Instant};

use super::median;
use crate::peers::Peer;

/// How many sleeps are alive while `timer_churn_100k` adds and cancels one more.
pub(crate) const ALIVE: u64 = 100_000;
/// What each of those asks for: the same time, as a program's timeouts do, among the others' times.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(30);
/// How many tasks yield without end beside the ticker.
pub(crate) const YIELDERS: usize = 1000;
/// What the lateness rows sleep.
pub(crate) const TICK: Duration = Duration::from_millis(1);

/// A deadline that no measurement reaches, and that differs from op to op: 10 s to 70 s.
pub(crate) fn far(op: u64) -> Duration {
    Duration::from_micros(10_000_000 + op * 7_919_003 % 60_000_000)
}

/// A deadline for `timer_fire_100k`: 50 ms, in which all tasks are spawned, and up to 50 ms more.
pub(crate) fn near(op: u64) -> Duration {
    Duration::from_micros(50_000 + op * 7_919 % 50_000)
}

pub(super) fn churn<P: Peer>(runtime: &mut P::Runtime, ops: u64) -> Duration {
    P::run(runtime, async move {
        let mut alive: Vec<_> = (0..ALIVE).map(|op| Box::pin(P::sleep(far(op)))).collect();
        for sleep in &mut alive {
            register(sleep.as_mut()).await;
        }
        // So that the runtime has waited once and knows the earliest deadline, as in a program that
        // has been running: until then tokio wakes itself for every sleep that is registered.
        P::sleep(TICK).await;
        let start = Instant::now();
        for _ in 0..ops {
            register(pin!(P::sleep(TIMEOUT))).await;
        }
        start.elapsed()
    })
}

/// Polls a sleep once, so that it stands in the timer.
pub(super) async fn register(mut sleep: std::pin::Pin<&mut impl Future<Output = ()>>) {
    poll_fn(|cx| {
        assert!(sleep.as_mut().poll(cx).is_pending(), "a far deadline is not reached");
        Poll::Ready(())
    })
    .await;
}

pub(super) fn fire<P: Peer>(runtime: &mut P::Runtime, ops: u64) -> f64 {
    /// Alive at once, and at most so many: that is what the row is named for.
    const ROUND: u64 = 100_000;
    P::run(runtime, async move {
        let mut tasks = Vec::with_capacity(ops.min(ROUND) as usize);
        let cpu = crate::machine::cpu_time();
        let mut left = ops;
        while left > 0 {
            let round = left.min(ROUND);
            tasks.extend((0..round).map(|op| P::spawn(P::sleep(near(op)))));
            for task in tasks.drain(..) {
                task.await;
            }
            left -= round;
        }
        (crate::machine::cpu_time() - cpu).as_nanos() as f64 / ops as f64
    })
}

pub(super) fn sleep_lateness<P: Peer>(runtime: &mut P::Runtime, ops: u64) -> f64 {
    P::run(runtime, lateness::<P>(ops))
}

/// The median lateness, in microseconds, of so many sleeps.
async fn lateness<P: Peer>(ticks: u64) -> f64 {
    let mut late = Vec::with_capacity(ticks as usize);
    for _ in 0..ticks {
        let start = Instant::now();
        P::sleep(TICK).await;
        late.push(micros_late(start, TICK));
    }
    median(late)
}

/// How long after `start` plus `slept` it is now.
///
/// # Panics
/// Where it is earlier: a timer must not fire early.
pub(crate) fn micros_late(start: Instant, slept: Duration) -> f64 {
    let late = start.elapsed().checked_sub(slept).expect("no timer fires early");
    late.as_nanos() as f64 / 1e3
}

pub(super) fn ticker_lateness<P: Peer>(runtime: &mut P::Runtime, ops: u64) -> f64 {
    ticker::<P>(runtime, ops).0
}

pub(super) fn ticker_yield<P: Peer>(runtime: &mut P::Runtime, ops: u64) -> f64 {
    ticker::<P>(runtime, ops).1
}

/// The median lateness of a ticker among tasks that yield, and the nanoseconds that a yield costs.
fn ticker<P: Peer>(runtime: &mut P::Runtime, ticks: u64) -> (f64, f64) {
    P::run(runtime, async move {
        let done = Rc::new(Cell::new(false));
        let start = Instant::now();
        let yielders: Vec<_> =
            (0..YIELDERS).map(|_| P::spawn(yields_until::<P>(Rc::clone(&done)))).collect();
        let late = P::spawn(lateness::<P>(ticks)).await;
        done.set(true);
        let mut yields = 0;
        for yielder in yielders {
            yields += yielder.await;
        }
        (late, start.elapsed().as_nanos() as f64 / yields as f64)
    })
}

/// Yields until told to stop, and returns how often.
async fn yields_until<P: Peer>(done: Rc<Cell<bool>>) -> u64 {
    let mut yields = 0;
    while !done.get() {
        P::yield_now().await;
        yields += 1;
    }
    yields
}
