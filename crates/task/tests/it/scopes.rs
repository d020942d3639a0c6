//! Scopes and requests: what unwinds, what waits, and what is swallowed.

use std::cell::RefCell;
use std::future::{pending, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};

use corio_task::{Cancelled, JoinHandle, Target, Triggered, catch, current, mask};
use futures::FutureExt;
use futures::future::join;
use futures::stream::{FuturesUnordered, StreamExt};

use crate::support::{Door, Loop};

/// What happened, in order.
#[derive(Clone, Default)]
pub(crate) struct Log(Rc<RefCell<Vec<String>>>);

impl Log {
    pub(crate) fn add(&self, text: impl Into<String>) {
        self.0.borrow_mut().push(text.into());
    }

    #[track_caller]
    pub(crate) fn assert(&self, expected: &[&str]) {
        assert_eq!(*self.0.borrow(), expected);
    }
}

/// One turn of the loop, or less: a foreign yield, which is ready in whatever poll comes next.
pub(crate) async fn turn() {
    let mut yielded = false;
    poll_fn(|context| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Waits for a request, writes it down, and swallows it.
pub(crate) async fn inner(log: &Log) {
    let guard = catch(pending::<()>()).await.unwrap_err();
    log.add(format!("inner {guard}"));
    guard.suppress();
}

/// `body`, until a request takes its place, which is written down and goes on.
pub(crate) async fn outer<F: Future<Output: std::fmt::Debug>>(log: &Log, body: F) -> ! {
    let guard = catch(body).await.unwrap_err();
    log.add(format!("outer {guard}"));
    guard.resume().await
}

#[track_caller]
pub(crate) fn assert_cancelled<T: std::fmt::Debug>(
    handle: &mut JoinHandle<T>,
    message: Option<&str>,
) {
    let error = handle.try_take().expect("ended").expect_err("cancelled");
    assert!(error.is_cancelled(), "{error:?}");
    assert_eq!(error.reason().and_then(|reason| reason.message()), message);
}

/// A target that a flag cancels.
pub(crate) struct Flagged<F> {
    target: Pin<Box<Target<F>>>,
    flag: Flag,
}

pub(crate) type Flag = Rc<RefCell<(bool, Option<std::task::Waker>)>>;

pub(crate) fn flagged<F: Future>(flag: &Flag, body: F) -> Flagged<F> {
    Flagged { target: Box::pin(Target::new(body)), flag: flag.clone() }
}

pub(crate) fn raise(flag: &Flag) {
    let waker = {
        let mut flag = flag.borrow_mut();
        flag.0 = true;
        flag.1.take()
    };
    if let Some(waker) = waker {
        waker.wake();
    }
}

impl<F: Future> Future for Flagged<F> {
    type Output = Result<F::Output, String>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let flag = self.flag.clone();
        let polled = self.target.as_mut().poll_with(context, |context| {
            let mut flag = flag.borrow_mut();
            flag.1 = Some(context.waker().clone());
            flag.0.then(|| Triggered { reason: "flag".into(), level: false })
        });
        polled.map(|result| result.map_err(|reason| reason.message().unwrap_or("").to_owned()))
    }
}

#[test]
fn a_task_without_scopes_is_dropped_whole() {
    let home = Loop::new();
    let mut handle = home.spawn(pending::<()>());
    home.settle();
    assert!(handle.task().cancel("enough"));
    home.settle();
    assert_cancelled(&mut handle, Some("enough"));
    assert!(!handle.task().cancel("again"), "it has ended");
}

#[test]
fn one_that_has_not_begun_never_runs() {
    let home = Loop::new();
    let log = Log::default();
    let mut handle = home.spawn({
        let log = log.clone();
        async move { log.add("ran") }
    });
    handle.task().cancel("early");
    home.settle();
    assert_cancelled(&mut handle, Some("early"));
    log.assert(&[]);
}

#[test]
fn what_was_ready_is_not_lost() {
    let home = Loop::new();
    let door = Door::new();
    let mut handle = home.spawn({
        let door = door.clone();
        async move {
            door.pass().await;
            42
        }
    });
    home.settle();
    handle.task().cancel(());
    door.open();
    home.settle();
    assert_eq!(handle.try_take().unwrap().unwrap(), 42);
}

#[test]
fn a_catch_cleans_up_and_goes_on() {
    let home = Loop::new();
    let log = Log::default();
    let mut handle = home.spawn({
        let log = log.clone();
        async move {
            match catch(pending::<()>()).await {
                Ok(()) => log.add("returned"),
                Err(cancelled) => {
                    log.add(format!("caught {cancelled}"));
                    turn().await;
                    log.add("cleaned");
                    cancelled.resume().await
                }
            }
            log.add("not reached");
        }
    });
    home.cancel(&handle, "stop");
    assert_cancelled(&mut handle, Some("stop"));
    log.assert(&["caught cancelled: stop", "cleaned"]);
}

#[test]
fn a_suppressed_request_is_over() {
    let home = Loop::new();
    let mut handle = home.spawn(async {
        let task = current().unwrap();
        if let Err(cancelled) = catch(pending::<()>()).await {
            assert_eq!(task.cancelling(), 1);
            cancelled.suppress();
        }
        assert_eq!(task.cancelling(), 0);
        turn().await;
        7
    });
    home.cancel(&handle, ());
    assert_eq!(handle.try_take().unwrap().unwrap(), 7);
}

#[test]
fn a_value_returned_while_unwinding_is_thrown_away() {
    let home = Loop::new();
    let mut handle = home.spawn(async {
        let _kept: Result<(), Cancelled> = catch(pending()).await;
        7
    });
    home.cancel(&handle, "x");
    assert_cancelled(&mut handle, Some("x"));
}

#[test]
fn a_postponed_request_asks_at_the_next_wait_or_leaves_the_value() {
    let home = Loop::new();
    let mut waits = home.spawn(async {
        if let Err(cancelled) = catch(pending::<()>()).await {
            cancelled.postpone();
        }
        pending::<()>().await;
        7
    });
    let mut returns = home.spawn(async {
        if let Err(cancelled) = catch(pending::<()>()).await {
            cancelled.postpone();
        }
        7
    });
    home.settle();
    waits.task().cancel(());
    returns.task().cancel(());
    home.settle();
    assert_cancelled(&mut waits, None);
    assert_eq!(returns.try_take().unwrap().unwrap(), 7);
}

#[test]
fn catches_take_it_from_the_innermost_outwards() {
    let home = Loop::new();
    let log = Log::default();
    let mut handle = home.spawn({
        let log = log.clone();
        async move {
            let outer = catch(async {
                match catch(pending::<()>()).await {
                    Ok(()) => {}
                    Err(cancelled) => {
                        log.add("inner");
                        turn().await;
                        cancelled.resume().await
                    }
                }
            });
            if let Err(cancelled) = outer.await {
                log.add("outer");
                turn().await;
                cancelled.resume().await
            }
        }
    });
    home.cancel(&handle, ());
    assert_cancelled(&mut handle, None);
    log.assert(&["inner", "outer"]);
}

#[test]
fn an_outer_catch_does_not_take_what_the_inner_one_suppressed() {
    let home = Loop::new();
    let mut handle = home.spawn(async {
        catch(async {
            if let Err(cancelled) = catch(pending::<()>()).await {
                cancelled.suppress();
            }
            turn().await;
            1
        })
        .await
        .map_err(|_| "outer took it")
    });
    home.cancel(&handle, ());
    assert_eq!(handle.try_take().unwrap().unwrap(), Ok(1));
}

#[test]
fn siblings_clean_up_undisturbed() {
    let home = Loop::new();
    let log = Log::default();
    let branch = |name: &'static str, turns: usize| {
        let log = log.clone();
        async move {
            match catch(pending::<()>()).await {
                Ok(()) => {}
                Err(cancelled) => {
                    for _ in 0..turns {
                        turn().await;
                    }
                    log.add(name);
                    cancelled.resume().await
                }
            }
        }
    };
    let mut handle = home.spawn(join(branch("short", 1), branch("long", 5)));
    home.cancel(&handle, ());
    assert_cancelled(&mut handle, None);
    log.assert(&["short", "long"]);
}

