//! Which loop this thread works for, and what belongs to it.
//!
//! A thread may hold several loops and works for one at a time: the *active* one. Each mechanism
//! (executor, timers, reactor) keeps a [`Table`] in a slot of the thread, with one entry a loop, and
//! finds its thing by the active loop's number. So to run a loop, or to leave it, is to change one
//! word, and what was made ready once serves every run.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::marker::PhantomData;
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicU64, Ordering};

/// The number of a loop; never given twice in one process.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct LoopId(NonZeroU64);

impl LoopId {
    /// A number that no loop has.
    #[expect(clippy::new_without_default, reason = "no two are alike, so none is the default")]
    pub fn new() -> LoopId {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        // Relaxed: numbers only have to differ.
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        LoopId(NonZeroU64::new(id).expect("64 bits of loops"))
    }
}

std::thread_local! {
    static ACTIVE: Cell<Option<LoopId>> = const { Cell::new(None) };
}

/// The loop this thread works for.
#[inline]
pub fn active() -> Option<LoopId> {
    ACTIVE.with(Cell::get)
}

/// Makes `id` the active loop of this thread until the guard is dropped.
#[inline]
pub fn activate(id: LoopId) -> ActiveGuard {
    ActiveGuard { before: ACTIVE.with(|slot| slot.replace(Some(id))), _not_send: PhantomData }
}

/// While it lives, its loop is the thread's active one. Guards end in reverse order.
#[derive(Debug)]
#[must_use = "the loop stops being active when the guard is dropped"]
pub struct ActiveGuard {
    before: Option<LoopId>,
    _not_send: PhantomData<*const ()>,
}

impl Drop for ActiveGuard {
    #[inline]
    fn drop(&mut self) {
        ACTIVE.with(|slot| slot.set(self.before));
    }
}

/// One kind of thing, for each loop of a thread; to be kept in a `thread_local!`.
///
/// ```
/// use corio_base::ambient::{LoopId, Table, activate};
///
/// let names = Table::new();
/// let id = LoopId::new();
/// names.put(id, "mine");
/// assert_eq!(names.active(), None);
/// let _active = activate(id);
/// assert_eq!(names.active(), Some("mine"));
/// ```
pub struct Table<T> {
    entries: RefCell<Vec<(LoopId, T)>>,
}

impl<T: Clone> Table<T> {
    /// An empty table.
    pub const fn new() -> Self {
        Table { entries: RefCell::new(Vec::new()) }
    }

    /// Enters `value` for the loop `id`. Entered again, the later one holds until it is taken.
    pub fn put(&self, id: LoopId, value: T) {
        self.entries.borrow_mut().push((id, value));
    }

    /// Takes out what was entered last for the loop `id`. The caller drops it.
    pub fn take(&self, id: LoopId) -> Option<T> {
        let mut entries = self.entries.borrow_mut();
        let last = entries.iter().rposition(|entry| entry.0 == id)?;
        Some(entries.remove(last).1)
    }

    /// What the active loop has: a clone, so that what the caller does with it may come back to this
    /// table.
    #[inline]
    pub fn active(&self) -> Option<T> {
        self.lend_active(|value| value.cloned())
    }

    /// Calls `f` with what the active loop has, if it has anything.
    ///
    /// # Panics
    /// If `f`, given something, comes back to this table to put or take.
    #[inline]
    pub fn lend_active<R>(&self, f: impl FnOnce(Option<&T>) -> R) -> R {
        if let Some(id) = active() {
            let entries = self.entries.borrow();
            let value = match entries.last() {
                Some(last) if last.0 == id => Some(&last.1),
                _ => find(&entries, id),
            };
            if value.is_some() {
                return f(value);
            }
        }
        f(None)
    }
}

/// The entry of a loop that is not the one entered last.
#[cold]
fn find<T>(entries: &[(LoopId, T)], id: LoopId) -> Option<&T> {
    entries.iter().rev().find(|entry| entry.0 == id).map(|entry| &entry.1)
}

impl<T: Clone> Default for Table<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for Table<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table").finish_non_exhaustive()
    }
}

/// Takes an entry out of its table again when dropped; see [`install`].
pub struct Installed<T: Clone + 'static> {
    table: &'static std::thread::LocalKey<Table<T>>,
    id: LoopId,
    _active: Option<ActiveGuard>,
}

/// Enters `value` in `table` for the active loop, or, where none is, for one that is active until the
/// guard is dropped: for threads that drive a mechanism by hand. Guards end in reverse order.
pub fn install<T: Clone>(
    table: &'static std::thread::LocalKey<Table<T>>,
    value: T,
) -> Installed<T> {
    let (id, guard) = match active() {
        Some(id) => (id, None),
        None => {
            let id = LoopId::new();
            (id, Some(activate(id)))
        }
    };
    table.with(|table| table.put(id, value));
    Installed { table, id, _active: guard }
}

impl<T: Clone> Drop for Installed<T> {
    fn drop(&mut self) {
        // The value is dropped after the table is free again: it may be the last owner. At the end of
        // the thread the table may be gone, and the value with it.
        let value = self.table.try_with(|table| table.take(self.id));
        drop(value);
    }
}

impl<T: Clone> fmt::Debug for Installed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Installed").field("id", &self.id).finish_non_exhaustive()
    }
}
