//! Several runtimes on one thread, and their ends.

use std::cell::RefCell;
use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};

use corio::{Builder, Clock, Handle, JoinHandle, Runtime};

use crate::util::{HOUR, Log, MS, OnDrop, bounded};

fn build() -> Runtime {
    Builder::new().build().unwrap()
}

#[test]
fn two_runtimes_alternately() {
    bounded(|| {
        let log = Log::default();
        let runtimes = [("one", build()), ("two", build())];
        for (name, runtime) in &runtimes {
            let (log, name) = (log.clone(), *name);
            drop(runtime.spawn_local(async move {
                for step in 1.. {
                    log.push(format!("{name} {step}"));
                    corio::yield_now().await;
                }
            }));
        }
        for _ in 0..2 {
            for (_, runtime) in &runtimes {
                runtime.block_on(async {
                    // Each finds its own.
                    corio::spawn_local(async {}).await.unwrap();
                    corio::sleep(MS).await;
                });
                assert!(Handle::try_current().is_none());
                let steps = log.take();
                assert!(!steps.is_empty());
                let whose = steps[0].split(' ').next().unwrap().to_owned();
                assert!(steps.iter().all(|step| step.starts_with(&whose)), "{steps:?}");
            }
        }
    });
}

#[test]
fn tasks_stay_for_the_next_block_on() {
    bounded(|| {
        let runtime = build();
        let mut task = runtime.spawn_local(async {
            corio::sleep(MS).await;
            "later"
        });
        runtime.block_on(corio::yield_now());
        assert!(!task.is_finished());
        assert_eq!(runtime.block_on(&mut task).unwrap(), "later");
    });
}

#[test]
fn the_runtime_entered_last_is_the_current_one() {
    bounded(|| {
        let (one, two) = (build(), build());
        let log = Log::default();
        let spawn = |name: &'static str| {
            let log = log.clone();
            drop(corio::spawn_local(async move { log.push(name) }));
        };
        {
            let _one = one.enter();
            spawn("one");
            {
                let _two = two.enter();
                spawn("two");
            }
            spawn("one again");
        }
        two.block_on(corio::yield_now());
        assert_eq!(log.take(), ["two"]);
        one.block_on(corio::yield_now());
        assert_eq!(log.take(), ["one", "one again"]);
    });
}

#[test]
fn a_runtime_entered_and_spawned_on_inside_another_one_s_task() {
    bounded(|| {
        let other = build();
        let [task] = corio::run(async {
            let mine = corio_reactor::current::try_handle().unwrap();
            let task = {
                let _entered = other.enter();
                assert!(!corio_reactor::current::try_handle().unwrap().is_same(&mine));
                corio::spawn_local(async { "the other's" })
            };
            assert!(corio_reactor::current::try_handle().unwrap().is_same(&mine));
            corio::yield_now().await;
            assert!(!task.is_finished(), "nobody runs the other");
            [task]
        });
        assert_eq!(other.block_on(task).unwrap(), "the other's");
    });
}

#[test]
fn a_runtime_dropped_inside_another_one_s_task() {
    bounded(|| {
        let log = Log::default();
        corio::run(async {
            let mine = corio_reactor::current::try_handle().unwrap();
            let other = build();
            let handle = other.handle().clone();
            let theirs = other.spawn_local({
                let dropped = log.on_drop("dropped");
                let log = log.clone();
                async move {
                    let _at_the_end = OnDrop::new(move || {
                        // The runtime that ends is the current one, and refuses.
                        assert!(corio::spawn(async {}).is_finished());
                        log.push("its destructor spawned");
                    });
                    corio::sleep(HOUR).await;
                    drop(dropped);
                }
            });
            drop(other);
            assert!(theirs.await.unwrap_err().is_cancelled());
            assert!(handle.spawn(async {}).await.unwrap_err().is_cancelled());
            // All is as it was.
            assert!(corio_reactor::current::try_handle().unwrap().is_same(&mine));
            assert_eq!(corio::spawn(async { 1 }).await.unwrap(), 1);
            corio::sleep(MS).await;
        });
        assert_eq!(log.take(), ["dropped"], "never polled, its body never ran");
    });
}

