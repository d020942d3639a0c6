//! The asyncio view of a loop: callbacks, timers, running by hand, exceptions, descriptors.

use std::cell::{Cell, RefCell};
use std::io::{Read, Write};
use std::rc::Rc;
use std::time::Duration;

use corio::event_loop::{ExceptionContext, RunError};
use corio::{Builder, Clock, EventLoop, Runtime};

use crate::util::{Log, MS, bounded, panic_text};

/// A runtime under a virtual clock.
fn runtime() -> Runtime {
    Builder::new().clock(Clock::virtual_time()).build().unwrap()
}

/// Runs what is ready, as CPython's tests do with `run_briefly`.
fn run_briefly(event_loop: &EventLoop) {
    event_loop.run_until_complete(async {}).unwrap();
}

#[test]
fn calls_and_tasks_come_in_one_order() {
    bounded(|| {
        let runtime = runtime();
        let event_loop = runtime.event_loop();
        let log = Log::default();
        let push = |name: &'static str| {
            let log = log.clone();
            move || log.push(name)
        };
        event_loop.call_soon(push("call 1"));
        let task = push("task 2");
        drop(event_loop.create_task(async move { task() }));
        let cancelled = event_loop.call_soon(push("never"));
        event_loop.call_soon(push("call 3"));
        assert!(cancelled.cancel() && cancelled.is_cancelled());
        run_briefly(&event_loop);
        assert_eq!(log.take(), ["call 1", "task 2", "call 3"]);
    });
}

#[test]
fn a_call_made_by_a_call_runs_in_the_next_turn() {
    bounded(|| {
        corio::run(async {
            let log = Log::default();
            let event_loop = EventLoop::current();
            let (outer, again) = (log.clone(), event_loop.clone());
            event_loop.call_soon(move || {
                outer.push("outer");
                let inner = outer.clone();
                again.call_soon(move || inner.push("inner"));
            });
            corio::yield_now().await;
            assert_eq!(log.take(), ["outer"]);
            corio::yield_now().await;
            assert_eq!(log.take(), ["inner"]);
            assert!(event_loop.is_running() && !event_loop.is_closed());
            assert!(format!("{event_loop:?}").contains("running=true closed=false"));
        });
    });
}

#[test]
fn stopped_before_it_runs_it_takes_one_turn() {
    bounded(|| {
        let runtime = runtime();
        let event_loop = runtime.event_loop();
        let count = Rc::new(Cell::new(0));
        fn again(event_loop: EventLoop, count: Rc<Cell<u32>>) {
            count.set(count.get() + 1);
            let next = event_loop.clone();
            event_loop.call_soon(move || again(next, count));
        }
        let (first, counter) = (event_loop.clone(), count.clone());
        event_loop.call_soon(move || again(first, counter));
        event_loop.stop();
        event_loop.run_forever().unwrap();
        assert_eq!(count.get(), 1);
        // Stopping lets the turn finish, and is forgotten after it.
        let stops = event_loop.clone();
        event_loop.call_soon(move || stops.stop());
        let last = Log::default();
        let push = last.clone();
        event_loop.call_soon(move || push.push("after stop"));
        event_loop.run_forever().unwrap();
        assert_eq!((count.get(), last.take().len()), (2, 1));
        event_loop.stop();
        event_loop.run_forever().unwrap();
        assert_eq!(count.get(), 3);
    });
}

#[test]
fn timers_run_at_their_time_in_order_and_can_be_cancelled() {
    bounded(|| {
        let runtime = runtime();
        let event_loop = runtime.event_loop();
        let log = Log::default();
        let begun = event_loop.time();
        let push = |name: &'static str| {
            let (log, event_loop) = (log.clone(), event_loop.clone());
            move || {
                assert!(corio::task::current().is_none());
                log.push(format!("{name} {:?}", event_loop.time() - begun));
            }
        };
        event_loop.call_later(20 * MS, push("b"));
        event_loop.call_at(begun + 10 * MS, push("a"));
        let never = event_loop.call_later(15 * MS, push("never"));
        let far = event_loop.call_later(Duration::MAX, || ());
        assert_eq!(never.when(), Some(begun + 15 * MS));
        assert_eq!(far.when(), None);
        assert!(never < far && !never.is_cancelled());
        never.cancel();
        never.cancel();
        assert!(never.is_cancelled() && format!("{never:?}").contains("cancelled"));
        let stops = event_loop.clone();
        event_loop.call_later(30 * MS, move || stops.stop());
        event_loop.run_forever().unwrap();
        assert_eq!(log.take(), ["a 10ms", "b 20ms"]);
        assert!(!far.is_cancelled());
        drop(runtime);
        assert!(far.is_cancelled(), "with its loop");
    });
}

