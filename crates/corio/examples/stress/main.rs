//! A stress test: four threads and a loop do to tasks, wakers and handles whatever can be done to
//! them, at random moments, while runtimes end and new ones begin.
//!
//! ```text
//! cargo run --release -p corio --example stress -- --seconds 60 --seed 7
//! ```
//!
//! What must hold all the while (see [`world::Record`]): a task is polled by one thread at a time and
//! not after its end; its future is dropped once, and so is its output; who was woken is polled, who
//! awaits a task that has ended learns of it; and when all are let go, nothing is left of a runtime.
//! The first violation is printed and ends the process with status 1.

mod meddler;
mod probe;
mod world;

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::{Duration, Instant};

use corio::{Builder, Runtime};

use probe::Probe;
use world::{CountedPark, World, violation};

/// How many threads meddle.
const MEDDLERS: u64 = 4;
/// How long the whole may stand still: far longer than any machine keeps a thread from running.
const STANDSTILL: Duration = Duration::from_secs(20);

struct Options {
    seconds: u64,
    seed: u64,
}

fn options() -> Result<Options, String> {
    let mut options = Options { seconds: 60, seed: fastrand::u64(..) };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let place = match &*word {
            "--seconds" => &mut options.seconds,
            "--seed" => &mut options.seed,
            _ => return Err(format!("{word:?} is neither --seconds N nor --seed N")),
        };
        let value = words.next().ok_or_else(|| format!("{word} needs a number"))?;
        *place = value.parse().map_err(|_| format!("{word} {value}: not a number"))?;
    }
    Ok(options)
}

fn main() {
    let Options { seconds, seed } = options().unwrap_or_else(|error| {
        eprintln!("stress: {error}");
        std::process::exit(2);
    });
    println!("seed {seed}");
    // Tasks panic here on purpose, by the thousand.
    std::panic::set_hook(Box::new(|info| {
        if !probe::is_on_purpose(info.payload()) {
            violation(&format!("an unexpected panic: {info}"));
        }
    }));
    let world = Arc::new(World::new());
    watch(&world);
    let meddlers: Vec<_> = (0..MEDDLERS)
        .map(|number| {
            let world = world.clone();
            let rng = fastrand::Rng::with_seed(seed.wrapping_add(number + 1));
            std::thread::spawn(move || meddler::meddle(&world, rng, number == 0))
        })
        .collect();

    let end = Instant::now() + Duration::from_secs(seconds);
    let mut rng = fastrand::Rng::with_seed(seed);
    while Instant::now() < end {
        epoch(&world, &mut rng);
    }
    world.stop();
    for meddler in meddlers {
        meddler.join().unwrap_or_else(|_| violation("a meddler panicked"));
    }
    world.let_all_go();
    world.check_all_gone();
    println!("{}", world.summary());
}

/// Ends the process if nothing goes on any more: the sign of a wake that was lost.
fn watch(world: &Arc<World>) {
    let world = world.clone();
    std::thread::spawn(move || {
        let mut last = (world.progress.load(Ordering::Relaxed), Instant::now());
        loop {
            std::thread::sleep(Duration::from_millis(100));
            let now = world.progress.load(Ordering::Relaxed);
            if now != last.0 {
                last = (now, Instant::now());
            } else if last.1.elapsed() > STANDSTILL {
                violation(&format!("a standstill, so a lost wake: {}", world.who_waits()));
            }
        }
    });
}

/// One runtime, from its beginning to its end.
fn epoch(world: &Arc<World>, rng: &mut fastrand::Rng) {
    let runtime = build(world, rng);
    world.begin_epoch(runtime.handle().clone());
    for _ in 0..rng.usize(1..4) {
        let probes = rng.usize(0..50);
        let seed = rng.u64(..);
        runtime.block_on(async {
            for n in 0..probes {
                Probe::spawn_here(world, seed.wrapping_add(n as u64));
            }
            until_told(world).await;
        });
        world.progress.fetch_add(1, Ordering::Relaxed);
    }
    if rng.bool() {
        // Nobody meddles: all who were woken are polled now, without any help.
        let paused = world.pause();
        runtime.block_on(until_all_answered(world));
        world.drained.fetch_add(1, Ordering::Relaxed);
        drop(paused);
    }
    drop(runtime);
    if rng.u8(..) < 100 {
        let paused = world.pause();
        world.let_all_go();
        world.check_all_gone();
        drop(paused);
    }
}

fn build(world: &Arc<World>, rng: &mut fastrand::Rng) -> Runtime {
    let builder = Builder::new();
    let builder = if rng.bool() { builder.driver(CountedPark::new(&world.parks)) } else { builder };
    builder.build().unwrap_or_else(|error| violation(&format!("no runtime: {error}")))
}

/// Waits for a meddler's word, and for nothing else: no timer comes to the rescue of a lost wake.
async fn until_told(world: &Arc<World>) {
    poll_fn(|context| {
        world.root.put(context.waker());
        if world.round_is_over.swap(false, Ordering::AcqRel) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
}

/// Waits until every wake so far was followed by a poll. Each poll of a task wakes this one.
async fn until_all_answered(world: &Arc<World>) {
    let wanted = world.wanted();
    poll_fn(|context| {
        world.root.put(context.waker());
        if wanted.iter().all(|(record, wanted)| record.is_content(*wanted)) {
            world.root.take();
            return Poll::Ready(());
        }
        Poll::Pending
    })
    .await;
}
