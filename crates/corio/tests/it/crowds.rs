//! `gather`, `wait`, `as_completed`, `shield`, the timeouts, cancel scopes and promised values at awkward
//! moments.

use std::cell::{Cell, RefCell};
use std::future::{pending, poll_fn};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use corio::cancel::{CancelHandle, CancelScope, catch, mask};
use corio::time::now;
use corio::{
    Builder, Clock, EventLoop, JoinHandle, Timeout, as_completed, eventual, gather, move_on_after,
    shield, sleep, spawn, spawn_local, timeout, timeout_at, wait, wait_for, yield_now,
};
use futures::StreamExt;
use futures::stream::FuturesUnordered;

use crate::util::{HOUR, Log, MS, OnDrop, bounded, text};

/// Runs `main` on a virtual clock.
fn run<T: Send + 'static>(main: impl AsyncFnOnce() -> T + Send + 'static) {
    bounded(|| {
        Builder::new().clock(Clock::virtual_time()).run(async { main().await });
    });
}

async fn turns(count: u32) {
    for _ in 0..count {
        yield_now().await;
    }
}

async fn cleans_up(log: Log, name: &'static str, count: u32) {
    if let Err(cancelled) = catch(pending::<()>()).await {
        turns(count).await;
        log.push(name);
        cancelled.resume().await
    }
}

#[test]
fn a_gathering_cancelled_after_any_number_of_turns_waits_for_all() {
    run(async || {
        for count in 0..8 {
            let log = Log::default();
            let inside = log.clone();
            let task = spawn_local(async move {
                let tasks = [3, 1, 2].map(|n| {
                    let log = inside.clone();
                    spawn_local(async move {
                        if let Err(cancelled) = catch(turns(n + 2)).await {
                            turns(n).await;
                            log.push("cleaned");
                            cancelled.resume().await
                        }
                        log.push("done");
                    })
                });
                gather(tasks).await.unwrap();
                pending::<()>().await;
            });
            turns(count).await;
            task.task().cancel("stop");
            assert!(task.await.unwrap_err().is_cancelled());
            turns(8).await;
            let lines = log.take().len();
            assert!(lines == 3 || count < 2, "after {count} turns {lines} have ended");
        }
    });
}

#[test]
fn a_gathering_whose_members_suppress_gives_its_value_and_then_unwinds() {
    run(async || {
        let log = Log::default();
        let inside = log.clone();
        let task = spawn_local(async move {
            let tasks = [1, 2].map(|n| {
                spawn_local(async move {
                    if let Err(cancelled) = catch(pending::<()>()).await {
                        cancelled.suppress();
                    }
                    n
                })
            });
            let values = gather(tasks).await.unwrap();
            inside.push(format!("{values:?}"));
            yield_now().await;
            inside.push("not reached");
        });
        turns(3).await;
        task.task().cancel("stop");
        assert!(task.await.unwrap_err().is_cancelled());
        assert_eq!(log.take(), ["[1, 2]"]);
    });
}

#[test]
fn members_that_others_cancel_panic_or_that_ended_before() {
    run(async || {
        let done = spawn(async { 1 });
        let killed: JoinHandle<i32> = spawn(pending());
        let panics: JoinHandle<i32> = spawn(async { panic!("oops") });
        turns(2).await;
        killed.task().cancel("by another");
        killed.task().cancel("twice");
        let results = gather([done, killed, panics]).return_exceptions().await;
        assert_eq!(*results[0].as_ref().unwrap(), 1);
        assert!(results[1].as_ref().unwrap_err().is_cancelled());
        assert!(results[2].as_ref().unwrap_err().is_panic());

        // The first to fail decides, not the first in order; the others run on.
        let log = Log::default();
        let slow = spawn_local({
            let log = log.clone();
            async move {
                sleep(2 * MS).await;
                log.push("ran on");
            }
        });
        let quick = spawn_local(async {
            sleep(MS).await;
            panic!("quick");
        });
        let error = gather([slow, quick]).await.unwrap_err();
        assert_eq!(text(&*error.into_panic()), "quick");
        sleep(2 * MS).await;
        assert_eq!(log.take(), ["ran on"]);
        // Nothing at all.
        assert!(gather(Vec::<JoinHandle<()>>::new()).await.unwrap().is_empty());
    });
}