#[test]
fn a_timer_that_is_due_has_its_turn_after_what_was_ready() {
    bounded(|| {
        corio::Builder::new().clock(Clock::virtual_time()).run(async {
            let log = Log::default();
            let event_loop = EventLoop::current();
            let push = |name: &'static str| {
                let log = log.clone();
                move || log.push(name)
            };
            let cancelled_in_the_queue = event_loop.call_later(Duration::ZERO, push("never"));
            event_loop.call_at(event_loop.time() - MS, push("past"));
            event_loop.call_soon(push("soon"));
            cancelled_in_the_queue.cancel();
            assert!(log.take().is_empty(), "never inline");
            corio::yield_now().await;
            assert_eq!(log.take(), ["past", "soon"]);
        });
    });
}

#[test]
fn run_until_complete_says_why_there_is_nothing() {
    bounded(|| {
        let runtime = runtime();
        let event_loop = runtime.event_loop();
        let stops = event_loop.clone();
        event_loop.call_soon(move || stops.stop());
        let stopped = event_loop.run_until_complete(std::future::pending::<()>());
        assert!(matches!(stopped, Err(RunError::Stopped)), "{stopped:?}");
        // What was awaited by reference is still there.
        let mut task = event_loop.create_task(async {
            corio::sleep(MS).await;
            3
        });
        event_loop.stop();
        assert!(event_loop.run_until_complete(&mut task).is_err());
        assert_eq!(event_loop.run_until_complete(task).unwrap().unwrap(), 3);
        assert_eq!(
            panic_text(|| event_loop.run_until_complete(async { panic!("its own") })),
            "its own"
        );
        let cancelled = event_loop.run_until_complete(async {
            corio::task::current().unwrap().cancel("self");
            corio::sleep(MS).await;
        });
        assert!(matches!(cancelled, Err(RunError::Cancelled(_))), "{cancelled:?}");
        // What the last step has made ready still runs.
        let log = Log::default();
        let (push, inside) = (log.clone(), event_loop.clone());
        event_loop
            .run_until_complete(async move { inside.call_soon(move || push.push("last")) })
            .unwrap();
        assert_eq!(log.take(), ["last"]);
    });
}

#[test]
fn a_loop_runs_once_at_a_time_and_is_not_closed_meanwhile() {
    bounded(|| {
        let (runtime, other) = (runtime(), runtime());
        let event_loop = runtime.event_loop();
        let (inside, beside) = (event_loop.clone(), other.event_loop());
        event_loop
            .run_until_complete(async move {
                for nested in [&inside, &beside] {
                    let error = nested.run_forever().unwrap_err();
                    assert!(matches!(error, RunError::AlreadyRunning(_)), "{error:?}");
                    assert!(error.to_string().contains("await the future"), "{error}");
                    assert!(nested.run_until_complete(async {}).is_err());
                }
                let error = inside.close().unwrap_err();
                assert!(error.to_string().contains("stop it"), "{error}");
                assert!(inside.is_running() && !beside.is_running());
                beside.close().unwrap();
            })
            .unwrap();
        assert!(beside_is_closed(&other.event_loop()));
        event_loop.close().unwrap();
        event_loop.close().unwrap();
        assert!(event_loop.is_closed() && !event_loop.is_running());
        assert!(matches!(event_loop.run_forever(), Err(RunError::Closed)));
        assert!(matches!(event_loop.run_until_complete(async {}), Err(RunError::Closed)));
        for text in [
            panic_text(|| event_loop.call_soon(|| ())),
            panic_text(|| event_loop.call_later(MS, || ())),
            panic_text(|| event_loop.call_at(event_loop.time(), || ())),
        ] {
            assert!(text.contains("closed"), "{text}");
        }
        assert!(event_loop.call_soon_threadsafe(|| ()).is_err());
        let mut task = event_loop.create_task(async {});
        assert!(task.try_take().unwrap().unwrap_err().is_cancelled());
        assert!(runtime.handle().call_soon_threadsafe(|| ()).is_err());
    });

    fn beside_is_closed(event_loop: &EventLoop) -> bool {
        event_loop.is_closed()
    }
}

