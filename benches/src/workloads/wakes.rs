//! Wakes: of oneself, of another task, from another thread; and no wake at all.

use std::future::ready;
use std::hint::black_box;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use super::share;
use crate::cell::Rendezvous;
use crate::peers::Peer;

/// How many tasks, or pairs of them, the rows that end in `_1000` have.
const MANY: u64 = 1000;

pub(super) fn yield_one<P: Peer>(runtime: &mut P::Runtime, ops: u64) -> Duration {
    P::run(runtime, async move {
        let start = Instant::now();
        yields::<P>(ops).await;
        start.elapsed()
    })
}

pub(super) fn yield_1000<P: Peer>(runtime: &mut P::Runtime, ops: u64) -> Duration {
    P::run(runtime, async move {
        let start = Instant::now();
        let tasks: Vec<_> =
            (0..MANY).map(|index| P::spawn(yields::<P>(share(ops, MANY, index)))).collect();
        for task in tasks {
            task.await;
        }
        start.elapsed()
    })
}

async fn yields<P: Peer>(ops: u64) {
    for _ in 0..ops {
        P::yield_now().await;
    }
}

pub(super) fn pingpong_1<P: Peer>(runtime: &mut P::Runtime, ops: u64) -> Duration {
    pingpong::<P>(runtime, ops, 1)
}

pub(super) fn pingpong_1000<P: Peer>(runtime: &mut P::Runtime, ops: u64) -> Duration {
    pingpong::<P>(runtime, ops, MANY)
}

fn pingpong<P: Peer>(runtime: &mut P::Runtime, ops: u64, pairs: u64) -> Duration {
    P::run(runtime, async move {
        let start = Instant::now();
        let mut tasks = Vec::with_capacity(2 * pairs as usize);
        for index in 0..pairs {
            let turns = share(ops, pairs, index);
            let cells = Rc::new((Rendezvous::default(), Rendezvous::default()));
            tasks.push(P::spawn(serve_first(Rc::clone(&cells), turns)));
            tasks.push(P::spawn(return_each(cells, turns)));
        }
        for task in tasks {
            task.await;
        }
        start.elapsed()
    })
}

/// One side of the table, which serves.
pub(crate) async fn serve_first(cells: Rc<(Rendezvous, Rendezvous)>, turns: u64) {
    for _ in 0..turns {
        cells.0.signal();
        cells.1.wait().await;
    }
}

/// The other side, which returns.
pub(crate) async fn return_each(cells: Rc<(Rendezvous, Rendezvous)>, turns: u64) {
    for _ in 0..turns {
        cells.0.wait().await;
        cells.1.signal();
    }
}

pub(super) fn remote_wake<P: Peer>(runtime: &mut P::Runtime, ops: u64) -> Duration {
    P::run(runtime, async move {
        let back = Arc::new(Rendezvous::default());
        let remote = Remote::start(ops, {
            let back = Arc::clone(&back);
            move || back.signal()
        });
        let start = Instant::now();
        for _ in 0..ops {
            remote.ask();
            back.wait().await;
        }
        start.elapsed()
    })
}

/// A thread that waits parked until it is asked, and then answers, so many times.
///
/// It inherits its maker's core: waking an idle core would measure the machine, not the runtime.
pub(crate) struct Remote {
    asked: Arc<AtomicBool>,
    thread: Thread,
}

impl Remote {
    pub(crate) fn start(times: u64, answer: impl Fn() + Send + 'static) -> Remote {
        let asked = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&asked);
        let handle = thread::spawn(move || {
            for _ in 0..times {
                // Acquire: pairs with the Release in `ask`.
                while !seen.swap(false, Ordering::Acquire) {
                    thread::park();
                }
                answer();
            }
        });
        Remote { asked, thread: handle.thread().clone() }
    }

    pub(crate) fn ask(&self) {
        // Release: pairs with the Acquire in `start`.
        self.asked.store(true, Ordering::Release);
        self.thread.unpark();
    }
}

pub(super) fn blocking_roundtrip<P: Peer>(runtime: &mut P::Runtime, ops: u64) -> Duration {
    P::run(runtime, async move {
        let start = Instant::now();
        for op in 0..ops {
            black_box(P::unblock(move || black_box(op)).await);
        }
        start.elapsed()
    })
}

pub(super) fn block_on_ready<P: Peer>(runtime: &mut P::Runtime, ops: u64) -> Duration {
    let start = Instant::now();
    for op in 0..ops {
        black_box(P::block_on(runtime, ready(black_box(op))));
    }
    start.elapsed()
}