#[test]
fn scopes_in_futures_unordered_are_found() {
    let home = Loop::new();
    let log = Log::default();
    let mut handle = home.spawn({
        let log = log.clone();
        async move {
            let mut all: FuturesUnordered<_> = (0..3)
                .map(|n| {
                    let log = log.clone();
                    async move {
                        if let Err(cancelled) = catch(pending::<()>()).await {
                            for _ in 0..n {
                                turn().await;
                            }
                            log.add(format!("cleaned {n}"));
                            cancelled.resume().await
                        }
                    }
                })
                .collect();
            while all.next().await.is_some() {}
        }
    });
    home.cancel(&handle, ());
    assert_cancelled(&mut handle, None);
    log.assert(&["cleaned 0", "cleaned 1", "cleaned 2"]);
}

#[test]
fn a_parked_scope_is_passed_over() {
    let home = Loop::new();
    let log = Log::default();
    let mut handle = home.spawn({
        let log = log.clone();
        async move {
            let parked = catch(pending::<()>());
            let mut parked = pin!(parked);
            assert!((&mut parked).now_or_never().is_none());
            let mut all = FuturesUnordered::new();
            all.push(catch(pending::<()>()));
            assert!(
                poll_fn(|context| Poll::Ready(all.poll_next_unpin(context))).await.is_pending()
            );
            match catch(pending::<()>()).await {
                Ok(()) => {}
                Err(cancelled) => {
                    log.add("awaited");
                    cancelled.resume().await
                }
            }
        }
    });
    home.cancel(&handle, ());
    assert_cancelled(&mut handle, None);
    log.assert(&["awaited"]);
}