#[test]
fn a_runtime_dropped_by_its_own_task_ends_when_its_run_does() {
    bounded(|| {
        let runtime = runtime();
        let event_loop = runtime.event_loop();
        let log = Log::default();
        let dropped = log.on_drop("dropped with the loop");
        drop(event_loop.create_task(async move {
            let _dropped = dropped;
            std::future::pending::<()>().await;
        }));
        let push = log.clone();
        event_loop.call_soon(move || {
            drop(runtime);
            push.push("not yet");
        });
        event_loop.run_forever().unwrap();
        assert_eq!(log.take(), ["not yet", "dropped with the loop"]);
        assert!(event_loop.is_closed());
        assert!(matches!(event_loop.run_forever(), Err(RunError::Closed)));
    });
}

#[test]
fn the_exception_handler_hears_of_callbacks_that_panic() {
    bounded(|| {
        corio::run(async {
            let event_loop = EventLoop::current();
            let seen = Rc::new(RefCell::new(Vec::new()));
            let into = seen.clone();
            event_loop.set_exception_handler(Some(Rc::new(move |event_loop, context| {
                assert_eq!(*event_loop, EventLoop::current());
                let text = context.to_string();
                assert!(text.contains("Exception in callback"), "{text}");
                assert!(text.contains("event_loop.rs"), "{text}");
                into.borrow_mut().push(context.panic_message().unwrap().to_owned());
            })));
            assert!(event_loop.exception_handler().is_some());
            event_loop.call_soon(|| panic!("soon"));
            event_loop.call_later(MS, || panic!("later"));
            event_loop.call_soon_threadsafe(|| panic!("from afar")).unwrap();
            corio::sleep(5 * MS).await;
            seen.borrow_mut().sort();
            assert_eq!(*seen.borrow(), ["from afar", "later", "soon"]);
            // One that panics itself is logged, and the loop goes on.
            event_loop.set_exception_handler(Some(Rc::new(|_, _| panic!("the handler's own"))));
            event_loop.call_soon(|| panic!("again"));
            corio::yield_now().await;
            event_loop.call_exception_handler(&ExceptionContext::new("by hand"));
            event_loop.set_exception_handler(None);
            event_loop.call_exception_handler(&ExceptionContext::default());
            assert_eq!(
                ExceptionContext::default().to_string(),
                "Unhandled exception in event loop"
            );
        });
    });
}

#[test]
fn the_task_factory_has_its_say_in_every_spawn() {
    bounded(|| {
        corio::run(async {
            let event_loop = EventLoop::current();
            let made = Rc::new(Cell::new(0));
            let counter = made.clone();
            event_loop.set_task_factory(Some(Rc::new(move |spawn| {
                counter.set(counter.get() + 1);
                spawn.name("from the factory").eager_start(true)
            })));
            for task in [
                corio::spawn(async { 1 }),
                corio::spawn_local(async { 1 }),
                event_loop.create_task(async { 1 }),
            ] {
                assert!(task.is_finished(), "eager");
                assert_eq!(task.info().name(), "from the factory");
            }
            assert_eq!(made.get(), 3);
            event_loop.set_task_factory(Some(Rc::new(|_| panic!("no more tasks"))));
            assert_eq!(panic_text(|| corio::spawn(async {})), "no more tasks");
            event_loop.set_task_factory(None);
            assert!(event_loop.task_factory().is_none());
            assert!(!corio::spawn(async {}).is_finished());
        });
    });
}