#[test]
fn crowds_inside_futures_unordered_select_and_join() {
    run(async || {
        let mut all = FuturesUnordered::new();
        for n in 0..50_u64 {
            all.push(gather([n, n + 1].map(|n| {
                spawn(async move {
                    sleep(Duration::from_millis(n % 7)).await;
                    n
                })
            })));
        }
        let mut sum = 0;
        while let Some(values) = all.next().await {
            sum += values.unwrap().iter().sum::<u64>();
        }
        assert_eq!(sum, 50 * 50);

        // A cancel reaches gatherings in all of its branches.
        let log = Log::default();
        let inside = log.clone();
        let task = spawn_local(async move {
            let make = |name| spawn_local(cleans_up(inside.clone(), name, 2));
            let mut set: FuturesUnordered<_> =
                ["a", "b"].into_iter().map(|name| gather([make(name)])).collect();
            corio::join!(gather([make("c")]), async { while set.next().await.is_some() {} });
        });
        turns(4).await;
        task.task().cancel("stop");
        assert!(task.await.unwrap_err().is_cancelled());
        let mut names = log.take();
        names.sort();
        assert_eq!(names, ["a", "b", "c"]);
    });
}

#[test]
fn waiting_for_ten_thousand_that_end_one_by_one_is_quick() {
    run(async || {
        // Where each end cost a look at all of them it took seconds, and longer than gathering them.
        const SLOWER_AT_MOST: u32 = 10;
        let make = || {
            let sleepy = |n: u64| spawn(async move { sleep(Duration::from_millis(n)).await });
            (0..10_000).map(sleepy).collect::<Vec<_>>()
        };
        let begun = Instant::now();
        gather(make()).await.unwrap();
        let gathered = begun.elapsed();
        let (begun, mut tasks) = (Instant::now(), make());
        let done = wait(&mut tasks).await.unwrap();
        assert_eq!((done.len(), tasks.len()), (10_000, 0));
        let waited = begun.elapsed();
        assert!(waited < SLOWER_AT_MOST * gathered, "{waited:?}, and {gathered:?} to gather them");
    });
}

#[test]
fn waiting_for_many_again_and_again_until_enough_have_ended() {
    run(async || {
        let make = |n: u32| {
            spawn(async move {
                sleep(n * MS).await;
                if n == 150 { Err(n) } else { Ok(()) }
            })
        };
        let mut tasks: Vec<_> = (1..=200).map(make).collect();
        let begun = now();
        assert_eq!(wait(&mut tasks).first_completed().await.unwrap().len(), 1);
        assert_eq!(wait(&mut tasks).first_completed().await.unwrap().len(), 1);
        assert_eq!(wait(&mut tasks).timeout(10 * MS).await.unwrap().len(), 9 + 1);
        tasks[0].task().cancel("by another");
        assert_eq!(wait(&mut tasks).first_error().await.unwrap().len(), 150 - 12);
        assert_eq!((now() - begun, tasks.len()), (150 * MS, 50));
        // Polled by hand, in two contexts, with one taken meanwhile.
        let mut all = wait(&mut tasks);
        assert!(futures::poll!(&mut all).is_pending());
        let done = spawn_local(async { timeout(HOUR, sleep(HOUR)).await });
        drop(done);
        assert_eq!(all.await.unwrap().len(), 50);
        assert_eq!(now() - begun, 200 * MS);
    });
}

