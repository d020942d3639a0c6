//! Parks that wait for nothing and remember what they were asked, and small futures.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Poll, Waker};

use corio_base::{Park, Parked, Unpark, Unparker, Wait};
use corio_executor::Executor;

pub(crate) use crate::drops::Drops;
pub(crate) use crate::wakes::Wakes;

/// Counts its unparks.
#[derive(Default)]
pub(crate) struct Unparks(AtomicUsize);

impl Unparks {
    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::Acquire)
    }
}

impl Unpark for Unparks {
    fn unpark(&self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }
}

/// What happens in a park.
type Step = Box<dyn FnMut(Wait) -> io::Result<Parked>>;

/// A park that never waits: it writes down how long it might have, and does the next thing of its
/// script. After the script a wait without end is a deadlock of the test.
pub(crate) struct FakePark {
    pub(crate) log: Rc<RefCell<Vec<Wait>>>,
    pub(crate) script: Rc<RefCell<VecDeque<Step>>>,
    pub(crate) unparks: Arc<Unparks>,
}

impl FakePark {
    pub(crate) fn new() -> FakePark {
        FakePark { log: Rc::default(), script: Rc::default(), unparks: Arc::default() }
    }

    pub(crate) fn then(self, step: impl FnMut(Wait) -> io::Result<Parked> + 'static) -> FakePark {
        self.script.borrow_mut().push_back(Box::new(step));
        self
    }
}

impl Park for FakePark {
    fn park(&mut self, wait: Wait) -> io::Result<Parked> {
        self.log.borrow_mut().push(wait);
        let step = self.script.borrow_mut().pop_front();
        match step {
            Some(mut step) => step(wait),
            None if wait == Wait::Forever => panic!("parked for ever with nobody to wake it"),
            None => Ok(Parked::default()),
        }
    }

    fn unparker(&self) -> Unparker {
        self.unparks.clone()
    }
}

/// An executor that must never wait for ever.
pub(crate) fn executor() -> (Executor<FakePark>, Rc<RefCell<Vec<Wait>>>) {
    let park = FakePark::new();
    let log = park.log.clone();
    (Executor::new(park), log)
}

/// What tasks write their story to.
pub(crate) type Log = Rc<RefCell<Vec<String>>>;

pub(crate) fn say(log: &Log, what: impl Into<String>) {
    log.borrow_mut().push(what.into());
}

/// Where one who waits leaves the waker.
pub(crate) type Slot = Rc<RefCell<Option<Waker>>>;

/// Waits once, leaving the waker in `slot`.
pub(crate) async fn wait_in(slot: Slot) {
    let mut first = true;
    poll_fn(|context| {
        if std::mem::take(&mut first) {
            let old = slot.borrow_mut().replace(context.waker().clone());
            drop(old);
            return Poll::Pending;
        }
        Poll::Ready(())
    })
    .await;
}

/// A park's step: wakes who waits in `slot`.
pub(crate) fn wake(slot: &Slot) -> io::Result<Parked> {
    slot.borrow_mut().take().expect("somebody waits").wake();
    Ok(Parked::default())
}

/// Two waits, one after the other, and a park that ends them, which returns once between for no reason: a
/// park may.
pub(crate) fn park_that_wakes_twice() -> (FakePark, impl Future<Output = ()>) {
    let slot = Slot::default();
    let (first, second) = (slot.clone(), slot.clone());
    let park = FakePark::new()
        .then(move |_| wake(&first))
        .then(|_| Ok(Parked::default()))
        .then(move |_| wake(&second));
    let waits = async move {
        wait_in(slot.clone()).await;
        wait_in(slot).await;
    };
    (park, waits)
}

pub(crate) fn away<T: Send>(f: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| scope.spawn(f).join().expect("the other thread"))
}

/// The text of a panic.
pub(crate) fn text(payload: Box<dyn std::any::Any + Send>) -> String {
    match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => (*payload.downcast::<&str>().expect("text")).to_owned(),
    }
}