#[test]
fn readers_are_called_as_long_as_there_is_something_to_read() {
    bounded(|| {
        corio::run(async {
            let event_loop = EventLoop::current();
            let (reader, mut writer) = std::io::pipe().unwrap();
            let reader = Rc::new(reader);
            let got = Rc::new(RefCell::new(Vec::new()));
            let (from, into) = (reader.clone(), got.clone());
            event_loop
                .add_reader(&*reader, move || {
                    let mut byte = [0];
                    if (&*from).read(&mut byte).unwrap() == 1 {
                        into.borrow_mut().push(byte[0]);
                    }
                })
                .unwrap();
            corio::sleep(MS).await;
            assert!(got.borrow().is_empty());
            writer.write_all(b"abc").unwrap();
            while got.borrow().len() < 3 {
                corio::sleep(MS).await;
            }
            assert_eq!(*got.borrow(), b"abc");
            // Another one takes its place.
            let into = got.clone();
            event_loop.add_reader(&*reader, move || into.borrow_mut().push(b'!')).unwrap();
            writer.write_all(b"d").unwrap();
            while got.borrow().len() < 5 {
                corio::sleep(MS).await;
            }
            assert!(got.borrow()[3..].iter().all(|&byte| byte == b'!'), "level-triggered");
            assert!(event_loop.remove_reader(&*reader) && !event_loop.remove_reader(&*reader));
            let before = got.borrow().len();
            corio::sleep(MS).await;
            assert_eq!(got.borrow().len(), before);
        });
    });
}

#[test]
fn writers_are_called_and_may_take_themselves_back_or_panic() {
    bounded(|| {
        corio::run(async {
            let event_loop = EventLoop::current();
            let (_reader, writer) = std::io::pipe().unwrap();
            let writer = Rc::new(writer);
            let calls = Rc::new(Cell::new(0));
            event_loop.set_exception_handler(Some(Rc::new(|_, _| ())));
            let (counter, own, inside) = (calls.clone(), writer.clone(), event_loop.clone());
            event_loop
                .add_writer(&*writer, move || {
                    counter.set(counter.get() + 1);
                    match counter.get() {
                        1 => panic!("it goes on being a writer"),
                        3 => assert!(inside.remove_writer(&*own)),
                        _ => {}
                    }
                })
                .unwrap();
            for _ in 0..10 {
                corio::sleep(MS).await;
            }
            assert_eq!(calls.get(), 3);
            let file = std::fs::File::open("Cargo.toml").unwrap();
            assert!(
                event_loop.add_reader(&file, || ()).is_err(),
                "regular files cannot be watched"
            );
        });
    });
}

#[test]
fn callbacks_are_called_in_the_context_in_which_they_were_asked_for() {
    corio::context_var! { static WHO: &'static str = "nobody"; }
    bounded(|| {
        corio::Builder::new().clock(Clock::virtual_time()).run(async {
            let event_loop = EventLoop::current();
            let log = Log::default();
            let push = |name: &'static str| {
                let log = log.clone();
                move || {
                    log.push(format!("{name} {}", WHO.get()));
                    WHO.set("the callback");
                }
            };
            let (promise, eventual) = event_loop.create_future::<u32, u32>();
            let (reader, mut writer) = std::io::pipe().unwrap();
            WHO.set("ada");
            event_loop.call_soon(push("soon"));
            event_loop.call_later(MS, push("later"));
            let (read, inside, own) = (push("reader"), event_loop.clone(), reader.try_clone());
            let fd = std::os::fd::AsRawFd::as_raw_fd(&reader);
            event_loop
                .add_reader(&reader, move || {
                    read();
                    assert!(own.is_ok() && inside.remove_reader(&fd));
                })
                .unwrap();
            eventual.add_done_callback(|_| assert_eq!(WHO.get(), "ada"));
            event_loop.set_exception_handler(Some(Rc::new({
                let report = push("handler");
                move |_, _| report()
            })));
            event_loop.call_soon(|| panic!("with a context"));
            WHO.set("grace");
            promise.set_result(1).unwrap();
            writer.write_all(b"x").unwrap();
            corio::sleep(5 * MS).await;
            let mut seen = log.take();
            seen.sort();
            assert_eq!(seen, ["handler ada", "later ada", "reader ada", "soon ada"]);
            assert_eq!(WHO.get(), "grace");
        });
    });
}

#[test]
fn a_run_of_one_future_is_not_stopped() {
    bounded(|| {
        let text = panic_text(|| corio::run(async { EventLoop::current().stop() }));
        assert!(
            text.contains("return from that future") && text.contains("event_loop.rs"),
            "{text}"
        );
    });
}

#[test]
fn outside_a_runtime_there_is_no_loop() {
    assert!(EventLoop::try_current().is_none());
    let text = panic_text(EventLoop::current);
    assert!(text.contains("EventLoop::current") && text.contains("corio::run"), "{text}");
}
