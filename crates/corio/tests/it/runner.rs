//! Several runs on one loop, and the end of a run.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use corio::cancel::catch;
use corio::{Builder, Clock, EventLoop, Runner};

use crate::util::{HOUR, Log, MS, bounded, panic_text};

fn virtual_runner() -> Runner {
    Builder::new().clock(Clock::virtual_time()).runner().unwrap()
}

#[test]
fn runs_share_loop_tasks_and_context() {
    corio::context_var! { static SEEN: u32 = 0; }
    bounded(|| {
        let runner = virtual_runner();
        async fn replace(value: u32) -> u32 {
            let old = SEEN.get();
            corio::yield_now().await;
            SEEN.set(value);
            old
        }
        assert_eq!(runner.run(replace(1)), 0);
        assert_eq!(runner.run(replace(2)), 1);
        assert_eq!(runner.context().get(&SEEN), Some(2));
        assert_eq!(SEEN.get(), 0, "this thread's own is another one");
        let event_loop = runner.event_loop();
        let [task] = runner.run(async {
            let task = corio::spawn(corio::time::sleep(HOUR));
            corio::yield_now().await;
            [task]
        });
        runner.run(task).unwrap();
        runner.close();
        assert!(event_loop.is_closed());
    });
}

#[test]
fn cleanup_of_what_is_left_is_awaited() {
    bounded(|| {
        let log = Log::default();
        let inner = log.clone();
        let value = Builder::new().clock(Clock::virtual_time()).run(async move {
            drop(corio::spawn_local(async move {
                let Err(cancelled) = catch(std::future::pending::<()>()).await else { return };
                inner.push(format!("{cancelled}"));
                corio::sleep(Duration::from_secs(1)).await;
                inner.push("slept");
                let more = inner.clone();
                // Spawned meanwhile, it is cancelled in its turn.
                drop(corio::spawn_local(async move {
                    let Err(_cancelled) = catch(std::future::pending::<()>()).await else { return };
                    more.push("the second wave");
                }));
                corio::yield_now().await;
                cancelled.resume().await
            }));
            corio::yield_now().await;
            3
        });
        assert_eq!(value, 3);
        assert_eq!(log.take(), ["cancelled: the run has ended", "slept", "the second wave"]);
    });
}

#[test]
fn it_is_awaited_also_when_main_panics_or_is_cancelled() {
    bounded(|| {
        let log = Log::default();
        let leave = |log: &Log| {
            let log = log.clone();
            drop(corio::spawn_local(async move {
                let Err(cancelled) = catch(std::future::pending::<()>()).await else { return };
                corio::sleep(MS).await;
                log.push("cleaned");
                cancelled.resume().await
            }));
        };
        let text = panic_text(|| {
            virtual_runner_builder().run(async {
                leave(&log);
                corio::yield_now().await;
                panic!("main's")
            })
        });
        assert_eq!((text.as_str(), log.take()), ("main's", vec!["cleaned".to_owned()]));
        let error = virtual_runner_builder()
            .try_run(async {
                leave(&log);
                corio::yield_now().await;
                corio::task::current().unwrap().cancel("by itself");
                corio::sleep(HOUR).await;
            })
            .unwrap_err();
        assert_eq!(error.reason().unwrap().message(), Some("by itself"));
        assert_eq!(log.take(), ["cleaned"]);
    });
}

fn virtual_runner_builder() -> Builder {
    Builder::new().clock(Clock::virtual_time())
}

#[test]
fn a_cancelled_main_says_who_cancelled_it() {
    bounded(|| {
        let line = Cell::new(0);
        let text = panic_text(|| {
            corio::run(async {
                line.set(line!() + 1);
                corio::task::current().unwrap().cancel("no reason to go on");
                corio::sleep(HOUR).await;
            })
        });
        for part in
            ["no output", "no reason to go on", "runner.rs", &line.get().to_string(), "try_run"]
        {
            assert!(text.contains(part), "{part:?} is missing in: {text}");
        }
    });
}

