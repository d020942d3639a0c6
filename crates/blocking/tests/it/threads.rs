//! The life of threads: names, hooks, reaping, and the end of a pool.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::task::{Context, Poll};
use std::time::Duration;

use corio_base::clock::VirtualClock;
use corio_blocking::{Config, Job, Pool, is_cancelled};

use crate::util::{Drops, LONG, Wakes, join, occupied, occupy, occupy_with, wait_until};

#[test]
fn threads_are_named_and_numbered() {
    let pool = Config::new().thread_name("files").build();
    let name = || std::thread::current().name().map(str::to_owned);
    assert_eq!(join(pool.spawn(name)).unwrap().as_deref(), Some("files-1"));
}

#[test]
fn a_pool_has_no_thread_until_it_has_a_job() {
    let pool = Pool::new();
    assert_eq!(pool.metrics().threads, 0);
    assert!(!pool.is_busy());
}

#[test]
fn a_thread_that_has_nothing_to_do_ends() {
    let pool = Config::new().keep_alive(Duration::from_millis(5)).build();
    join(pool.spawn(|| ())).unwrap();
    wait_until("the thread ends", || pool.metrics().threads == 0);
    join(pool.spawn(|| ())).unwrap();
}

#[test]
fn hooks_are_called_on_each_thread_and_their_panics_are_survived() {
    let calls = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
    let (on_start, on_stop) = (calls.clone(), calls.clone());
    let pool = Config::new()
        .on_thread_start(move || {
            on_start[0].fetch_add(1, Ordering::SeqCst);
            panic!("on purpose");
        })
        .on_thread_stop(move || {
            on_stop[1].fetch_add(1, Ordering::SeqCst);
            panic!("on purpose");
        })
        .build();
    let (gate, first) = occupy(&pool);
    join(pool.spawn(|| ())).unwrap();
    gate.open();
    join(first).unwrap();
    assert!(pool.shutdown(LONG).is_empty());
    let started = calls[0].load(Ordering::SeqCst);
    assert!(started >= 2);
    assert_eq!(calls[1].load(Ordering::SeqCst), started, "shutdown waits for the hooks");
}

#[test]
fn stacks_are_as_large_as_asked_for() {
    let pool = Config::new().stack_size(64 << 20).build();
    fn deep(n: usize) -> u64 {
        let block = std::hint::black_box([n as u64; 128]);
        if n == 0 { block[0] } else { block[1] + deep(n - 1) }
    }
    assert_eq!(join(pool.spawn(|| deep(4000))).unwrap(), 4000 * 4001 / 2);
}

#[test]
fn shutdown_waits_for_what_runs_and_ends_what_waits() {
    let (pool, gate, first) = occupied();
    let drops = Drops::new();
    let guard = drops.counted();
    let waits = pool.spawn(move || drop(guard));
    let closer = {
        let pool = pool.clone();
        std::thread::spawn(move || pool.shutdown(LONG))
    };
    let error = join(waits).unwrap_err();
    assert!(error.to_string().contains("the blocking pool is closed"), "{error}");
    drops.assert(1);
    assert!(!first.is_finished());
    wait_until("what runs is told", || first.task().is_asked());
    gate.open();
    join(first).unwrap();
    assert!(closer.join().unwrap().is_empty());
    assert_eq!(pool.metrics().waiting, 0);
    let error = join(pool.spawn(|| ())).unwrap_err();
    assert!(error.to_string().contains("the blocking pool is closed"), "{error}");
    assert!(!pool.is_busy());
}

#[test]
fn shutdown_lists_what_is_stuck_the_oldest_first() {
    let pool = Pool::new();
    let (first_gate, _first) = occupy(&pool);
    let (second_gate, second) = occupy_with(Job::new().name("slow query"), &pool);
    let stuck = pool.shutdown(Duration::from_millis(20));
    assert_eq!(stuck.len(), 2);
    assert_eq!(stuck[1].name(), "slow query");
    assert_eq!(stuck[1].task(), &second.task());
    assert!(stuck[0].age() >= stuck[1].age());
    let text = stuck[1].to_string();
    assert!(text.contains("slow query spawned at") && text.contains("threads.rs"), "{text}");
    first_gate.open();
    second_gate.open();
    assert!(pool.shutdown(LONG).is_empty());
}

#[test]
fn the_last_owner_closes_the_pool_without_waiting() {
    let (pool, gate, first) = occupied();
    let waits = pool.spawn(|| ());
    drop(pool);
    assert!(join(waits).unwrap_err().is_cancelled());
    assert!(first.task().is_asked());
    gate.open();
    join(first).unwrap();
}

#[test]
fn a_job_may_shut_its_own_pool_down() {
    let pool = Pool::new();
    let own = pool.clone();
    let stuck = join(pool.spawn(move || own.shutdown(LONG).len())).unwrap();
    assert_eq!(stuck, 0);
}

/// So often a thread has taken a job, and not begun it yet, as the pool is closed.
const CLOSES: usize = 2000;

#[test]
fn a_job_that_begins_as_the_pool_is_closed_is_asked_too() {
    for n in 0..CLOSES {
        let pool = Config::new().threads_max(1).build();
        join(pool.spawn(|| ())).unwrap();
        let _job = pool.spawn(|| {
            while !is_cancelled() {
                std::thread::yield_now();
            }
        });
        (0..n % 256).for_each(|_| std::hint::spin_loop());
        assert!(pool.shutdown(LONG).is_empty());
    }
}

#[test]
fn a_shutdown_has_an_end_where_a_virtual_clock_stands_still() {
    let (pool, _gate, _first) = occupied();
    let (done, is_done) = channel();
    let closer = pool.clone();
    std::thread::spawn(move || {
        // Where time stands still, or is far behind.
        let _installed = VirtualClock::new().install();
        let stuck = closer.shutdown(Duration::from_millis(20));
        done.send(stuck[0].age()).unwrap();
    });
    let age = is_done.recv_timeout(LONG).expect("the limit is the OS clock's");
    assert!(age >= Duration::from_millis(20), "so is the age: {age:?}");
}

#[test]
fn who_waits_for_a_pool_without_threads_is_woken_by_its_close() {
    let (wakes, waker) = Wakes::new();
    let mut context = Context::from_waker(&waker);
    let pool = Pool::new();
    assert_eq!(pool.poll_left(&mut context), Poll::Pending);
    pool.close();
    assert_eq!(wakes.count(), 1);
    assert_eq!(pool.poll_left(&mut context), Poll::Ready(()));
}

#[test]
#[should_panic(expected = "zero byte")]
fn a_name_that_no_thread_can_have_is_refused_at_once() {
    let _ = Config::new().thread_name("files\0");
}
