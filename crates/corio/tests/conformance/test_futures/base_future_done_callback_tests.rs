//! Callbacks of a value that is given later: when they run, in which order, and what may happen to
//! the list while it is changed.
//!
//! CPython lets foreign code in by way of `==`; here that is destructors of what a callback owns, and
//! wakers. Callbacks are named by what [`Eventual::add_done_callback`] returned.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Context, Wake, Waker};

use corio::eventual::CallbackId;
use corio::{Eventual, Promise, eventual};

use crate::support::turn;

type Word = Eventual<&'static str, &'static str>;

fn word() -> (Promise<&'static str, &'static str>, Word) {
    eventual()
}

/// What the callbacks have put in.
#[derive(Clone, Default)]
struct Bag(Arc<Mutex<Vec<u32>>>);

impl Bag {
    fn callback(&self, eventual: &Word, thing: u32) -> CallbackId {
        let bag = self.clone();
        eventual.add_done_callback(move |_| bag.0.lock().unwrap().push(thing))
    }

    fn things(&self) -> Vec<u32> {
        self.0.lock().unwrap().clone()
    }
}

/// Takes those of three callbacks back (by place) and says which ran.
async fn taken_back(places: &[usize]) -> Vec<u32> {
    let ((promise, eventual), bag) = (word(), Bag::default());
    let callbacks = [42, 17, 100].map(|thing| bag.callback(&eventual, thing));
    let mut gone = Vec::new();
    for &place in places {
        // A second time, it is not there any more.
        assert_eq!(eventual.remove_done_callback(callbacks[place]), !gone.contains(&place));
        gone.push(place);
    }
    assert!(bag.things().is_empty());
    promise.set_result("foo").unwrap();
    assert!(bag.things().is_empty(), "never inline");
    turn().await;
    assert_eq!(eventual.result().unwrap(), &"foo");
    bag.things()
}

#[corio::test(virtual_time)]
async fn test_callbacks_remove_first_and_second_callback() {
    assert_eq!(taken_back(&[0, 1, 0]).await, [100]);
}

#[corio::test(virtual_time)]
async fn test_callbacks_remove_third_callback() {
    assert_eq!(taken_back(&[2, 2]).await, [42, 17]);
}

#[corio::test(virtual_time)]
async fn test_callbacks_invoked_on_set_result() {
    let ((promise, eventual), bag) = (word(), Bag::default());
    bag.callback(&eventual, 42);
    bag.callback(&eventual, 17);
    assert!(bag.things().is_empty());
    promise.set_result("foo").unwrap();
    turn().await;
    assert_eq!(bag.things(), [42, 17]);
    assert_eq!(eventual.result().unwrap(), &"foo");
}

#[corio::test(virtual_time)]
async fn test_callbacks_invoked_on_set_exception() {
    let ((promise, eventual), bag) = (word(), Bag::default());
    bag.callback(&eventual, 100);
    promise.set_error("bad").unwrap();
    turn().await;
    assert_eq!(bag.things(), [100]);
    assert_eq!(eventual.error().unwrap(), Some(&"bad"));
}

/// Does something when it is dropped, which is when the callback that owns it is.
struct Evil<F: FnMut()>(F);

impl<F: FnMut()> Drop for Evil<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// More than fit into one step of anything.
const MANY: usize = 63;

/// Adds a callback whose removal runs `deed`.
fn add_evil(eventual: &Word, deed: impl FnMut() + Send + 'static) -> CallbackId {
    let evil = Evil(deed);
    eventual.add_done_callback(move |_| drop(evil))
}

/// Removing one removes the others meanwhile.
#[corio::test(virtual_time)]
async fn test_remove_done_callbacks_list_mutation() {
    let ((promise, eventual), bag) = (word(), Bag::default());
    bag.callback(&eventual, 1);
    let many: Vec<_> = (0..MANY).map(|_| bag.callback(&eventual, 2)).collect();
    let inside = eventual.clone();
    let evil = add_evil(&eventual, move || {
        many.iter().for_each(|id| assert!(inside.remove_done_callback(*id)));
    });
    assert!(eventual.remove_done_callback(evil));
    promise.set_result("foo").unwrap();
    turn().await;
    assert_eq!(bag.things(), [1]);
}