#[test]
fn a_mask_is_waited_for() {
    let home = Loop::new();
    let door = Door::new();
    let log = Log::default();
    let mut handle = home.spawn({
        let (door, log) = (door.clone(), log.clone());
        async move {
            mask(async {
                door.pass().await;
                turn().await;
                log.add("whole");
            })
            .await;
            log.add("after");
            turn().await;
            log.add("not reached");
        }
    });
    home.cancel(&handle, ());
    assert!(!handle.is_finished());
    door.open_and_wake();
    home.settle();
    assert_cancelled(&mut handle, None);
    log.assert(&["whole", "after"]);
}

#[test]
fn a_handle_passes_it_on_and_waits() {
    let home = Loop::new();
    let log = Log::default();
    let child = home.spawn({
        let log = log.clone();
        async move {
            match catch(pending::<()>()).await {
                Ok(()) => {}
                Err(cancelled) => {
                    turn().await;
                    log.add("child");
                    cancelled.resume().await
                }
            }
        }
    });
    let mut parent = home.spawn({
        let log = log.clone();
        async move {
            let result = catch(child).await;
            log.add("parent");
            match result {
                Ok(result) => panic!("{result:?}"),
                Err(cancelled) => cancelled.resume().await,
            }
        }
    });
    home.cancel(&parent, "go");
    assert_cancelled::<()>(&mut parent, Some("go"));
    log.assert(&["child", "parent"]);
}

#[test]
fn a_child_that_swallows_it_answers_for_itself_only() {
    let home = Loop::new();
    let child = home.spawn(async {
        if let Err(cancelled) = catch(pending::<()>()).await {
            cancelled.suppress();
        }
        3
    });
    let log = Log::default();
    let mut parent = home.spawn({
        let log = log.clone();
        async move {
            let value = child.await.unwrap();
            log.add(format!("got {value}"));
            turn().await;
            log.add("not reached");
        }
    });
    home.cancel(&parent, ());
    assert_cancelled(&mut parent, None);
    log.assert(&["got 3"]);
}