#[test]
fn the_grace_bounds_the_end_of_a_run() {
    bounded(|| {
        let log = Log::default();
        let dropped = log.on_drop("dropped");
        let begun = Instant::now();
        virtual_runner_builder().shutdown_grace(Duration::from_secs(60)).run(async {
            drop(corio::spawn_local(async move {
                let _dropped = dropped;
                loop {
                    if let Err(cancelled) = catch(corio::sleep(HOUR)).await {
                        cancelled.suppress();
                    }
                }
            }));
            corio::yield_now().await;
        });
        assert_eq!(log.take(), ["dropped"]);
        assert!(begun.elapsed() < Duration::from_secs(30));
    });
}

#[test]
fn what_panics_at_the_end_is_reported() {
    bounded(|| {
        let seen = Rc::new(RefCell::new(Vec::new()));
        let into = seen.clone();
        let value = corio::run(async move {
            EventLoop::current().set_exception_handler(Some(Rc::new(move |_, context| {
                assert!(context.task.is_some());
                into.borrow_mut().push(context.message.clone().unwrap());
            })));
            drop(corio::spawn_local(async {
                if let Err(_cancelled) = catch(std::future::pending::<()>()).await {
                    panic!("in cleanup");
                }
            }));
            corio::yield_now().await;
            123
        });
        assert_eq!(value, 123);
        assert_eq!(*seen.borrow(), ["unhandled exception during corio::run() shutdown"]);
    });
}

#[test]
fn a_runner_that_is_dropped_closes_itself() {
    bounded(|| {
        let log = Log::default();
        let runner = virtual_runner();
        let inner = log.clone();
        runner.run(async {
            drop(corio::spawn_local(async move {
                let Err(_cancelled) = catch(std::future::pending::<()>()).await else { return };
                corio::sleep(MS).await;
                inner.push("cleaned");
            }));
            corio::yield_now().await;
        });
        drop(runner);
        assert_eq!(log.take(), ["cleaned"]);
    });
}

#[test]
fn dropped_inside_a_loop_nothing_is_waited_for() {
    bounded(|| {
        let log = Log::default();
        let (runner, other) = (virtual_runner(), Builder::new().build().unwrap());
        for (name, run) in [("runner", runner.event_loop()), ("other", other.event_loop())] {
            let dropped = log.on_drop(name);
            drop(run.create_task(async move {
                let _dropped = dropped;
                let _ = catch(std::future::pending::<()>()).await;
                corio::sleep(HOUR).await;
            }));
            run.run_until_complete(corio::yield_now()).unwrap();
        }
        let third = Builder::new().build().unwrap();
        let fourth = Builder::new().build().unwrap();
        corio::run(async move {
            drop(runner);
            other.shutdown_background();
            let text = panic_text(|| third.shutdown_timeout(HOUR));
            assert!(text.contains("shutdown_background"), "{text}");
            let text = panic_text(|| fourth.block_on(async {}));
            assert!(text.contains("inside the loop"), "{text}");
            assert_eq!(corio::spawn(async { 1 }).await.unwrap(), 1);
        });
        assert_eq!(log.take(), ["runner", "other"]);
    });
}

#[test]
fn shutdown_timeout_awaits_cleanup() {
    bounded(|| {
        let log = Log::default();
        let runtime = virtual_runner_builder().build().unwrap();
        let inner = log.clone();
        drop(runtime.spawn_local(async move {
            let Err(_cancelled) = catch(std::future::pending::<()>()).await else { return };
            corio::sleep(MS).await;
            inner.push("cleaned");
        }));
        runtime.block_on(corio::yield_now());
        runtime.shutdown_timeout(Duration::from_secs(1));
        assert_eq!(log.take(), ["cleaned"]);
    });
}

#[test]
fn a_run_inside_a_run_is_refused_and_harms_nobody() {
    bounded(|| {
        let runner = virtual_runner();
        let text = panic_text(|| runner.run(async { runner.run(async {}) }));
        assert!(text.contains("Await the future instead"), "{text}");
        assert_eq!(runner.run(async { 2 }), 2);
    });
}