#[test]
fn wait_and_as_completed_leave_their_tasks_alone_when_cancelled() {
    run(async || {
        let tasks = Rc::new(RefCell::new(vec![spawn(sleep(2 * MS)), spawn(sleep(MS))]));
        let waited = tasks.clone();
        let task = spawn_local(async move {
            let mut list = waited.take();
            let _back = {
                let result = catch(wait(&mut list)).await;
                waited.replace(list);
                result.map_err(corio::cancel::Cancelled::suppress)
            };
        });
        turns(2).await;
        task.task().cancel(());
        task.await.unwrap();
        let mut done = as_completed(tasks.take());
        assert!(timeout(MS / 2, done.next()).await.is_err());
        assert!(done.next().await.unwrap().await.is_ok());
        assert!(done.next().await.unwrap().await.is_ok());
        assert!(done.next().await.is_none());
    });
}

#[test]
fn a_shielded_task_cancelled_by_others_and_a_shield_in_a_shield() {
    run(async || {
        let mut task = spawn(pending::<()>());
        let inner = task.task();
        spawn(async move {
            yield_now().await;
            inner.cancel("itself");
        });
        assert!(shield(&mut task).await.unwrap_err().is_cancelled(), "an error, and no unwinding");
        let mut slow = spawn(async {
            sleep(2 * MS).await;
            3
        });
        assert!(timeout(MS, shield(&mut slow)).await.is_err());
        assert!(timeout(MS / 2, async { shield(&mut slow).await }).await.is_err());
        assert_eq!(slow.await.unwrap(), 3);
    });
}

#[test]
fn timeouts_with_no_time_all_time_and_time_that_has_passed() {
    run(async || {
        let begun = now();
        assert_eq!(timeout(Duration::MAX, async { 1 }).await, Ok(1));
        assert_eq!(timeout(Duration::MAX, async { sleep(MS).await }).await, Ok(()));
        assert_eq!(wait_for(async { sleep(MS).await }, Some(Duration::MAX)).await, Ok(()));
        assert_eq!(move_on_after(Duration::MAX, sleep(MS)).await, Some(()));
        assert!(CancelScope::new().with_timeout(Duration::MAX).run(sleep(MS)).await.is_ok());
        assert!(CancelScope::new().with_grace(Duration::MAX).run(sleep(MS)).await.is_ok());
        assert!(Timeout::after(Duration::MAX).run(sleep(MS)).await.is_ok());
        let before = now() - MS;
        assert!(timeout_at(before, pending::<()>()).await.is_err());
        assert_eq!(timeout_at(before, async { 1 }).await, Ok(1), "it never waited");
        assert!(Timeout::at(before).run(pending::<()>()).await.is_err());
        assert!(timeout(Duration::ZERO, yield_now()).await.is_err());
        assert_eq!(now() - begun, 6 * MS);

        // The body, ready in the turn in which its time is over, has its value.
        let result = timeout(MS, async {
            sleep(MS).await;
            5
        })
        .await;
        println!("same moment: {result:?}");

        // The inner, the outer, both at once: the outer one's.
        let both = timeout(MS, timeout(MS, pending::<()>())).await;
        assert!(both.is_err(), "{both:?}");
        let inner = timeout(2 * MS, timeout(MS, pending::<()>())).await;
        assert!(matches!(inner, Ok(Err(_))));
        let outer = timeout(MS, timeout(2 * MS, pending::<()>())).await;
        assert!(outer.is_err());
    });
}

#[test]
fn a_body_that_suppresses_its_timeout_and_goes_on() {
    run(async || {
        let body = || async {
            let mut asked = 0;
            for _ in 0..3 {
                if let Err(cancelled) = catch(sleep(2 * MS)).await {
                    asked += 1;
                    cancelled.suppress();
                }
            }
            asked
        };
        let begun = now();
        assert_eq!(timeout(MS, body()).await, Ok(1), "asked once");
        assert_eq!(now() - begun, 5 * MS);
        let begun = now();
        assert_eq!(move_on_after(MS, body()).await, Some(3), "asked until it goes");
        assert_eq!(now() - begun, MS);
        let object = Timeout::after(MS);
        assert_eq!(object.run(body()).await, Ok(1));
        assert!(object.expired());
        // Inside a mask, the request comes after.
        let begun = now();
        assert!(timeout(MS, mask(sleep(3 * MS))).await.is_err() || now() - begun == 3 * MS);
        assert_eq!(now() - begun, 3 * MS);
    });
}

