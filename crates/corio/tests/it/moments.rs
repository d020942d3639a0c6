//! Timeouts, cancel scopes, promised values and callbacks at awkward moments.

use std::cell::{Cell, RefCell};
use std::future::{pending, poll_fn};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use corio::cancel::{CancelHandle, CancelScope, catch, mask};
use corio::time::now;
use corio::{
    Builder, Clock, EventLoop, Timeout, eventual, gather, move_on_after, sleep, spawn, spawn_local,
    timeout, timeout_at, wait_for, yield_now,
};

use crate::util::{HOUR, Log, MS, OnDrop, bounded, run, turns};

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
        assert_eq!(result, Ok(5));

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
        let _value_or_not = timeout(MS, mask(sleep(3 * MS))).await;
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
