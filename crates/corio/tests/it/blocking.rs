//! Code that blocks, on threads of the runtime's: jobs, limits, other executors.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use corio::blocking::{Builder, Config, Pool, ToThread, is_cancelled};
use corio::sync::CapacityLimiter;
use corio::{Clock, Handle, cancel, context_var, run_in_executor, spawn_blocking, to_thread};

/// Nothing here takes this long, unless it hangs.
const LONG: Duration = Duration::from_secs(20);

context_var! { static WHO: u32 = 0; }

fn virtual_time() -> corio::Builder {
    corio::Builder::new().clock(Clock::virtual_time())
}

#[test]
fn to_thread_gives_the_value_of_another_thread() {
    corio::run(async {
        let here = std::thread::current().id();
        let (there, sum) = to_thread(|| (std::thread::current().id(), 40 + 2)).await.unwrap();
        assert_ne!(here, there);
        assert_eq!(sum, 42);
    });
}

#[test]
fn an_error_is_the_value_and_a_panic_the_handles_error() {
    corio::run(async {
        let error = to_thread(|| "x".parse::<u32>()).await.unwrap().unwrap_err();
        assert_eq!(error.to_string(), "invalid digit found in string");
        let error = to_thread(|| -> () { panic!("something wrong") }).await.unwrap_err();
        assert!(error.is_panic() && error.to_string().contains("something wrong"));
    });
}

