//! What a runtime counts of its timers, descriptors, threads and time, against programs of which it is
//! known; under the virtual clock wherever time is the thing counted.

use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use corio::net::{TcpListener, TcpStream};
use corio::time::VirtualClock;
use corio::{Builder, Clock, RuntimeMetrics, metrics};
use corio_base::clock;

use crate::util::{HOUR, MS, assert_passed, bounded, in_child, inside_child};

/// Waits until `what` holds; the tests' limit is the bound.
fn until(what: impl Fn() -> bool) {
    while !what() {
        thread::yield_now();
    }
}

#[test]
fn a_clock_that_jumps_to_each_deadline_is_never_late() {
    bounded(|| {
        let runtime = Builder::new().clock(Clock::virtual_time()).build().unwrap();
        let metrics = runtime.metrics();
        runtime.block_on(async {
            let sleeps: Vec<_> =
                (1..=5).map(|at| corio::spawn_local(corio::sleep(at * HOUR))).collect();
            corio::sleep(HOUR / 2).await;
            assert_eq!(corio::Handle::current().metrics().timers_waiting(), 5);
            for sleep in sleeps {
                sleep.await.unwrap();
            }
        });
        assert_eq!((metrics.timers_fired_count(), metrics.timers_waiting()), (6, 0));
        let late = metrics.timer_lateness();
        assert_eq!((late.count(), late.max()), (6, Duration::ZERO));
    });
}

#[test]
fn timers_are_as_late_as_the_loop_was_away() {
    bounded(|| {
        let clock = VirtualClock::new();
        let runtime = Builder::new().clock(Clock::with_virtual(clock.clone())).build().unwrap();
        runtime.block_on(async {
            let sleeps = [1, 2, 3].map(|at| corio::spawn_local(corio::sleep(at * MS)));
            // Their first polls, then the look that gives them their deadlines.
            corio::sleep(MS / 2).await;
            // A poll that takes ten milliseconds: all three are due, the first one since nine.
            clock.advance_to(clock.now().saturating_add(10 * MS));
            for sleep in sleeps {
                sleep.await.unwrap();
            }
        });
        let late = runtime.metrics().timer_lateness();
        assert_eq!(runtime.metrics().timers_fired_count(), 4);
        assert_eq!(late.count(), 2, "the short one, and the three in one turn: {late:?}");
        assert_eq!((late.last(), late.max()), (MS * 19 / 2, MS * 19 / 2));
        assert_eq!(late.mean(), MS * 19 / 4);
    });
}

#[test]
fn a_deadline_that_had_passed_is_not_late_from_before_it_was_asked_for() {
    bounded(|| {
        let clock = VirtualClock::new();
        let runtime = Builder::new().clock(Clock::with_virtual(clock.clone())).build().unwrap();
        runtime.block_on(async {
            let begun = corio::time::now();
            clock.advance_to(clock.now().saturating_add(HOUR));
            corio::sleep_until(begun + MS).await;
        });
        assert!(runtime.metrics().timer_lateness().max() <= HOUR);
    });
}

#[test]
fn time_at_work_is_real_also_under_a_virtual_clock() {
    bounded(|| {
        let runtime = Builder::new().clock(Clock::virtual_time()).build().unwrap();
        let metrics = runtime.metrics();
        runtime.block_on(async {
            corio::sleep(HOUR).await;
            let begun = clock::os_now();
            while clock::os_now().saturating_since(begun) < 3 * MS {}
            corio::sleep(HOUR).await;
        });
        let busy = metrics.worker_total_busy_duration(0);
        assert!(busy >= 3 * MS && busy < HOUR, "{busy:?}");
        assert!(metrics.worker_away(0).max() >= 3 * MS);
        assert_eq!(metrics.worker_busy_for(0), None);
    });
}

