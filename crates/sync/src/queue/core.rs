//! What the three queues have in common: the items, the count of unfinished tasks, and those who
//! wait, all under the lock of one wait list.
//!
//! An item that comes while somebody waits stays in the store, and the waiter is granted a chance to
//! take it, not the item: it looks again when it is polled, and an earlier one may have taken it. So
//! no item is ever outside the store and its users, and a cancelled waiter can lose none; what it
//! has to hand on is the chance ([`Rules::pass_on`]).
//!
//! **Why nobody sleeps beside an item**: as long as a getter waits, at least as many getters have
//! their chance as there are items. An item that is put adds one to both. A getter that uses its
//! chance takes one from both, or finds nothing, and then there are no items. A getter that is
//! dropped with its chance hands it on while there are items. One who comes without a chance takes
//! an item, which helps, or waits only because there is none. The same holds for putters and room.

use corio_base::budget::Budget;
use corio_trace::WaitKind;

use super::error::{TaskDoneTooOften, TryGetError, TryPutError};
use super::store::Store;
use crate::wait_list::{Decision, Rules, Section, WaitList};

/// Those who wait for an item.
pub(super) const GETTERS: usize = 0;
/// Those who wait for room.
pub(super) const PUTTERS: usize = 1;
/// Those who wait for all tasks to be done.
pub(super) const JOINERS: usize = 2;
pub(super) const LANES: usize = 3;

pub(super) type QueueSection<'a, S> = Section<'a, Shared<S>, LANES>;

/// What everybody sees without the lock.
pub(super) struct Shared<S> {
    /// At most so many items; `usize::MAX` for a queue without a bound.
    pub(super) maxsize: usize,
    /// Getting and putting can be ready for ever: each counts for itself.
    pub(super) gets: Budget,
    pub(super) puts: Budget,
    store: std::marker::PhantomData<fn(S)>,
}

/// What the lock guards.
pub(super) struct Data<S> {
    store: S,
    unfinished: usize,
    shut_down: bool,
}

/// Which lane a waiter is in, for when it is dropped with its chance.
pub(super) type Chance = usize;

impl<S: Store> Rules<LANES> for Shared<S> {
    type Data = Data<S>;
    type Slot = Chance;

    fn kind(&self) -> WaitKind {
        WaitKind::Queue
    }

    // A waiter without a chance owes nobody anything, and nobody waits for it.
    fn left(_: &mut QueueSection<'_, S>, _: &mut Chance) {}

    fn pass_on(list: &WaitList<Self, LANES>, lane: Chance) {
        let mut section = list.lock();
        let has_use = match lane {
            GETTERS => section.data().store.count() > 0,
            PUTTERS => !is_full(&mut section),
            // All of them have been told.
            _ => false,
        };
        if has_use {
            section.grant_first(lane, |_| ());
        }
    }
}

fn is_full<S: Store>(section: &mut QueueSection<'_, S>) -> bool {
    section.data().store.count() >= section.rules().maxsize
}

/// A queue, whatever its order.
pub(super) struct Core<S: Store> {
    pub(super) list: WaitList<Shared<S>, LANES>,
}

/// The numbers of a queue at one moment.
pub(super) struct Census {
    pub(super) len: usize,
    pub(super) waiting: [usize; LANES],
    pub(super) unfinished: usize,
    pub(super) shut_down: bool,
}

macro_rules! new {
    ($($constness:tt)?) => {
        pub(super) $($constness)? fn new(store: S, maxsize: usize) -> Self {
            let shared = Shared {
                maxsize,
                gets: Budget::new(),
                puts: Budget::new(),
                store: std::marker::PhantomData,
            };
            let data = Data { store, unfinished: 0, shut_down: false };
            Core { list: WaitList::new(shared, data) }
        }
    };
}

impl<S: Store> Core<S> {
    #[cfg(not(loom))]
    new!(const);
    #[cfg(loom)]
    new!();

