//! Back to the loop, from a function on another thread.

use std::sync::mpsc::channel;
use std::time::Duration;

use corio::from_thread::{self, FromThreadError};
use corio::{Clock, cancel, run_in_executor, spawn_blocking};

#[test]
fn a_job_has_the_loop_run_a_future() {
    corio::run(async {
        let here = std::thread::current().id();
        let there = spawn_blocking(|| {
            from_thread::run(async {
                corio::yield_now().await;
                std::thread::current().id()
            })
        });
        assert_eq!(there.await.unwrap().unwrap(), here);
    });
}

#[test]
fn a_job_has_the_loop_call_a_function() {
    corio::run(async {
        let here = std::thread::current().id();
        let there = spawn_blocking(|| from_thread::run_sync(|| std::thread::current().id()));
        assert_eq!(there.await.unwrap().unwrap(), here);
        let error = spawn_blocking(|| from_thread::run_sync(|| -> () { panic!("on the loop") }));
        match error.await.unwrap().unwrap_err() {
            FromThreadError::Join(error) => assert!(error.to_string().contains("on the loop")),
            other => panic!("{other}"),
        }
    });
}

#[test]
fn a_job_of_another_executor_finds_its_way_back() {
    corio::run(async {
        let rayon = |job| rayon::spawn(job);
        let job = run_in_executor(&rayon, || from_thread::run(async { 6 * 7 }).unwrap());
        assert_eq!(job.await.unwrap(), 42);
    });
}

#[test]
fn elsewhere_there_is_an_error_that_names_the_remedy() {
    let error = from_thread::run(async {}).unwrap_err();
    assert!(matches!(error, FromThreadError::NoJob));
    assert!(error.to_string().contains("run_coroutine_threadsafe"), "{error}");
    corio::run(async {
        let error = from_thread::run(async {}).unwrap_err();
        assert!(matches!(error, FromThreadError::NoJob), "in a task");
        let nested = spawn_blocking(|| {
            corio::run(async { matches!(from_thread::run(async {}), Err(FromThreadError::NoJob)) })
        });
        assert!(nested.await.unwrap(), "in a loop of the job's own");
        let inline = |job: corio::blocking::BoxedJob| job();
        let here = run_in_executor(&inline, || from_thread::run(async {}));
        assert!(here.await.unwrap().is_err(), "on the loop's own thread");
    });
    let plain = corio_base::park::block_on(spawn_blocking(|| from_thread::run(async {})));
    assert!(matches!(plain.unwrap(), Err(FromThreadError::NoJob)));
}

#[test]
fn a_request_to_the_job_reaches_what_it_waits_for() {
    corio::run(async {
        let (begun, has_begun) = channel();
        let job = spawn_blocking(move || {
            from_thread::run(async move {
                begun.send(()).unwrap();
                let cancelled = cancel::catch(std::future::pending::<()>()).await.unwrap_err();
                let message = cancelled.reason().message().map(str::to_owned);
                cancelled.suppress();
                message
            })
        });
        while has_begun.try_recv().is_err() {
            corio::yield_now().await;
        }
        job.task().cancel("enough");
        let message = job.await.unwrap().unwrap().unwrap();
        assert!(message.contains("was asked to end"), "{message}");
    });
}

#[test]
fn a_request_that_was_there_before_cancels_what_comes_after() {
    corio::run(async {
        let job = spawn_blocking(|| {
            while from_thread::check_cancelled().is_ok() {
                std::thread::yield_now();
            }
            from_thread::run(std::future::pending::<()>()).unwrap_err().is_cancelled()
        });
        while !job.is_finished() && !job.task().is_asked() {
            corio::sleep(Duration::from_millis(1)).await;
            job.task().cancel("enough");
        }
        // Cancelled before a thread had it, or told.
        match job.await {
            Ok(is_cancelled) => assert!(is_cancelled),
            Err(error) => assert!(error.is_cancelled()),
        }
    });
}

#[test]
fn a_virtual_clock_goes_on_while_a_job_waits_for_the_loop() {
    corio::Builder::new().clock(Clock::virtual_time()).run(async {
        let start = corio::time::now();
        let hour = Duration::from_secs(3600);
        let job = spawn_blocking(move || from_thread::run(corio::sleep_until(start + hour)));
        job.await.unwrap().unwrap();
        assert_eq!(corio::time::now() - start, hour);
        let rayon = |job| rayon::spawn(job);
        let job =
            run_in_executor(&rayon, move || from_thread::run(corio::sleep_until(start + 2 * hour)));
        job.await.unwrap().unwrap();
        assert_eq!(corio::time::now() - start, 2 * hour);
    });
}

#[test]
fn when_the_loop_has_gone_there_is_an_error() {
    let (send, receive) = channel();
    let (gone, wait) = channel::<()>();
    let runtime = corio::Builder::new().build().unwrap();
    runtime.block_on(async {
        drop(spawn_blocking(move || {
            wait.recv().unwrap();
            send.send(from_thread::run(async { 1 })).unwrap();
        }));
        corio::yield_now().await;
        // Until a thread has it: what waits would be cancelled with the runtime.
        while corio::Handle::current().blocking_pool().running().is_empty() {
            corio::yield_now().await;
        }
    });
    drop(runtime);
    gone.send(()).unwrap();
    let result = receive.recv_timeout(Duration::from_secs(20)).unwrap();
    assert!(
        matches!(result, Err(FromThreadError::LoopClosed | FromThreadError::Join(_))),
        "{result:?}"
    );
}