#[test]
fn handles_in_futures_unordered_are_passed_on_to() {
    let home = Loop::new();
    let children: Vec<_> = (0..3).map(|_| home.spawn(pending::<()>())).collect();
    let tasks: Vec<_> = children.iter().map(JoinHandle::task).collect();
    let mut parent = home.spawn(async move {
        let mut all: FuturesUnordered<_> = children.into_iter().collect();
        while all.next().await.is_some() {}
    });
    home.cancel(&parent, ());
    assert_cancelled(&mut parent, None);
    assert!(tasks.iter().all(|task| task.is_done()), "none is left behind");
}

#[test]
fn two_that_await_each_other_end() {
    let home = Loop::new();
    let slot: Rc<RefCell<Option<JoinHandle<()>>>> = Rc::default();
    let first = home.spawn({
        let slot = slot.clone();
        async move {
            let other = slot.borrow_mut().take().unwrap();
            let _ = other.await;
        }
    });
    let first_task = first.task();
    let second = home.spawn(async move {
        let _ = first.await;
    });
    let second_task = second.task();
    *slot.borrow_mut() = Some(second);
    home.settle();
    first_task.cancel(());
    home.settle();
    assert!(first_task.is_done() && second_task.is_done());
}

#[test]
fn a_target_absorbs_its_own_request() {
    let home = Loop::new();
    let flag = Flag::default();
    let mut handle = home.spawn({
        let flag = flag.clone();
        async move {
            let result = flagged(&flag, pending::<()>()).await;
            turn().await;
            result
        }
    });
    home.settle();
    raise(&flag);
    home.settle();
    assert_eq!(handle.try_take().unwrap().unwrap(), Err("flag".into()));
}

#[test]
fn a_catch_in_a_target_cleans_up_first() {
    let home = Loop::new();
    let flag = Flag::default();
    let log = Log::default();
    let mut handle = home.spawn({
        let (flag, log) = (flag.clone(), log.clone());
        async move {
            let result = flagged(&flag, async {
                match catch(pending::<()>()).await {
                    Ok(()) => {}
                    Err(cancelled) => {
                        turn().await;
                        log.add("inner");
                        cancelled.resume().await
                    }
                }
            })
            .await;
            log.add(format!("{result:?}"));
        }
    });
    home.settle();
    raise(&flag);
    home.settle();
    assert!(handle.try_take().unwrap().is_ok());
    log.assert(&["inner", "Err(\"flag\")"]);
}

#[test]
fn of_two_targets_the_outer_one_goes_first() {
    let home = Loop::new();
    let (outer, inner) = (Flag::default(), Flag::default());
    let log = Log::default();
    let mut handle = home.spawn({
        let (outer, inner, log) = (outer.clone(), inner.clone(), log.clone());
        async move {
            let result = flagged(&outer, async {
                let result = flagged(&inner, pending::<()>()).await;
                log.add(format!("inner {result:?}"));
            })
            .await;
            log.add(format!("outer {result:?}"));
        }
    });
    home.settle();
    raise(&inner);
    raise(&outer);
    home.settle();
    assert!(handle.try_take().unwrap().is_ok());
    log.assert(&["outer Err(\"flag\")"]);
}

#[test]
fn asked_while_it_runs_a_task_unwinds_at_its_first_wait() {
    let home = Loop::new();
    let log = Log::default();
    let mut handle = home.spawn({
        let log = log.clone();
        async move {
            current().unwrap().cancel("myself");
            log.add("on");
            pending::<()>().await;
            log.add("not reached");
        }
    });
    assert_eq!(home.turn(), [corio_task::Ran::Cancelled]);
    assert_cancelled(&mut handle, Some("myself"));
    log.assert(&["on"]);
}