    pub(super) fn census(&self) -> Census {
        let mut section = self.list.lock();
        let waiting = [GETTERS, PUTTERS, JOINERS].map(|lane| section.len(lane));
        let data = section.data();
        let (len, unfinished, shut_down) = (data.store.count(), data.unfinished, data.shut_down);
        Census { len, waiting, unfinished, shut_down }
    }

    pub(super) fn try_put(&self, item: S::Item) -> Result<(), TryPutError<S::Item>> {
        let mut item = Some(item);
        let refused = put(&mut self.list.lock(), &mut item);
        match (refused, item) {
            (Some(Refused::Full), Some(item)) => Err(TryPutError::Full(item)),
            (Some(Refused::ShutDown), Some(item)) => Err(TryPutError::ShutDown(item)),
            _ => Ok(()),
        }
    }

    pub(super) fn try_get(&self) -> Result<S::Item, TryGetError> {
        get(&mut self.list.lock())
    }

    pub(super) fn task_done(&self) -> Result<(), TaskDoneTooOften> {
        let mut section = self.list.lock();
        let unfinished = &mut section.data().unfinished;
        *unfinished = unfinished.checked_sub(1).ok_or(TaskDoneTooOften)?;
        if *unfinished == 0 {
            section.grant_all(JOINERS, |_| ());
        }
        Ok(())
    }

    pub(super) fn shut_down(&self, immediate: bool) {
        let mut section = self.list.lock();
        section.data().shut_down = true;
        let dropped = immediate.then(|| {
            let data = section.data();
            let items = data.store.take();
            // Saturating: `task_done` may have been called for items that were not got yet.
            data.unfinished = data.unfinished.saturating_sub(items.count());
            items
        });
        if section.data().unfinished == 0 {
            section.grant_all(JOINERS, |_| ());
        }
        section.grant_all(GETTERS, |_| ());
        section.grant_all(PUTTERS, |_| ());
        drop(section);
        // The user's values go after the lock.
        drop(dropped);
    }
}

/// Why an item was not put.
#[derive(Clone, Copy, Debug)]
pub(super) enum Refused {
    Full,
    ShutDown,
}

/// Takes the item out of its place into the store, or says why not and leaves it there.
pub(super) fn put<S: Store>(
    section: &mut QueueSection<'_, S>,
    item: &mut Option<S::Item>,
) -> Option<Refused> {
    if section.data().shut_down {
        return Some(Refused::ShutDown);
    }
    if is_full(section) {
        return Some(Refused::Full);
    }
    // The item comes last: it may be compared with others, and that may panic, with the item in the
    // store. Nobody sees the difference under the lock.
    section.data().unfinished += 1;
    section.grant_first(GETTERS, |_| ());
    if let Some(item) = item.take() {
        section.data().store.push(item);
    }
    None
}

/// Takes the next item.
pub(super) fn get<S: Store>(section: &mut QueueSection<'_, S>) -> Result<S::Item, TryGetError> {
    if section.data().store.count() > 0 {
        // First, as in `put`: items are compared when one is taken, too, and if that panics there is
        // room all the same.
        section.grant_first(PUTTERS, |_| ());
    }
    let data = section.data();
    match data.store.pop() {
        Some(item) => Ok(item),
        None if data.shut_down => Err(TryGetError::ShutDown),
        None => Err(TryGetError::Empty),
    }
}

/// Whether `task_done` was called for each item.
pub(super) fn all_done<S: Store>(section: &mut QueueSection<'_, S>) -> bool {
    section.data().unfinished == 0
}

/// Where to wait: whoever had a chance and lost it keeps its place before the others.
pub(super) fn wait_in(lane: usize, had_a_chance: bool) -> Decision<Chance> {
    match had_a_chance {
        true => Decision::WaitFirst { lane, slot: lane },
        false => Decision::Wait { lane, slot: lane },
    }
}