#[test]
fn a_function_is_called_once() {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    corio::run(async move { to_thread(move || counted.fetch_add(1, Ordering::SeqCst)).await })
        .unwrap();
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

#[test]
fn several_run_at_a_time() {
    corio::run(async {
        let barrier = Arc::new(std::sync::Barrier::new(10));
        let jobs = (0..10).map(|_| {
            let barrier = barrier.clone();
            to_thread(move || {
                barrier.wait();
            })
        });
        for job in jobs.collect::<Vec<_>>() {
            job.await.unwrap();
        }
    });
}

#[test]
fn a_job_has_a_copy_of_the_context() {
    corio::run(async {
        WHO.set(7);
        let seen = to_thread(|| {
            let seen = WHO.get();
            WHO.set(8);
            seen
        });
        assert_eq!(seen.await.unwrap(), 7);
        assert_eq!(WHO.get(), 7);
        let seen = ToThread::new().run(|| WHO.get()).await.unwrap();
        assert_eq!(seen, 7);
    });
}

#[test]
fn the_loop_goes_on_meanwhile() {
    corio::run(async {
        let (send, receive) = channel();
        let job = spawn_blocking(move || receive.recv().unwrap());
        for _ in 0..10 {
            corio::yield_now().await;
        }
        assert!(!job.is_finished());
        send.send(3).unwrap();
        assert_eq!(job.await.unwrap(), 3);
    });
}

#[test]
fn outside_a_runtime_the_process_has_a_pool() {
    let job = spawn_blocking(|| std::thread::current().name().map(str::to_owned));
    assert!(corio_base::park::block_on(job).unwrap().unwrap().starts_with("corio-pool-"));
}

#[test]
fn another_threads_jobs_go_to_the_runtime_it_has_entered() {
    let background =
        corio::Builder::new().blocking(Config::new().thread_name("theirs")).start().unwrap();
    let handle = background.handle();
    let _entered = handle.enter();
    let name = || std::thread::current().name().map(str::to_owned);
    let job = spawn_blocking(name);
    assert!(handle.block_on(job).unwrap().unwrap().starts_with("theirs-"));
    let inner = spawn_blocking(move || handle_name(&Handle::current()));
    assert!(handle.block_on(inner).unwrap().contains("theirs"));
}

fn handle_name(handle: &Handle) -> String {
    format!("{:?}", handle.blocking_pool())
}

#[test]
fn a_job_spawns_on_its_runtime() {
    corio::run(async {
        let job = spawn_blocking(|| corio::spawn(async { std::thread::current().id() }));
        let task = job.await.unwrap();
        assert_eq!(task.await.unwrap(), std::thread::current().id());
    });
}

#[test]
fn a_cancelled_awaiter_waits_for_the_job_and_passes_its_request_on() {
    corio::run(async {
        let (begun, has_begun) = channel();
        let awaiter = corio::spawn(async move {
            let job = spawn_blocking(move || {
                begun.send(()).unwrap();
                while !is_cancelled() {
                    std::thread::yield_now();
                }
                "its last word"
            });
            let word = job.await.unwrap();
            cancel::catch(std::future::pending::<()>()).await.unwrap_err().suppress();
            word
        });
        while has_begun.try_recv().is_err() {
            corio::yield_now().await;
        }
        awaiter.task().cancel("enough");
        assert_eq!(awaiter.await.unwrap(), "its last word");
    });
}

#[test]
fn a_cancelled_awaiter_of_a_job_that_waits_goes_at_once() {
    corio::Builder::new().max_blocking_threads(1).run(async {
        let (open, wait) = channel::<()>();
        let first = spawn_blocking(move || wait.recv().unwrap());
        let second = corio::spawn(async { to_thread(|| unreachable!("cancelled")).await });
        corio::yield_now().await;
        corio::yield_now().await;
        second.task().cancel("not wanted");
        assert!(second.await.unwrap_err().is_cancelled(), "while the thread is taken");
        open.send(()).unwrap();
        first.await.unwrap();
    });
}

#[test]
fn a_time_limit_leaves_an_abandoned_job_behind() {
    corio::run(async {
        let (ended, has_ended) = channel();
        let job = ToThread::new().name("slow").abandon_on_cancel(true).run(move || {
            while !is_cancelled() {
                std::thread::yield_now();
            }
            ended.send(()).unwrap();
        });
        let begun = Instant::now();
        corio::timeout(Duration::from_millis(5), job).await.unwrap_err();
        assert!(begun.elapsed() < LONG);
        to_thread(move || has_ended.recv_timeout(LONG)).await.unwrap().unwrap();
    });
}

#[test]
fn a_limiter_bounds_what_runs_at_a_time() {
    corio::run(async {
        let limiter = Arc::new(CapacityLimiter::new(2));
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let tasks: Vec<_> = (0..16)
            .map(|_| {
                let (limiter, running, most) = (limiter.clone(), running.clone(), most.clone());
                corio::spawn(ToThread::new().limiter(limiter).run(move || {
                    most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    std::thread::sleep(Duration::from_micros(200));
                    running.fetch_sub(1, Ordering::SeqCst);
                }))
            })
            .collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        assert!((1..=2).contains(&most.load(Ordering::SeqCst)));
        assert_eq!(limiter.borrowed_tokens(), 0);
    });
}

#[test]
fn an_abandoned_job_keeps_its_token_until_it_ends() {
    corio::run(async {
        let limiter = Arc::new(CapacityLimiter::new(1));
        let (open, wait) = channel::<()>();
        let call = ToThread::new().limiter(limiter.clone()).abandon_on_cancel(true);
        let job = call.run(move || wait.recv().unwrap());
        corio::timeout(Duration::from_millis(5), job).await.unwrap_err();
        assert_eq!(limiter.borrowed_tokens(), 1);
        open.send(()).unwrap();
        while limiter.borrowed_tokens() == 1 {
            corio::yield_now().await;
        }
    });
}

#[test]
fn a_builder_names_jobs_and_chooses_the_pool() {
    let pool = Config::new().thread_name("own").threads_max(1).queue_max(1).build();
    corio::run(async move {
        let (open, wait) = channel::<()>();
        let (begun, has_begun) = channel();
        let first = Builder::new().name("first").on(&pool).spawn(move || {
            begun.send(()).unwrap();
            wait.recv().unwrap();
        });
        assert_eq!(first.info().name(), "first");
        to_thread(move || has_begun.recv_timeout(LONG)).await.unwrap().unwrap();
        let second = Builder::new().on(&pool).try_spawn(|| 2).unwrap();
        let full = Builder::new().on(&pool).try_spawn(|| 3).unwrap_err();
        assert_eq!(full.queue_max(), 1);
        let third = corio::spawn({
            let pool = pool.clone();
            async move {
                pool.ready().await;
                Builder::new().on(&pool).spawn(|| 3).await
            }
        });
        corio::yield_now().await;
        open.send(()).unwrap();
        first.await.unwrap();
        assert_eq!(second.await.unwrap(), 2);
        assert_eq!(third.await.unwrap().unwrap(), 3);
    });
}

#[test]
fn other_executors_run_jobs() {
    corio::run(async {
        let rayon = |job| rayon::spawn(job);
        let job = run_in_executor(&rayon, || (rayon::current_thread_index().is_some(), WHO.get()));
        assert_eq!(job.await.unwrap(), (true, 0));
        let error = run_in_executor(&rayon, || -> () { panic!("there") }).await.unwrap_err();
        assert!(error.is_panic());
        let pool = Pool::new();
        assert_eq!(run_in_executor(&pool, || 5).await.unwrap(), 5);
        let refuses = |job| drop(job);
        assert!(run_in_executor(&refuses, || 6).await.unwrap_err().is_cancelled());
        let panics = |_| panic!("no threads");
        let made = catch_unwind(AssertUnwindSafe(|| drop(run_in_executor(&panics, || 7))));
        assert!(made.is_err());
        assert_eq!(run_in_executor(&rayon, || 8).await.unwrap(), 8, "nothing is left over");
    });
}

#[test]
fn a_virtual_clock_stands_still_for_a_job() {
    let begun = Instant::now();
    virtual_time().run(async {
        let start = corio::time::now();
        let job = spawn_blocking(|| std::thread::sleep(Duration::from_millis(20)));
        let sleeper = corio::spawn(corio::sleep(Duration::from_secs(3600)));
        job.await.unwrap();
        assert_eq!(corio::time::now(), start, "no time has passed");
        let rayon = |job| rayon::spawn(job);
        run_in_executor(&rayon, || std::thread::sleep(Duration::from_millis(5))).await.unwrap();
        assert_eq!(corio::time::now(), start);
        sleeper.await.unwrap();
        assert_eq!(corio::time::now() - start, Duration::from_secs(3600));
    });
    assert!(begun.elapsed() < LONG);
}

#[test]
fn hooks_enter_what_threads_need() {
    let (send, receive) = channel();
    let send = std::sync::Mutex::new(send);
    let config = Config::new()
        .on_thread_start(move || send.lock().unwrap().send(()).unwrap())
        .keep_alive(Duration::from_secs(60));
    corio::Builder::new().blocking(config).run(async { to_thread(|| ()).await.unwrap() });
    receive.recv_timeout(LONG).unwrap();
}