#[test]
fn a_timeout_is_moved_at_each_moment() {
    run(async || {
        let timeout = Timeout::after(MS);
        assert!(timeout.reschedule(None).is_err(), "not entered");
        let (inside, begun) = (timeout.clone(), now());
        let result = timeout
            .run(async move {
                inside.reschedule(Some(now() + 3 * MS)).unwrap();
                sleep(2 * MS).await;
                inside.reschedule(None).unwrap();
                sleep(HOUR).await;
                inside.reschedule(Some(now() + MS)).unwrap();
                inside.reschedule(Some(now() + HOUR)).unwrap();
                inside.reschedule(Some(now() - MS)).unwrap();
                let Err(cancelled) = catch(pending::<()>()).await else { return };
                assert!(inside.reschedule(None).is_err(), "expiring");
                cancelled.resume().await
            })
            .await;
        assert!(result.is_err() && timeout.expired());
        assert_eq!(now() - begun, HOUR + 2 * MS);
        assert!(timeout.reschedule(None).is_err());

        // By another task, at the moment itself, and while nothing else happens.
        let timeout = Timeout::never();
        let inside = timeout.clone();
        spawn_local(async move {
            sleep(MS).await;
            inside.reschedule(Some(now())).unwrap();
        });
        let begun = now();
        assert!(timeout.run(pending::<()>()).await.is_err());
        assert_eq!(now() - begun, MS);
    });
}

#[test]
fn a_cancel_scope_asks_again_and_its_deadline_moves() {
    run(async || {
        let scope = CancelScope::new();
        let (handle, asked) = (scope.handle(), Rc::new(Cell::new(0)));
        let count = asked.clone();
        spawn_local(async move {
            sleep(MS).await;
            assert!(handle.cancel("go"));
            assert!(!handle.cancel("again"));
        });
        let value = scope
            .run(async move {
                while count.get() < 5 {
                    let Err(cancelled) = catch(pending::<()>()).await else { return 0 };
                    count.set(count.get() + 1);
                    cancelled.suppress();
                }
                7
            })
            .await;
        assert_eq!((value.unwrap(), asked.get()), (7, 5));
        assert!(scope.cancel_called() && !scope.cancelled_caught());

        // Moved while it is being cancelled: without effect. Under a parent that was cancelled: at once.
        let parent = CancelHandle::new();
        let scope = CancelScope::under(&parent).with_timeout(HOUR);
        let begun = now();
        parent.cancel("parent");
        let inside = scope.handle();
        let stopped = scope
            .run(async move {
                let Err(cancelled) = catch(pending::<()>()).await else { return };
                inside.set_deadline(None);
                sleep(MS).await;
                cancelled.resume().await
            })
            .await
            .unwrap_err();
        assert_eq!(stopped.reason().message(), Some("parent"));
        assert_eq!(now() - begun, MS);
    });
}

#[test]
fn a_parent_handle_is_cancelled_by_another_thread_at_any_time() {
    bounded(|| {
        for round in 0..200_u64 {
            let parent = CancelHandle::new();
            let (child, ended) = (parent.child().child(), Arc::new(AtomicBool::new(false)));
            let over = ended.clone();
            let other = std::thread::spawn(move || {
                for _ in 0..round * 50 {
                    std::hint::spin_loop();
                }
                assert!(parent.cancel("from outside"));
                assert!(!parent.child().cancel("late"), "born cancelled");
                over.store(true, Ordering::Release);
            });
            corio::run(async move {
                let scope = CancelScope::under(&child);
                let waits = spawn({
                    let child = child.clone();
                    async move { child.cancelled().await.message().map(str::to_owned) }
                });
                let stopped = scope.run(pending::<()>()).await.unwrap_err();
                assert_eq!(stopped.reason().message(), Some("from outside"));
                assert_eq!(waits.await.unwrap().as_deref(), Some("from outside"));
            });
            other.join().unwrap();
            assert!(ended.load(Ordering::Acquire));
        }
    });
}

