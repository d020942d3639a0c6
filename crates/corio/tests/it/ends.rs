//! Ends of runs, and of runtimes, that are made hard.

use std::cell::{Cell, RefCell};
use std::future::pending;
use std::rc::Rc;
use std::time::{Duration, Instant};

use corio::cancel::catch;
use corio::{Builder, Clock, EventLoop, Runner, sleep, spawn, spawn_local, yield_now};

use crate::util::{HOUR, Log, MS, OnDrop, bounded, panic_text};

fn virtual_time() -> Builder {
    Builder::new().clock(Clock::virtual_time())
}

/// Begins another one of itself whenever it is asked to end.
fn hydra(heads: Rc<Cell<u32>>) {
    drop(spawn_local(async move {
        heads.set(heads.get() + 1);
        let Err(_cancelled) = catch(pending::<()>()).await else { return };
        hydra(heads);
        // The new one begins: one that was asked before would not.
        sleep(MS).await;
    }));
}

#[test]
fn tasks_that_begin_others_for_ever_have_the_grace_and_no_more() {
    bounded(|| {
        let heads = Rc::new(Cell::new(0));
        let inside = heads.clone();
        virtual_time().shutdown_grace(20 * MS).run(async move {
            hydra(inside);
            yield_now().await;
        });
        assert!((5..40).contains(&heads.get()), "{}", heads.get());
    });
}

#[test]
fn tasks_that_refuse_are_dropped_and_those_that_panic_are_told_of() {
    bounded(|| {
        let log = Log::default();
        let inside = log.clone();
        let told = Rc::new(RefCell::new(Vec::new()));
        let handler = told.clone();
        virtual_time().run(async move {
            EventLoop::current().set_exception_handler(Some(Rc::new(move |_, context| {
                handler.borrow_mut().push(context.to_string());
            })));
            let refuses = inside.clone();
            drop(spawn_local(async move {
                let _told = refuses.on_drop("the one that refuses is dropped");
                loop {
                    if let Err(cancelled) = catch(sleep(HOUR)).await {
                        cancelled.suppress();
                    }
                }
            }));
            drop(spawn_local(async move {
                let Err(_cancelled) = catch(pending::<()>()).await else { return };
                sleep(MS).await;
                panic!("in its cleanup");
            }));
            let own = inside.clone();
            drop(spawn_local(async move {
                // Its destructor uses the loop while that closes.
                let _told = OnDrop::new(move || {
                    let late = spawn_local(async {});
                    drop(late);
                    own.push("spawned in a destructor");
                });
                pending::<()>().await
            }));
            yield_now().await;
        });
        let told = told.borrow();
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].contains("unhandled exception during corio::run() shutdown"));
        let mut lines = log.take();
        lines.sort();
        assert_eq!(lines, ["spawned in a destructor", "the one that refuses is dropped"]);
    });
}

#[test]
fn a_main_that_is_cancelled_in_its_last_step_and_one_that_panics_with_tasks_left() {
    bounded(|| {
        let value = virtual_time().try_run(async {
            corio::task::current().unwrap().cancel("never delivered");
            5
        });
        assert_eq!(value.unwrap(), 5);
        let text = panic_text(|| {
            virtual_time().run(async {
                drop(spawn_local(async {
                    let _again = OnDrop::new(|| panic!("a second panic"));
                    pending::<()>().await
                }));
                yield_now().await;
                panic!("main's");
            })
        });
        assert_eq!(text, "main's");
    });
}

#[test]
fn runs_inside_runs_are_refused_and_harm_nothing() {
    bounded(|| {
        virtual_time().run(async {
            for inner in [
                || corio::run(async {}),
                || virtual_time().run(async {}),
                || Runner::new().unwrap().run(async {}),
                || Runner::new().unwrap().close(),
                || Builder::new().build().unwrap().block_on(async {}),
                || EventLoop::current().run_until_complete(async {}).unwrap(),
            ] {
                let text = panic_text(inner);
                assert!(
                    text.contains("runs on this thread") || text.contains("AlreadyRunning"),
                    "{text}"
                );
            }
            sleep(MS).await;
            spawn(async {}).await.unwrap();
        });
    });
}

#[test]
fn a_runtime_dropped_inside_async_code_neither_waits_nor_deadlocks() {
    bounded(|| {
        virtual_time().run(async {
            let log = Log::default();
            for how in 0..4 {
                let inner = virtual_time().build().unwrap();
                let told = log.on_drop("dropped");
                let left = inner.spawn_local(async move {
                    let _told = told;
                    if let Err(cancelled) = catch(sleep(HOUR)).await {
                        sleep(HOUR).await;
                        cancelled.resume().await
                    }
                });
                match how {
                    0 => drop(inner),
                    1 => inner.shutdown_background(),
                    2 => drop(std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                        inner.shutdown_timeout(MS);
                    }))),
                    _ => drop(spawn_local(async move { drop(inner) }).await),
                }
                assert_eq!(log.take(), ["dropped"], "{how}");
                assert!(left.await.unwrap_err().is_cancelled());
            }
            let runner = virtual_time().runner().unwrap();
            drop(runner);
            sleep(MS).await;
        });
    });
}

#[test]
fn a_runtime_dropped_by_one_of_its_own_tasks() {
    bounded(|| {
        let runtime = Rc::new(RefCell::new(None));
        let own = runtime.clone();
        let made = virtual_time().build().unwrap();
        let event_loop = made.event_loop();
        runtime.replace(Some(made));
        let log = Log::default();
        let inside = log.clone();
        let result = event_loop.run_until_complete(async move {
            let _told = inside.on_drop("future");
            drop(own.take());
            inside.push("dropped");
            sleep(HOUR).await;
        });
        assert!(result.is_err(), "it was stopped");
        assert_eq!(log.take(), ["dropped", "future"]);
        assert!(event_loop.is_closed());
    });
}

#[test]
fn a_grace_ends_in_real_time_also_for_a_loop_that_is_busy() {
    bounded(|| {
        let runtime = Builder::new().build().unwrap();
        let _busy = runtime.spawn_local(async {
            loop {
                if let Err(cancelled) = catch(yield_now()).await {
                    cancelled.suppress();
                }
            }
        });
        runtime.block_on(yield_now());
        let begun = Instant::now();
        runtime.shutdown_timeout(Duration::from_millis(50));
        let took = begun.elapsed();
        assert!(took >= Duration::from_millis(50) && took < Duration::from_secs(5), "{took:?}");
    });
}

#[test]
fn a_runner_goes_on_after_panics_cancels_and_stops() {
    bounded(|| {
        let runner = virtual_time().runner().unwrap();
        let text = panic_text(|| runner.run(async { panic!("first") }));
        assert_eq!(text, "first");
        let [left] = runner.run(async { [spawn(sleep(HOUR))] });
        let error = runner
            .try_run(async {
                corio::task::current().unwrap().cancel("second");
                pending::<()>().await
            })
            .unwrap_err();
        assert_eq!(error.reason().unwrap().message(), Some("second"));
        let own = runner.event_loop();
        assert!(panic_text(|| runner.run(async move { own.stop() })).contains("EventLoop::stop"));
        assert!(!left.is_finished(), "it waits for its next run");
        runner.run(left).unwrap();
        let event_loop = runner.event_loop();
        event_loop.close().unwrap();
        assert!(panic_text(|| runner.run(async {})).contains("closed"));
        runner.close();
    });
}