#[test]
fn a_first_poll_that_takes_long_is_time_at_work_too() {
    bounded(|| {
        let metrics = corio::run(async {
            let metrics = corio::Handle::current().metrics();
            let begun = Instant::now();
            while begun.elapsed() < 3 * MS {}
            assert!(metrics.worker_busy_for(0).unwrap() >= 3 * MS);
            metrics
        });
        assert!(metrics.worker_total_busy_duration(0) >= 3 * MS);
        assert!(metrics.is_closed());
    });
}

#[test]
fn a_sleeping_loop_is_parked_and_at_rest() {
    bounded(|| {
        let background = Builder::new().thread_name("sleeper").start().unwrap();
        let metrics = background.handle().metrics();
        assert_eq!(metrics.thread_name(), Some("sleeper"));
        until(|| metrics.worker_is_parked(0));
        // Wakes it with no timer to wait for, then with one.
        for delay in [None, Some(HOUR)] {
            let before = metrics.worker_remote_unpark_count(0);
            let task = background.handle().spawn(async move {
                if let Some(delay) = delay {
                    corio::sleep(delay).await;
                }
            });
            until(|| metrics.worker_remote_unpark_count(0) > before);
            until(|| metrics.worker_is_parked(0) && metrics.worker_busy_for(0).is_none());
            task.abort();
        }
        // Real time: what is tested is that it counts for nothing. What wakes the loop for the last time may
        // come late.
        let sleeps = || {
            let busy = metrics.worker_total_busy_duration(0);
            thread::sleep(20 * MS);
            metrics.worker_total_busy_duration(0) == busy
        };
        assert!((0..100).any(|_| sleeps()), "the loop is at work all the time");
    });
}

#[test]
fn descriptors_are_counted_as_they_come_and_go() {
    bounded(|| {
        let runtime = Builder::new().build().unwrap();
        let metrics = runtime.metrics();
        let (begun, gone) =
            (metrics.io_driver_fd_registered_count(), metrics.io_driver_fd_deregistered_count());
        runtime.block_on(async {
            let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
            let client = TcpStream::connect(listener.local_addr().unwrap());
            let (accepted, client) = corio::join!(listener.accept(), client);
            let (server, _) = accepted.unwrap();
            let client = client.unwrap();
            assert_eq!(metrics.io_driver_fd_registered_count() - begun, 3);
            client.write_all(b"x").await.unwrap();
            server.read(&mut [0; 1]).await.unwrap();
            assert!(metrics.io_driver_ready_count() >= 1);
        });
        assert_eq!(metrics.io_driver_fd_deregistered_count() - gone, 3);
    });
}

#[test]
fn threads_for_code_that_blocks() {
    bounded(|| {
        let runtime = Builder::new().max_blocking_threads(2).build().unwrap();
        let metrics = runtime.metrics();
        let counts = || {
            (
                metrics.num_blocking_threads(),
                metrics.num_idle_blocking_threads(),
                metrics.blocking_queue_depth(),
            )
        };
        assert_eq!(counts(), (0, 0, 0));
        let gates: Vec<_> = (0..5).map(|_| mpsc::channel::<()>()).collect();
        let (open, gates): (Vec<_>, Vec<_>) = gates.into_iter().unzip();
        runtime.block_on(async {
            let jobs: Vec<_> = gates
                .into_iter()
                .map(|gate| corio::spawn_blocking(move || gate.recv().unwrap()))
                .collect();
            until(|| counts() == (2, 0, 3));
            open.iter().for_each(|gate| gate.send(()).unwrap());
            for job in jobs {
                job.await.unwrap();
            }
            until(|| counts() == (2, 2, 0));
        });
        drop(runtime);
        until(|| metrics.num_blocking_threads() == 0);
        assert_eq!(metrics.num_idle_blocking_threads(), 0);
    });
}