/// Removing one removes all, itself included.
#[corio::test(virtual_time)]
async fn test_remove_done_callbacks_list_clear() {
    let ((promise, eventual), bag) = (word(), Bag::default());
    let own = Arc::new(OnceLock::new());
    let mut all: Vec<_> = (0..MANY).map(|_| bag.callback(&eventual, 1)).collect();
    let (inside, itself) = (eventual.clone(), own.clone());
    let evil = add_evil(&eventual, move || {
        all.drain(..).for_each(|id| assert!(inside.remove_done_callback(id)));
        assert!(!inside.remove_done_callback(*itself.get().unwrap()), "it is gone already");
    });
    own.set(evil).unwrap();
    assert!(eventual.remove_done_callback(evil));
    promise.set_result("foo").unwrap();
    turn().await;
    assert!(bag.things().is_empty());
}

/// A callback that runs takes others back, which are in the queue already: too late.
#[corio::test(virtual_time)]
async fn test_schedule_callbacks_list_mutation_1() {
    let ((promise, eventual), bag) = (word(), Bag::default());
    let others = Arc::new(OnceLock::<[CallbackId; 2]>::new());
    let removing = others.clone();
    eventual.add_done_callback(move |done| {
        for id in removing.get().unwrap() {
            assert!(!done.remove_done_callback(*id));
        }
    });
    others.set([1, 2].map(|thing| bag.callback(&eventual, thing))).unwrap();
    promise.set_result("foo").unwrap();
    turn().await;
    assert_eq!(bag.things(), [1, 2]);
}

/// Removing one adds others meanwhile.
#[corio::test(virtual_time)]
async fn test_schedule_callbacks_list_mutation_2() {
    const EXTRA: usize = 100;
    let ((promise, eventual), bag) = (word(), Bag::default());
    bag.callback(&eventual, 1);
    let (inside, adding) = (eventual.clone(), bag.clone());
    let evil = add_evil(&eventual, move || {
        for _ in 0..EXTRA {
            adding.callback(&inside, 2);
        }
    });
    assert!(eventual.remove_done_callback(evil));
    promise.set_result("foo").unwrap();
    turn().await;
    let mut expected = vec![1];
    expected.resize(1 + EXTRA, 2);
    assert_eq!(bag.things(), expected);
}

/// A waker of somebody's that changes the list when it is woken.
struct EvilWaker<F: Fn() + Send + Sync>(F);

impl<F: Fn() + Send + Sync> Wake for EvilWaker<F> {
    fn wake(self: Arc<Self>) {
        (self.0)();
    }
}

/// Who is woken first takes back those who come after it: they are on their way already.
#[corio::test(virtual_time)]
async fn test_evil_call_soon_list_mutation() {
    let ((promise, eventual), bag) = (word(), Bag::default());
    let others = Arc::new(OnceLock::<[CallbackId; 3]>::new());
    let (inside, removing) = (eventual.clone(), others.clone());
    let waker = Waker::from(Arc::new(EvilWaker(move || {
        for id in removing.get().unwrap() {
            assert!(!inside.remove_done_callback(*id));
        }
    })));
    let mut waiting = pin!(eventual.clone());
    assert!(waiting.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    others.set([1, 2, 3].map(|thing| bag.callback(&eventual, thing))).unwrap();
    promise.set_result("boom").unwrap();
    turn().await;
    assert_eq!(bag.things(), [1, 2, 3]);
    assert_eq!(format!("{eventual:?}").matches("waiters").count(), 0);
}

/// What removal drops removes once more.
#[expect(non_snake_case, reason = "CPython's name")]
#[corio::test(virtual_time)]
async fn test_use_after_free_on_fut_callback_0_with_evil__eq__() {
    let (_promise, eventual) = word();
    let (own, runs) = (Arc::new(OnceLock::new()), Bag::default());
    let (inside, itself, counting) = (eventual.clone(), own.clone(), runs.clone());
    let evil = add_evil(&eventual, move || {
        counting.0.lock().unwrap().push(0);
        assert!(!inside.remove_done_callback(*itself.get().unwrap()));
    });
    own.set(evil).unwrap();
    assert!(eventual.remove_done_callback(evil));
    assert_eq!(runs.things(), [0], "dropped once");
}