#[test]
fn a_promise_kept_twice_dropped_in_a_callback_and_awaited_by_many() {
    run(async || {
        let (promise, value) = eventual::<u32, String>();
        promise.set_result(1).unwrap();
        let refused = promise.set_result(2).unwrap_err();
        assert_eq!(refused.into_inner(), 2);
        assert!(promise.set_error("late".into()).is_err() && !promise.cancel("late"));
        assert_eq!(value.clone().await.unwrap(), 1);

        // Callbacks that complete, forget and add others.
        let (promise, value) = eventual::<u32, String>();
        let log = Arc::new(std::sync::Mutex::new(Vec::new()));
        let (first, second) = (log.clone(), log.clone());
        value.add_done_callback(move |done| {
            first.lock().unwrap().push("first");
            let log = first.clone();
            done.add_done_callback(move |done| {
                log.lock().unwrap().push("added late");
                drop(done);
            });
            drop(done);
            panic!("in a callback");
        });
        value.add_done_callback(move |_| second.lock().unwrap().push("second"));
        drop(value);
        drop(promise);
        turns(3).await;
        assert_eq!(*log.lock().unwrap(), ["first", "second", "added late"]);

        // Awaited by many; one of them is cancelled, and so are, as with asyncio's futures, all.
        let (promise, value) = eventual::<u32, String>();
        let waiters: Vec<_> = (0..3)
            .map(|_| {
                let value = value.clone();
                spawn_local(async move { value.await.map_err(|error| error.is_cancelled()) })
            })
            .collect();
        let shielded = spawn_local({
            let value = value.clone();
            async move { value.shielded().await }
        });
        turns(2).await;
        shielded.task().cancel(());
        assert!(shielded.await.unwrap_err().is_cancelled());
        assert!(!promise.is_done());
        waiters[1].task().cancel("one of them");
        let results = gather(waiters).return_exceptions().await;
        assert_eq!(*results[0].as_ref().unwrap(), Err(true));
        assert!(results[1].as_ref().unwrap_err().is_cancelled());
        assert_eq!(*results[2].as_ref().unwrap(), Err(true));
        assert!(promise.is_cancelled());
    });
}

#[test]
fn a_promise_kept_in_the_turn_of_the_cancel_is_not_lost() {
    run(async || {
        let (promise, value) = eventual::<u32, String>();
        let log = Log::default();
        let inside = log.clone();
        let task = spawn_local(async move {
            let value = value.await;
            inside.push(format!("{value:?}"));
            pending::<()>().await;
        });
        turns(2).await;
        promise.set_result(4).unwrap();
        task.task().cancel("too");
        assert!(task.await.unwrap_err().is_cancelled());
        assert_eq!(log.take(), ["Ok(4)"]);
    });
}

