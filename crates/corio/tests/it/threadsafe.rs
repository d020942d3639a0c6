//! Calls and coroutines from other threads.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;

use corio::event_loop::ThreadsafeError;
use corio::{Builder, EventLoop};

use crate::util::{HOUR, MS, bounded};

#[test]
fn results_errors_and_timeouts() {
    bounded(|| {
        let background = Builder::new().start().unwrap();
        let handle = background.handle();
        let mut answer = handle.run_coroutine_threadsafe(async {
            corio::yield_now().await;
            42
        });
        assert_eq!(answer.result(None).unwrap(), 42);
        assert!(answer.is_done());
        assert!(matches!(answer.result(None), Err(ThreadsafeError::Taken)));

        let mut panics = handle.run_coroutine_threadsafe(async { panic!("there") });
        let Err(ThreadsafeError::Join(error)) = panics.result(None) else { panic!("a join error") };
        assert!(error.is_panic());

        let mut late = handle.run_coroutine_threadsafe(corio::sleep(HOUR));
        let error = late.result(Some(5 * MS)).unwrap_err();
        assert!(matches!(error, ThreadsafeError::Timeout { after } if after == 5 * MS), "{error}");
        assert!(!late.is_done());
        assert!(late.cancel("enough"), "it runs on");
        let error = late.result(None).unwrap_err();
        assert!(error.is_cancelled() && error.to_string().contains("enough"), "{error}");
        assert!(!late.cancel("again"));
    });
}

#[test]
fn a_cancel_reaches_the_task_and_its_cleanup_runs() {
    bounded(|| {
        let background = Builder::new().start().unwrap();
        let cleaned = Arc::new(AtomicBool::new(false));
        let flag = cleaned.clone();
        let (begun, begins) = mpsc::channel();
        let mut task = background.handle().run_coroutine_threadsafe(async move {
            let caught = corio::cancel::catch(async move {
                begun.send(()).unwrap();
                corio::sleep(HOUR).await;
            });
            if let Err(cancelled) = caught.await {
                corio::sleep(MS).await;
                flag.store(true, Ordering::Relaxed);
                cancelled.resume().await
            }
        });
        begins.recv().unwrap();
        assert!(task.cancel("stop"));
        assert!(task.result(None).unwrap_err().is_cancelled());
        assert!(cleaned.load(Ordering::Relaxed));
    });
}

#[test]
fn cancelled_before_it_begins_no_task_is_made() {
    bounded(|| {
        let runtime = Builder::new().build().unwrap();
        let mut task = runtime.handle().run_coroutine_threadsafe(async { unreachable!() });
        assert!(task.cancel("early"));
        runtime.block_on(corio::yield_now());
        let error = task.result(None).unwrap_err();
        assert!(matches!(error, ThreadsafeError::Cancelled(_)), "{error:?}");
    });
}

#[test]
fn the_loop_s_own_thread_is_not_blocked() {
    bounded(|| {
        corio::run(async {
            let mut task = corio::Handle::current().run_coroutine_threadsafe(async { 1 });
            let error = task.result(None).unwrap_err();
            assert!(matches!(error, ThreadsafeError::OnLoopThread), "{error:?}");
            assert!(error.to_string().contains("await"), "the remedy: {error}");
            // Awaiting is the remedy.
            assert_eq!(task.await.unwrap(), 1);
        });
    });
}

#[test]
fn a_closed_loop_makes_no_task() {
    bounded(|| {
        let runtime = Builder::new().build().unwrap();
        let handle = runtime.handle().clone();
        let mut on_the_way = handle.run_coroutine_threadsafe(async { 1 });
        drop(runtime);
        for task in [&mut on_the_way, &mut handle.run_coroutine_threadsafe(async { 2 })] {
            assert!(matches!(task.result(None), Err(ThreadsafeError::LoopClosed)));
        }
        let error = handle.call_soon_threadsafe(|| ()).unwrap_err();
        assert!(error.to_string().contains("closed"), "{error}");
    });
}

#[test]
fn a_factory_that_panics_is_told_to_the_caller() {
    bounded(|| {
        let background = Builder::new().start().unwrap();
        let handle = background.handle();
        let set = handle.spawn(async {
            let event_loop = EventLoop::current();
            event_loop.set_task_factory(Some(Rc::new(|_| panic!("no factory today"))));
        });
        handle.block_on(set).unwrap();
        let error = handle.run_coroutine_threadsafe(async {}).result(None).unwrap_err();
        assert!(error.to_string().contains("no factory today"), "{error}");
    });
}

#[test]
fn calls_from_another_thread_wake_the_loop() {
    bounded(|| {
        let runtime = Builder::new().build().unwrap();
        let event_loop = runtime.event_loop();
        let handle = event_loop.handle();
        let caller = std::thread::spawn(move || {
            handle.call_soon_threadsafe(|| EventLoop::current().stop()).unwrap();
        });
        event_loop.run_forever().unwrap();
        caller.join().unwrap();
    });
}