#[test]
fn a_loop_stuck_in_a_poll_is_seen_from_outside_without_debug_mode() {
    bounded(|| {
        let background = Builder::new().thread_name("stuck-runtime").start().unwrap();
        let (release, released) = mpsc::channel::<()>();
        let (stuck, is_stuck) = mpsc::channel::<()>();
        let task = background.handle().spawn(async move {
            stuck.send(()).unwrap();
            released.recv().unwrap();
        });
        is_stuck.recv().unwrap();
        let all = metrics::all();
        let named = |one: &&RuntimeMetrics| one.thread_name() == Some("stuck-runtime");
        let metrics = all.iter().find(named).expect("it is listed");
        until(|| metrics.worker_busy_for(0).is_some_and(|busy| busy > 2 * MS));
        background.handle().spawn(async {});
        assert!(metrics.global_queue_depth() >= 1, "the task, and that its handle is gone");
        assert!(metrics.num_alive_tasks() >= 1);
        release.send(()).unwrap();
        until(|| task.is_finished() && metrics.global_queue_depth() == 0);
        until(|| metrics.worker_away(0).max() > 2 * MS);
        drop(background);
        assert!(metrics.is_closed() && metrics.num_alive_tasks() == 0);
    });
}

/// How many polls were measured, by their lengths.
fn lengths(metrics: &RuntimeMetrics) -> Vec<u64> {
    let buckets = 0..metrics.poll_time_histogram_num_buckets();
    buckets.map(|at| metrics.poll_time_histogram_bucket_count(0, at)).collect()
}

/// The bucket that has polls of this length.
fn bucket_of(metrics: &RuntimeMetrics, length: Duration) -> usize {
    let mut buckets = 0..metrics.poll_time_histogram_num_buckets();
    let has = |at: &usize| metrics.poll_time_histogram_bucket_range(*at).contains(&length);
    buckets.find(has).expect("one has it")
}

/// Polls as long as that, until the length of one was measured and is known from outside as well; says in
/// which bucket it has to be, and in which it is.
async fn known_poll(metrics: &RuntimeMetrics, length: Duration) -> (usize, usize) {
    /// Each time one in 31 is measured; of those, nearly all are told from outside.
    const POLLS_MAX: usize = 31 * 100;
    let mut before = lengths(metrics);
    let mut at_least = Duration::ZERO;
    // When the last two polls were about to end.
    let mut ends = [clock::os_now(); 2];
    corio::yield_now().await;
    for _ in 0..POLLS_MAX {
        // The last poll began when the one before it had ended, and has ended by now.
        let at_most = clock::os_now().saturating_since(ends[0]);
        let expected = bucket_of(metrics, at_least);
        let counts = lengths(metrics);
        let grown: Vec<usize> = (0..counts.len()).filter(|&at| counts[at] != before[at]).collect();
        if let ([bucket], true) = (&*grown, expected == bucket_of(metrics, at_most)) {
            assert_eq!(counts[*bucket], before[*bucket] + 1);
            return (expected, *bucket);
        }
        before = counts;
        let begun = clock::os_now();
        while clock::os_now().saturating_since(begun) < length {}
        let end = clock::os_now();
        at_least = end.saturating_since(begun);
        ends = [ends[1], end];
        corio::yield_now().await;
    }
    panic!("no poll of {length:?} was measured that is known from outside");
}

#[test]
fn polls_are_measured_one_by_one_in_debug_mode() {
    if !inside_child() {
        let name = "metrics::polls_are_measured_one_by_one_in_debug_mode";
        return assert_passed(&in_child(name, &[]));
    }
    bounded(|| {
        let off = Builder::new().build().unwrap();
        let metrics = off.metrics();
        off.block_on(async {
            for _ in 0..100 {
                corio::yield_now().await;
            }
            assert!(!metrics.poll_time_histogram_enabled());
            assert_eq!(lengths(&metrics).iter().sum::<u64>(), 0);
        });
        drop(off);

        let runtime = Builder::new().debug(true).build().unwrap();
        let metrics = runtime.metrics();
        runtime.block_on(async {
            assert!(metrics.poll_time_histogram_enabled());
            // In the middle of a bucket each: real time, for there is no other that polls are measured with.
            for power in [17, 20] {
                let length = Duration::from_nanos(3 << (power - 1));
                let (expected, bucket) = known_poll(&metrics, length).await;
                assert_eq!(bucket, expected, "a poll of {length:?}");
            }
        });
    });
}