#[test]
fn callbacks_cancel_each_other_reenter_and_stop_the_loop() {
    bounded(|| {
        let runtime = Builder::new().clock(Clock::virtual_time()).build().unwrap();
        let event_loop = runtime.event_loop();
        let log = Log::default();
        let second = Rc::new(RefCell::new(None::<corio::event_loop::Call>));
        let (inside, own, first_log) = (second.clone(), event_loop.clone(), log.clone());
        event_loop.call_soon(move || {
            first_log.push("first");
            inside.borrow().as_ref().unwrap().cancel();
            assert!(own.run_forever().is_err(), "a loop in a loop");
            assert!(own.close().is_err(), "a loop that runs is not closed");
            let again = own.clone();
            own.call_soon(move || again.stop());
            panic!("oops");
        });
        let second_log = log.clone();
        let call = event_loop.call_soon(move || second_log.push("second"));
        second.replace(Some(call));
        let timer_log = log.clone();
        let timer = event_loop.call_later(Duration::MAX, move || timer_log.push("never"));
        event_loop.set_exception_handler(Some(Rc::new(|own, context| {
            own.call_soon(|| {});
            own.set_exception_handler(None);
            own.call_exception_handler(context);
            panic!("in the handler");
        })));
        event_loop.run_forever().unwrap();
        assert_eq!(log.take(), ["first"]);
        assert_eq!(timer.when(), None);
        // Destructors of callbacks that come back to the loop while it closes.
        let (own, drop_log) = (event_loop.clone(), log.clone());
        let guard = OnDrop::new(move || {
            drop_log.push(format!("closed {}", own.is_closed()));
            own.stop();
            assert!(own.close().is_ok());
            let _task = own.create_task(async {});
        });
        event_loop.call_later(HOUR, move || drop(guard));
        event_loop.close().unwrap();
        event_loop.close().unwrap();
        assert_eq!(log.take(), ["closed true"]);
        assert!(event_loop.run_forever().is_err());
        assert!(timer.is_cancelled());
        drop(runtime);
        assert!(event_loop.is_closed());
    });
}

#[test]
fn coroutines_from_the_own_thread_after_the_end_and_from_many_threads() {
    bounded(|| {
        let handle = corio::run(async {
            let event_loop = EventLoop::current();
            let handle = event_loop.handle();
            let mut own = handle.run_coroutine_threadsafe(async { 1 });
            assert!(own.result(Some(MS)).is_err(), "it would wait for itself");
            assert_eq!(own.await.unwrap(), 1);
            let threads: Vec<_> = (0..8_u32)
                .map(|n| {
                    let handle = handle.clone();
                    std::thread::spawn(move || {
                        (0..100)
                            .map(|m| {
                                let mut sum = handle.run_coroutine_threadsafe(async move {
                                    yield_now().await;
                                    n + m
                                });
                                if m % 10 == 0 {
                                    sum.cancel("changed its mind");
                                }
                                sum.result(None).unwrap_or(0)
                            })
                            .sum::<u32>()
                    })
                })
                .collect();
            while !threads.iter().all(|thread| thread.is_finished()) {
                sleep(MS).await;
            }
            for thread in threads {
                assert!(thread.join().unwrap() > 0);
            }
            handle
        });
        let mut late = handle.run_coroutine_threadsafe(async { 1 });
        assert!(late.result(None).unwrap_err().to_string().contains("closed"));
        assert!(handle.call_soon_threadsafe(|| {}).is_err());
    });
}

#[test]
fn poll_fn_wakes_are_not_lost_in_a_scoped_wait() {
    run(async || {
        let mut left = 3;
        let value = timeout(
            HOUR,
            CancelScope::new().run(poll_fn(|context| {
                left -= 1;
                context.waker().wake_by_ref();
                if left == 0 { Poll::Ready(9) } else { Poll::Pending }
            })),
        )
        .await;
        assert_eq!(value.unwrap().unwrap(), 9);
    });
}

#[test]
fn a_cancel_goes_through_levels_that_nobody_keeps() {
    run(async || {
        let top = CancelHandle::new();
        let mut low = top.child();
        for _ in 0..100_000 {
            low = low.child();
        }
        let scope = CancelScope::under(&low);
        drop(low);
        top.cancel("from the top");
        let stopped = scope.run(pending::<()>()).await.unwrap_err();
        assert_eq!(stopped.reason().message(), Some("from the top"));
        // And its levels go without one stack frame for each.
        drop(scope);
    });
}
