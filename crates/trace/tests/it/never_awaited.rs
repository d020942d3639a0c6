//! What is dropped without having been polled, and says so, or not.

use std::cell::Cell;
use std::future::{pending, ready};
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::MutexGuard;
use std::task::{Context, Poll, Waker};

use corio_trace::action::{Action, Deed, Doing, report_undone_as};
use corio_trace::coroutine::Coroutine;
use corio_trace::disarm::{self, Disarmed};
use corio_trace::set_enabled;

use crate::{lines, switch};

corio_trace::deeds! {
    /// What the tests would do.
    PutDeed = "Box::put";
}

enum BuildDeed {}

impl Deed for BuildDeed {
    const NAME: &'static str = "Builder";
    const UNDONE: &'static str = "was never built";
}

#[track_caller]
fn coroutine<F: Future>(future: F) -> Coroutine<F> {
    Coroutine::new(&"f", Location::caller(), future)
}

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// The switch, turned on until the end of the test.
struct On(#[expect(dead_code, reason = "held for its drop")] MutexGuard<'static, ()>);

fn on() -> On {
    let switch = switch();
    set_enabled(true);
    lines();
    On(switch)
}

impl Drop for On {
    fn drop(&mut self) {
        set_enabled(false);
    }
}

fn warning(what: &str, undone: &str, made: &str, line: u32) -> String {
    format!("WARN corio::coroutine {what} {undone}\n{made} created at {}:{line}:", file!())
}

#[track_caller]
fn check(expected: &[String]) {
    let lines = lines();
    assert_eq!(lines.len(), expected.len(), "{lines:#?}");
    for (line, start) in lines.iter().zip(expected) {
        assert!(line.starts_with(start.as_str()), "{line:?} does not start with {start:?}");
    }
}

#[test]
fn a_coroutine_that_nobody_polls_says_where_it_was_made() {
    let _on = on();
    let line = line!() + 1;
    drop(coroutine(ready(1)));
    check(&[warning("coroutine 'f'", "was never awaited", "Coroutine", line)]);
}

#[test]
fn one_that_was_polled_says_nothing_whether_it_ended_or_not() {
    let _on = on();
    assert_eq!(poll(pin!(coroutine(ready(1)))), Poll::Ready(1));
    assert!(poll(pin!(coroutine(pending::<()>()))).is_pending());
    check(&[]);
}

#[test]
fn what_is_given_to_one_that_nobody_polls_is_no_mistake_of_its_own() {
    let _on = on();
    let line = line!() + 2;
    let inner = coroutine(ready(1));
    drop(coroutine(async move { inner.await + 1 }));
    check(&[warning("coroutine 'f'", "was never awaited", "Coroutine", line)]);
}

/// Waits for ever before it comes to a coroutine that it has made.
async fn waits_before_another() {
    let later = coroutine(ready(()));
    pending::<()>().await;
    later.await;
}

/// Drops one that waits.
fn drop_halfway(future: impl Future) {
    let mut waits = Box::pin(future);
    assert!(poll(waits.as_mut()).is_pending());
}

/// Dropping a coroutine where it waits is a cancellation: what it has not come to yet goes with it.
#[test]
fn what_is_left_in_one_that_waits_goes_without_a_word() {
    let _on = on();
    drop_halfway(coroutine(waits_before_another()));
    check(&[]);
    // Forgotten by one that goes on, it is one.
    let forgets = coroutine(async {
        let _forgotten = coroutine(ready(1));
    });
    assert!(poll(pin!(forgets)).is_ready());
    check(&[warning("coroutine 'f'", "was never awaited", "Coroutine", line!() - 3)]);
}

#[test]
fn an_action_that_nobody_begins_says_what_it_was() {
    let _on = on();
    let line = line!() + 1;
    drop(Action::<PutDeed>::new(Location::caller()));
    let mut begun = Action::<PutDeed>::new(Location::caller());
    begun.begun();
    drop(begun);
    drop(Action::<BuildDeed>::new(Location::caller()));
    check(&[
        warning("action 'Box::put'", "was never awaited", "Action", line),
        warning("action 'Builder'", "was never built", "Action", line + 4),
    ]);
}

#[track_caller]
fn put<F: Future>(future: F) -> Doing<PutDeed, F> {
    PutDeed::doing(future)
}

#[test]
fn an_action_that_a_future_does_speaks_for_what_it_was_given() {
    let _on = on();
    let line = line!() + 2;
    let inner = (coroutine(ready(1)), Action::<BuildDeed>::new(Location::caller()));
    drop(put(async move {
        let (inner, mut action) = inner;
        action.begun();
        inner.await
    }));
    check(&[warning("action 'Box::put'", "was never awaited", "Action", line)]);
    assert_eq!(poll(pin!(put(ready(1)))), Poll::Ready(1));
    drop_halfway(put(waits_before_another()));
    check(&[]);
    fn is_send(_: impl Send + Unpin) {}
    is_send(put(ready(())));
    lines();
    assert_eq!(size_of_val(&put(ready(()))), 16);
    lines();
}

#[test]
fn an_action_that_is_handed_over_is_told_of_once() {
    let _on = on();
    let line = line!() + 1;
    let mut first = Action::<PutDeed>::new(Location::caller());
    let second = first.hand_over();
    drop(first);
    check(&[]);
    drop(second);
    check(&[warning("action 'Box::put'", "was never awaited", "Action", line)]);
    report_undone_as(format_args!("remove {:?}", "/tmp/x"), Location::caller());
    check(&[warning("action 'remove \"/tmp/x\"'", "was never awaited", "Action", line!() - 1)]);
}

/// At the end of its thread, when other things of it have gone, and perhaps the logger's.
#[test]
fn one_that_a_thread_leaves_behind_is_told_of() {
    struct Kept(std::cell::RefCell<Option<Coroutine<std::future::Ready<()>>>>);
    impl Drop for Kept {
        fn drop(&mut self) {
            drop(self.0.take());
            TOLD.lock().unwrap().extend(lines());
        }
    }
    static TOLD: std::sync::Mutex<Vec<String>> = std::sync::Mutex::new(Vec::new());
    std::thread_local! {
        static KEPT: Kept = const { Kept(std::cell::RefCell::new(None)) };
    }
    let _on = on();
    let line = line!() + 3;
    let ended = std::thread::spawn(|| {
        lines(); // made before, so that it goes after
        KEPT.with(|kept| kept.0.replace(Some(coroutine(ready(())))));
    });
    ended.join().unwrap();
    let told = TOLD.lock().unwrap().join("");
    assert!(told.contains(&format!("{}:{}:", file!(), line)), "{told}");
}

/// A mistake in a loop does not fill the log.
#[test]
fn of_a_million_at_one_place_a_few_are_told_of() {
    let _on = on();
    for _ in 0..1_000_000 {
        drop(coroutine(ready(())));
    }
    let lines = lines();
    assert_eq!(lines.len(), 10 + 5, "{lines:#?}");
    assert!(
        lines[9].ends_with("10 there by now: from here on only the 100th, the 1000th ... is told")
    );
    assert!(lines[14].ends_with("\n1000000 there by now"), "{}", lines[14]);
    // Another place is another matter.
    drop(coroutine(ready(())));
    assert_eq!(crate::lines().len(), 1);
}

#[test]
fn disarmed_nothing_is_said() {
    let _on = on();
    {
        let _disarmed = disarm::guard();
        assert!(disarm::is_disarmed());
        drop(coroutine(ready(1)));
        {
            let _nested = disarm::guard();
            drop(Action::<PutDeed>::new(Location::caller()));
        }
        drop(Action::<PutDeed>::new(Location::caller()));
    }
    assert!(!disarm::is_disarmed());
    drop(Disarmed::new(coroutine(ready(1))));
    let unpolled = coroutine(ready(2));
    assert_eq!(poll(pin!(Disarmed::new(unpolled))), Poll::Ready(2));
    assert!(!disarm::is_disarmed());
    check(&[]);
}

#[test]
fn off_nothing_is_said_and_nothing_stays_disarmed() {
    let on = on();
    set_enabled(false);
    drop(coroutine(ready(1)));
    drop(Action::<PutDeed>::new(Location::caller()));
    // The switch is turned between a guard's two ends, either way.
    let off = disarm::guard();
    set_enabled(true);
    drop(off);
    assert!(!disarm::is_disarmed());
    let guard = disarm::guard();
    set_enabled(false);
    drop(guard);
    assert!(!disarm::is_disarmed());
    check(&[]);
    drop(on);
}

/// What is dropped rightly drops something rightly, during which the switch is off: the outer one still does.
#[test]
fn the_switch_that_is_turned_within_leaves_nothing_armed() {
    let _on = on();
    {
        let _disarmed = disarm::guard();
        set_enabled(false);
        drop(Disarmed::new(coroutine(ready(1))));
        set_enabled(true);
        assert!(disarm::is_disarmed());
        drop(coroutine(ready(2)));
    }
    assert!(!disarm::is_disarmed());
    check(&[]);
}

/// A panic on its way drops what comes after it.
#[test]
fn a_panic_that_unwinds_says_enough_by_itself() {
    let _on = on();
    let unwound = catch_unwind(AssertUnwindSafe(|| {
        let _undone = coroutine(ready(1));
        std::panic::resume_unwind(Box::new("on its way"));
    }));
    assert!(unwound.is_err());
    check(&[]);
}

/// A value whose destructor panics.
struct Explodes<'a>(&'a Cell<bool>);

impl Drop for Explodes<'_> {
    fn drop(&mut self) {
        assert!(disarm::is_disarmed());
        self.0.set(true);
        std::panic::resume_unwind(Box::new("in a destructor"));
    }
}

#[test]
fn a_destructor_that_panics_leaves_nothing_disarmed() {
    let _on = on();
    let dropped = Cell::new(false);
    let explodes = Explodes(&dropped);
    let future = Disarmed::new(async move {
        let _explodes = explodes;
    });
    assert!(catch_unwind(AssertUnwindSafe(|| drop(future))).is_err());
    assert!(dropped.get() && !disarm::is_disarmed());
}

#[test]
fn wrapped_futures_stay_what_they_are() {
    fn is_send(_: impl Send) {}
    fn is_unpin(_: impl Unpin) {}
    is_send(coroutine(async {}));
    is_unpin(coroutine(ready(())));
    is_unpin(Disarmed::new(ready(())));
    is_send(Action::<PutDeed>::new(Location::caller()));
    assert_eq!(size_of::<Action<PutDeed>>(), 8);
    assert!(size_of::<Coroutine<()>>() <= 32);
    assert_eq!(size_of::<Disarmed<u64>>(), 8);
}
