//! [`Lent`]: one state for the task that reads and the task that writes, and [`Relay`], who wakes them.
//!
//! TLS has one state for both directions, and reading may have to write. The state is lent to whoever
//! polls, with no lock held while it works: what is under it may be called, and may wake, drop wakers or
//! panic, as it likes.
//!
//! **The race**: the other side comes while the state is lent, and goes to sleep. Its waker is in the
//! relay before it looks; finding the state lent it leaves its wish under the same lock under which the
//! state is given back, and whoever gives it back and finds the wish wakes it. Only the side that wished
//! is woken, so two sides never keep waking each other.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};

use corio_base::WakerCell;

/// A direction, and the one task that works on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    In,
    Out,
}

/// Wakes both sides when the connection under it is worth another try.
///
/// The connection keeps one waker for each direction, and either side may wait for both.
#[derive(Debug)]
pub(super) struct Relay {
    reader: WakerCell,
    writer: WakerCell,
}

impl Relay {
    pub(super) fn new() -> Arc<Relay> {
        Arc::new(Relay { reader: WakerCell::new(), writer: WakerCell::new() })
    }

    fn cell(&self, side: Side) -> &WakerCell {
        match side {
            Side::In => &self.reader,
            Side::Out => &self.writer,
        }
    }

    /// Remembers who waits; done before every look at the state.
    pub(super) fn register(&self, side: Side, waker: &Waker) {
        self.cell(side).register(waker);
    }
}

impl Wake for Relay {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.reader.wake();
        self.writer.wake();
    }
}

/// A value that one side has at a time.
#[derive(Debug)]
pub(super) struct Lent<T>(Mutex<Place<T>>);

#[derive(Debug)]
struct Place<T> {
    /// `None`: it is lent.
    value: Option<Box<T>>,
    /// Who came while it was lent.
    wished: Option<Side>,
}

impl<T> Lent<T> {
    pub(super) fn new(value: Box<T>) -> Self {
        Lent(Mutex::new(Place { value: Some(value), wished: None }))
    }

    fn lock(&self) -> MutexGuard<'_, Place<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lends it to `side`. `None`: the other side has it, and `side` is woken when that gives it back.
    pub(super) fn lend<'a>(&'a self, side: Side, relay: &'a Relay) -> Option<Loan<'a, T>> {
        let mut place = self.lock();
        let value = place.value.take();
        if value.is_none() {
            place.wished = Some(side);
        }
        drop(place);
        value.map(|value| Loan { lent: self, relay, value: Some(value) })
    }
}

/// The value, until it is dropped: then it is given back, also by a panic.
#[derive(Debug)]
pub(super) struct Loan<'a, T> {
    lent: &'a Lent<T>,
    relay: &'a Relay,
    /// `None`: given back.
    value: Option<Box<T>>,
}

impl<T> Deref for Loan<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value.as_deref().expect("it is given back at the end only")
    }
}

impl<T> DerefMut for Loan<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.value.as_deref_mut().expect("it is given back at the end only")
    }
}

impl<T> Drop for Loan<'_, T> {
    fn drop(&mut self) {
        let mut place = self.lent.lock();
        place.value = self.value.take();
        let wished = place.wished.take();
        drop(place);
        if let Some(side) = wished {
            self.relay.cell(side).wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            // Relaxed: one thread.
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn who_finds_it_lent_is_woken_when_it_comes_back_and_nobody_else() {
        let (relay, lent) = (Relay::new(), Lent::new(Box::new(1)));
        let (reader, writer) = (Arc::<Count>::default(), Arc::<Count>::default());
        let woken = || (reader.0.load(Ordering::Relaxed), writer.0.load(Ordering::Relaxed));
        relay.register(Side::In, &reader.clone().into());
        relay.register(Side::Out, &writer.clone().into());
        let loan = lent.lend(Side::In, &relay).unwrap();
        assert!(lent.lend(Side::Out, &relay).is_none());
        assert_eq!(woken(), (0, 0));
        drop(loan);
        assert_eq!(woken(), (0, 1));
        drop(lent.lend(Side::Out, &relay).unwrap());
        assert_eq!(woken(), (0, 1));
        relay.wake_by_ref();
        assert_eq!(woken(), (1, 1), "the writer has not asked again");
    }

    #[test]
    fn a_panic_gives_it_back() {
        let (relay, lent) = (Relay::new(), Lent::new(Box::new(1)));
        // Unwind safe: that it stays whole is what is tested.
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _loan = lent.lend(Side::In, &relay).unwrap();
            panic!("of the test");
        }));
        assert!(panicked.is_err());
        assert_eq!(*lent.lend(Side::Out, &relay).unwrap(), 1);
    }
}