#[test]
fn destructors_of_tasks_may_spawn_and_sleep() {
    bounded(|| {
        let log = Log::default();
        let late: Rc<RefCell<Vec<JoinHandle<()>>>> = Rc::default();
        let runtime = build();
        for n in 0..3 {
            let (log, late) = (log.clone(), late.clone());
            drop(runtime.spawn_local(async move {
                let _at_the_end = OnDrop::new(move || {
                    late.borrow_mut().push(corio::spawn(async {}));
                    late.borrow_mut().push(corio::spawn_local(async {}));
                    let mut sleep = pin!(corio::sleep(HOUR));
                    let waker = std::task::Waker::noop();
                    let mut context = std::task::Context::from_waker(waker);
                    assert!(sleep.as_mut().poll(&mut context).is_pending());
                    assert!(Handle::try_current().is_some());
                    assert!(corio_reactor::current::try_handle().is_some());
                    log.push(n.to_string());
                });
                std::future::pending::<()>().await;
            }));
        }
        runtime.block_on(corio::yield_now());
        drop(runtime);
        assert_eq!(log.take().len(), 3);
        assert_eq!(late.borrow().len(), 6);
        for task in late.take() {
            assert!(corio::run(task).unwrap_err().is_cancelled());
        }
    });
}

#[test]
fn a_destructor_that_panics_ends_its_task_alone() {
    bounded(|| {
        let log = Log::default();
        let runtime = build();
        for name in ["before", "panics", "after"] {
            let log = log.clone();
            drop(runtime.spawn_local(async move {
                let _at_the_end = OnDrop::new(move || {
                    log.push(name);
                    assert_ne!(name, "panics", "in a destructor, on purpose");
                });
                std::future::pending::<()>().await;
            }));
        }
        runtime.block_on(corio::yield_now());
        drop(runtime);
        let mut ended = log.take();
        ended.sort();
        assert_eq!(ended, ["after", "before", "panics"]);
    });
}

/// A task's own waker, kept by somebody else, outlives everything.
#[test]
fn wakers_outlive_their_runtime() {
    bounded(|| {
        let waker = corio::run(async {
            let task = corio::spawn(poll_fn(|context| Poll::Ready(context.waker().clone())));
            task.await.unwrap()
        });
        waker.wake_by_ref();
        let elsewhere = waker.clone();
        std::thread::spawn(move || elsewhere.wake()).join().unwrap();
        drop(waker);
    });
}

#[test]
fn a_guard_may_outlive_its_runtime() {
    bounded(|| {
        let runtime = build();
        let entered = runtime.enter();
        drop(runtime);
        assert!(Handle::try_current().is_none());
        futures::executor::block_on(corio::sleep(MS));
        drop(entered);
    });
}

/// A task that is refused is dropped while it is being spawned; its destructor may do anything.
#[test]
fn the_destructor_of_a_refused_task_may_make_a_runtime() {
    bounded(|| {
        let gone = build().handle().clone();
        let _entered = gone.enter();
        let inside = std::sync::Arc::new(std::sync::Mutex::new(0));
        let told = inside.clone();
        let runs_another = SendOnDrop(move || {
            *told.lock().unwrap() = corio::run(async { 42 });
        });
        let refused = corio::spawn(async move { drop(runs_another) });
        assert!(refused.is_finished());
        assert_eq!(*inside.lock().unwrap(), 42);
    });
}

/// Does something when it is dropped, on whatever thread.
struct SendOnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for SendOnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

std::thread_local! {
    /// Touched before anything of corio's, so dropped after all of it.
    static KEPT: RefCell<Option<Runtime>> = const { RefCell::new(None) };
}

#[test]
fn a_runtime_kept_until_its_thread_has_nothing_else() {
    bounded(|| {
        let (tell, told) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            KEPT.with(|slot| slot.take());
            let runtime = Builder::new().clock(Clock::virtual_time()).build().unwrap();
            drop(runtime.spawn_local(async move {
                let _last = OnDrop::new(move || {
                    // A panic here would end the process.
                    let now = corio::time::now();
                    let mut sleep = pin!(corio::sleep(HOUR));
                    let slept = sleep.as_mut().poll(&mut Context::from_waker(Waker::noop()));
                    tell.send((now, slept.is_ready())).unwrap();
                });
                corio::sleep(HOUR).await;
            }));
            runtime.block_on(corio::yield_now());
            KEPT.with(|slot| slot.replace(Some(runtime)));
        });
        thread.join().unwrap();
        assert!(!told.recv().unwrap().1);
    });
}
