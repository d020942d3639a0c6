//! Jobs awaited in foreign runtimes: their value, their panic, their end when they are not wanted.

use std::sync::mpsc::channel;

use corio_blocking::{abandon_on_cancel, check_cancelled, spawn_blocking};
use corio_embed_tests::Host;

in_every_host!(
    a_job_gives_its_value,
    a_panic_is_an_error,
    a_burst_is_run,
    a_dropped_wait_tells_the_job
);

fn a_job_gives_its_value<H: Host>() {
    let here = std::thread::current().id();
    let (there, value) =
        H::block_on(spawn_blocking(|| (std::thread::current().id(), 6 * 7))).unwrap();
    assert_ne!(here, there);
    assert_eq!(value, 42);
}

fn a_panic_is_an_error<H: Host>() {
    let error = H::block_on(spawn_blocking(|| -> () { panic!("oops") })).unwrap_err();
    assert!(error.is_panic());
}

fn a_burst_is_run<H: Host>() {
    let sum = H::block_on(async {
        let tasks: Vec<_> =
            (0..500u64).map(|n| H::spawn(async move { spawn_blocking(move || n).await })).collect();
        let mut sum = 0;
        for task in tasks {
            sum += task.await.unwrap();
        }
        sum
    });
    assert_eq!(sum, 500 * 499 / 2);
}

fn a_dropped_wait_tells_the_job<H: Host>() {
    let (begun, has_begun) = channel();
    let (ended, has_ended) = channel();
    H::block_on(async move {
        let job = abandon_on_cancel(spawn_blocking(move || {
            begun.send(()).unwrap();
            while check_cancelled().is_ok() {
                std::thread::yield_now();
            }
            ended.send(()).unwrap();
        }));
        has_begun.recv().unwrap();
        drop(job);
    });
    has_ended.recv().unwrap();
}
