//! The end of a run, with jobs on other threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use corio::blocking::is_cancelled;
use corio::blocking::{Config, Pool};
use corio::{Clock, EventLoop, cancel, from_thread, spawn_blocking};

/// Nothing here takes this long, unless it hangs.
const LONG: Duration = Duration::from_secs(20);

/// Has the loop's pool do `job`, and waits until it has begun.
async fn begin(job: impl FnOnce() + Send + 'static) {
    let (begun, has_begun) = channel();
    drop(spawn_blocking(move || {
        begun.send(()).unwrap();
        job();
    }));
    while has_begun.try_recv().is_err() {
        corio::yield_now().await;
    }
}

/// A job that runs until it is asked to end, begun.
async fn patient(ended: Arc<AtomicBool>) {
    begin(move || {
        while !is_cancelled() {
            std::thread::yield_now();
        }
        std::thread::sleep(Duration::from_millis(5));
        ended.store(true, Ordering::SeqCst);
    })
    .await;
}

/// A job that runs until the other end of `wait` goes, begun.
async fn stuck(wait: Receiver<()>) {
    begin(move || {
        let _ = wait.recv();
    })
    .await;
}

#[test]
fn jobs_are_asked_to_end_and_awaited() {
    for clock in [Clock::system(), Clock::virtual_time()] {
        let ended = Arc::new(AtomicBool::new(false));
        corio::Builder::new().clock(clock).run(patient(ended.clone()));
        assert!(ended.load(Ordering::SeqCst));
    }
}

#[test]
fn the_threads_have_ended_with_the_run() {
    let stopped = Arc::new(AtomicBool::new(false));
    let stops = stopped.clone();
    let config =
        corio::blocking::Config::new().on_thread_stop(move || stops.store(true, Ordering::SeqCst));
    corio::Builder::new().blocking(config).run(async { spawn_blocking(|| ()).await.unwrap() });
    assert!(stopped.load(Ordering::SeqCst));
}

#[test]
fn the_cleanup_of_a_task_may_use_threads() {
    let cleaned = Arc::new(AtomicBool::new(false));
    let done = cleaned.clone();
    corio::run(async move {
        drop(corio::spawn(async move {
            let cancelled = cancel::catch(std::future::pending::<()>()).await.unwrap_err();
            spawn_blocking(move || done.store(true, Ordering::SeqCst)).await.unwrap();
            cancelled.resume().await
        }));
        corio::yield_now().await;
    });
    assert!(cleaned.load(Ordering::SeqCst));
}

#[test]
fn a_job_that_waits_for_the_loop_does_not_hang_the_end() {
    let begun = Instant::now();
    let (send, receive) = channel();
    corio::run(async move {
        begin(move || {
            while !is_cancelled() {
                std::thread::yield_now();
            }
            // The tasks have ended by now; this one is asked to end as well.
            let result = from_thread::run(std::future::pending::<()>());
            send.send(result.unwrap_err().is_cancelled()).unwrap();
        })
        .await;
    });
    assert_eq!(receive.recv_timeout(LONG), Ok(true));
    assert!(begun.elapsed() < Duration::from_secs(7), "less than the grace");
}

#[test]
fn what_is_stuck_is_left_after_the_grace() {
    for clock in [Clock::system(), Clock::virtual_time()] {
        let (open, wait) = channel::<()>();
        let begun = Instant::now();
        let runtime = corio::Builder::new().clock(clock).shutdown_grace(Duration::from_millis(30));
        runtime.run(stuck(wait));
        assert!((Duration::from_millis(30)..LONG).contains(&begun.elapsed()));
        drop(open);
    }
}

#[test]
fn a_runtime_that_is_dropped_waits_for_nothing() {
    let (open, wait) = channel::<()>();
    let runtime = corio::Builder::new().build().unwrap();
    let job = {
        let _entered = runtime.enter();
        spawn_blocking(move || {
            let _ = wait.recv();
        })
    };
    runtime.block_on(async {
        while corio::Handle::current().blocking_pool().running().is_empty() {
            corio::yield_now().await;
        }
    });
    drop(runtime);
    assert!(job.task().is_asked(), "the job is told");
    assert!(!job.is_finished());
    drop(open);
    corio_base::park::block_on(job).unwrap();
}

#[test]
fn a_pool_that_was_set_and_that_nobody_else_has_is_awaited_as_well() {
    for clock in [Clock::system(), Clock::virtual_time()] {
        let (ended, early) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let (ends, ends_early) = (ended.clone(), early.clone());
        corio::Builder::new().clock(clock).run(async move {
            // One for each pool: the runtime's own, and the other.
            patient(ends_early).await;
            EventLoop::current().set_default_executor(&Pool::new());
            patient(ends).await;
        });
        assert!(ended.load(Ordering::SeqCst) && early.load(Ordering::SeqCst));
    }
}

#[test]
fn a_pool_that_somebody_has_outlives_the_run_that_it_was_set_for() {
    let pool = Config::new().thread_name("ours").build();
    let theirs = pool.clone();
    let (open, wait) = channel::<()>();
    let (job,) = corio::run(async move {
        EventLoop::current().set_default_executor(&theirs);
        (spawn_blocking(move || wait.recv().is_err()),)
    });
    assert!(!job.is_finished() && !job.task().is_asked(), "it is not the run's to end");
    drop(open);
    assert!(corio_base::park::block_on(job).unwrap());
    assert_eq!(corio_base::park::block_on(pool.spawn(|| 7)).unwrap(), 7);
}

#[test]
fn what_is_stuck_in_a_pool_that_was_set_is_left_after_the_grace() {
    let (open, wait) = channel::<()>();
    let begun = Instant::now();
    corio::Builder::new().shutdown_grace(Duration::from_millis(30)).run(async {
        EventLoop::current().set_default_executor(&Pool::new());
        stuck(wait).await;
    });
    assert!((Duration::from_millis(30)..LONG).contains(&begun.elapsed()));
    drop(open);
}

#[test]
fn a_pool_that_another_takes_the_place_of_is_closed_with_its_last_handle() {
    corio::run(async {
        EventLoop::current().set_default_executor(&Pool::new());
        let ended = Arc::new(AtomicBool::new(false));
        patient(ended.clone()).await;
        // Its job is asked to end, as that of any pool whose last handle goes.
        EventLoop::current().set_default_executor(&Pool::new());
        while !ended.load(Ordering::SeqCst) {
            corio::yield_now().await;
        }
        assert_eq!(spawn_blocking(|| 5).await.unwrap(), 5);
    });
}

#[test]
fn a_virtual_clock_stands_still_for_the_jobs_of_a_pool_that_was_set() {
    corio::Builder::new().clock(Clock::virtual_time()).run(async {
        EventLoop::current().set_default_executor(&Pool::new());
        let job = spawn_blocking(|| std::thread::sleep(Duration::from_millis(20)));
        let limited = corio::timeout(Duration::from_secs(3600), job).await;
        assert!(limited.is_ok(), "the hour has not passed before the job has ended");
    });
}
