//! Many jobs from many threads, with threads that come and go: nothing is left lying while a thread
//! sleeps. Seeded, so that what was found once can be looked for again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use corio_blocking::Config;

use crate::util::{LONG, join, wait_until};

/// One world: some spawners, some threads, jobs of all lengths, cancellations.
fn world(seed: u64) {
    let mut random = fastrand::Rng::with_seed(seed);
    let pool = Config::new()
        .threads_max(random.usize(1..6))
        .keep_alive(Duration::from_micros(random.u64(0..400)))
        .build();
    let sum = Arc::new(AtomicU64::new(0));
    let dropped = Arc::new(AtomicUsize::new(0));
    let spawners: Vec<_> = (0..random.usize(1..4))
        .map(|_| {
            let (pool, sum, dropped) = (pool.clone(), sum.clone(), dropped.clone());
            let mut random = random.fork();
            std::thread::spawn(move || {
                let mut expected = 0;
                let mut handles = Vec::new();
                for n in 0..random.u64(1..200) {
                    let sum = sum.clone();
                    let micros = if random.u8(0..8) == 0 { random.u64(0..300) } else { 0 };
                    let job = pool.spawn(move || {
                        if micros > 0 {
                            std::thread::sleep(Duration::from_micros(micros));
                        }
                        sum.fetch_add(n, Ordering::Relaxed);
                    });
                    match random.u8(0..10) {
                        0 => {
                            job.task().cancel(());
                            handles.push((job, n));
                        }
                        1..4 => {
                            join(job).unwrap();
                            expected += n;
                        }
                        4 => std::thread::sleep(Duration::from_micros(random.u64(0..200))),
                        _ => handles.push((job, n)),
                    }
                }
                for (job, n) in handles {
                    match join(job) {
                        Ok(()) => expected += n,
                        Err(error) => {
                            assert!(error.is_cancelled());
                            dropped.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                }
                expected
            })
        })
        .collect();
    let expected: u64 = spawners.into_iter().map(|spawner| spawner.join().unwrap()).sum();
    wait_until(&format!("seed {seed}: all are done"), || !pool.is_busy());
    // Those that were detached are in the sum, and in nobody's expectation.
    assert!(sum.load(Ordering::Relaxed) >= expected, "seed {seed}");
    assert!(pool.shutdown(LONG).is_empty(), "seed {seed}");
}

#[test]
fn no_job_is_left_lying() {
    for seed in 0..150 {
        world(seed);
    }
}

/// The round trips that find the thread between its last look and its sleep.
#[test]
fn a_job_that_comes_as_the_thread_falls_asleep() {
    let pool = Config::new().threads_max(1).build();
    let mut random = fastrand::Rng::with_seed(7);
    for n in 0..5000 {
        for _ in 0..random.u32(0..2000) {
            std::hint::spin_loop();
        }
        assert_eq!(join(pool.spawn(move || n)).unwrap(), n);
    }
}

/// A burst from one thread, as a server has it.
#[test]
fn a_burst_is_run_to_its_end() {
    let pool = Config::new().build();
    let jobs: Vec<_> = (0..20_000u64).map(|n| pool.spawn(move || n)).collect();
    let sum: u64 = jobs.into_iter().map(|job| join(job).unwrap()).sum();
    assert_eq!(sum, 20_000 * 19_999 / 2);
}
