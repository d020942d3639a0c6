//! What futures and guards carry: the number of their record.
//!
//! | token | in | written | gone |
//! |---|---|---|---|
//! | [`Leaf`] | a future that waits | when its poll gives `Pending` | with the future, or by [`Leaf::clear`] |
//! | [`Frame`] | a future that polls others | when it is polled first | with the future |
//! | [`Held`] | a guard that others wait for | when it is made | with the guard |
//!
//! All are `Send`: the record goes with the future to another thread or task, and finds its new place
//! there at the next poll.

use std::mem::ManuallyDrop;
use std::panic::Location;

use corio_base::clock::{self, Time};
use corio_base::loom::sync::atomic::{AtomicU32, Ordering};

use crate::book::code::{self, FrameKind};
use crate::book::here::{self, Entered, Here, here};
use crate::book::slot::Content;
use crate::book::{Link, arena};
use crate::wait::{Wait, WaitKind};

/// The record of a wait, for the future that waits.
///
/// ```
/// use corio_trace::{Wait, WaitKind, book::Leaf, set_enabled};
///
/// set_enabled(true);
/// let mut leaf = Leaf::new();
/// let place = std::panic::Location::caller();
/// leaf.wait(|| Wait { kind: WaitKind::Lock, object: 7, owner: Some(3), place });
/// ```
#[derive(Debug, Default)]
pub struct Leaf(u32);

impl Leaf {
    /// No record yet.
    #[inline]
    pub const fn new() -> Leaf {
        Leaf(0)
    }

    /// Records that the future waits, under whatever is polled on this thread; for the moment before it
    /// returns `Pending`. Does nothing, and does not call `about`, while the switch is off.
    #[inline]
    pub fn wait(&mut self, about: impl FnOnce() -> Wait) {
        if crate::enabled() {
            self.write(&about());
        }
    }

    #[inline(never)]
    fn write(&mut self, wait: &Wait) {
        self.0 = write_wait(self.0, here(), wait);
    }

    /// The wait is over, though the future is still there.
    #[inline]
    pub fn clear(&mut self) {
        if self.0 != 0 {
            release(std::mem::take(&mut self.0));
        }
    }
}

impl Drop for Leaf {
    #[inline]
    fn drop(&mut self) {
        if self.0 != 0 {
            release(self.0);
        }
    }
}

/// A [`Leaf`] for a place that is shared, where only one at a time has the right to write: the handle of a
/// task, which keeps it beside the task.
#[derive(Debug, Default)]
pub struct LeafCell(AtomicU32);

impl LeafCell {
    /// No record yet.
    #[cfg(not(loom))]
    pub const fn new() -> LeafCell {
        LeafCell(AtomicU32::new(0))
    }

    /// No record yet.
    #[cfg(loom)]
    pub fn new() -> LeafCell {
        LeafCell(AtomicU32::new(0))
    }

    /// Whether there is a record; for its owner, and for who grants.
    #[inline]
    pub fn is_recorded(&self) -> bool {
        self.0.load(Ordering::Relaxed) != 0
    }

    /// As [`PlacedLeaf::mark_granted`](crate::book::PlacedLeaf::mark_granted).
    #[inline]
    pub fn mark_granted(&self) {
        // Relaxed: its owner wrote it before it could be granted anything.
        let number = self.0.load(Ordering::Relaxed);
        if number != 0 {
            mark_granted(number);
        }
    }

    /// As [`Leaf::wait`], for a caller who has asked whether the switch is on.
    pub fn wait(&self, wait: &Wait) {
        // Relaxed, load and store, here and below: one at a time writes, and what hands that right over
        // orders the writes.
        let number = self.0.load(Ordering::Relaxed);
        self.0.store(write_wait(number, here(), wait), Ordering::Relaxed);
    }

    /// As [`LeafCell::wait`], for who waits since `since`, on the coarse clock.
    pub fn wait_since(&self, wait: &Wait, since: Time) {
        let number = self.0.load(Ordering::Relaxed);
        let number = write_flagged(number, here(), wait, 0, || since);
        self.0.store(number, Ordering::Relaxed);
    }

    /// As [`Leaf::clear`].
    #[inline]
    pub fn clear(&self) {
        let number = self.0.load(Ordering::Relaxed);
        if number != 0 {
            self.0.store(0, Ordering::Relaxed);
            release(number);
        }
    }
}

impl Drop for LeafCell {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Writes a wait at `here` into slot `number`, or into a new one for 0, and says into which.
pub(crate) fn write_wait(number: u32, here: Here, wait: &Wait) -> u32 {
    write_flagged(number, here, wait, 0, clock::coarse_now)
}

/// Whether slot `number` says already what [`write_loose`] would write.
#[inline]
pub(crate) fn is_loose(number: u32, here: Here, wait: &Wait) -> bool {
    let code = code::pack(code::LEAF, wait.kind as u8) | code::LOOSE;
    let (object, owner) = (wait.object as u64, wait.owner.unwrap_or(0));
    arena::slot(number).is_some_and(|slot| slot.says(code, here.task, here.under.0, object, owner))
}

/// As [`write_wait`], for the wait of something without a token.
#[inline(never)]
pub(crate) fn write_loose(number: u32, here: Here, wait: &Wait) -> u32 {
    write_flagged(number, here, wait, code::LOOSE, clock::coarse_now)
}

#[inline]
fn write_flagged(
    number: u32,
    here: Here,
    wait: &Wait,
    flags: u32,
    now: impl FnOnce() -> Time,
) -> u32 {
    let Here { task, under, page } = here;
    let code = code::pack(code::LEAF, wait.kind as u8) | flags;
    let owner = wait.owner.unwrap_or(0);
    let object = wait.object as u64;
    if let Some(slot) = arena::slot(number)
        && slot.says(code, task, under.0, object, owner)
    {
        slot.take_back_grant();
        return number;
    }
    let number = if number == 0 { arena::take() } else { number };
    if let Some(slot) = arena::slot(number) {
        slot.write(&Content {
            code,
            use_number: slot.use_number().wrapping_add(1),
            task,
            parent: under.0,
            object,
            owner,
            since: now().as_nanos(),
            granted: 0,
            name: "",
            place: Some(wait.place),
        });
        if let Some(page) = arena::slot(page) {
            // Relaxed: a hint, which is looked at before it is believed.
            page.newest.store(number, Ordering::Relaxed);
        }
    }
    number
}

/// The record of a future that polls others, such as a coroutine, a scope or a group.
#[derive(Debug, Default)]
pub struct Frame(u32);

impl Frame {
    /// No record yet.
    #[inline]
    pub const fn new() -> Frame {
        Frame(0)
    }

    /// Whether there is a record.
    #[inline]
    pub const fn is_some(&self) -> bool {
        self.0 != 0
    }

    /// Takes the record away; the next poll writes another one.
    #[inline]
    pub fn clear(&mut self) {
        if self.0 != 0 {
            release(std::mem::take(&mut self.0));
        }
    }

    /// A poll of the future begins: what is recorded until the guard is dropped is under it. Does
    /// nothing, and does not call `about`, while the switch is off.
    #[inline]
    pub fn enter(
        &mut self,
        about: impl FnOnce() -> (FrameKind, &'static str, &'static Location<'static>),
    ) -> Entered {
        if crate::enabled() {
            let (kind, name, place) = about();
            self.write(kind, name, place, 0)
        } else {
            Entered::NOT
        }
    }

    /// As [`Frame::enter`], for what others can wait for or belong to: `object` is what their records
    /// name it by.
    #[inline]
    pub fn enter_object(
        &mut self,
        object: usize,
        about: impl FnOnce() -> (FrameKind, &'static str, &'static Location<'static>),
    ) -> Entered {
        if crate::enabled() {
            let (kind, name, place) = about();
            self.write(kind, name, place, object)
        } else {
            Entered::NOT
        }
    }

    /// As [`Frame::enter`], for who finds the switch on and keeps no guard: until [`Frame::leave`]. `false`: nothing
    /// was entered.
    #[cold]
    #[inline(never)]
    #[must_use = "what was entered has to be left"]
    pub fn enter_unguarded(
        &mut self,
        kind: FrameKind,
        name: &'static str,
        place: &'static Location<'static>,
    ) -> bool {
        !ManuallyDrop::new(self.write(kind, name, place, 0)).is_not()
    }

    /// The poll is over that [`Frame::enter_unguarded`] began.
    #[cold]
    #[inline(never)]
    pub fn leave(&self) {
        if let Some(slot) = arena::slot(self.0) {
            here::leave_frame(slot.link_of(self.0));
        }
    }

    #[cold]
    #[inline(never)]
    fn write(
        &mut self,
        kind: FrameKind,
        name: &'static str,
        place: &'static Location<'static>,
        object: usize,
    ) -> Entered {
        let Here { task, under, .. } = here();
        if self.0 == 0 {
            self.0 = arena::take();
        } else if let Some(slot) = arena::slot(self.0)
            && slot.hangs_under(task, under.0)
        {
            return here::enter_frame(slot.link_of(self.0));
        }
        let Some(slot) = arena::slot(self.0) else { return Entered::NOT };
        let use_number = slot.use_number().wrapping_add(1);
        slot.write(&Content {
            code: code::pack(code::FRAME, kind as u8),
            use_number,
            task,
            parent: under.0,
            object: object as u64,
            owner: 0,
            since: clock::coarse_now().as_nanos(),
            granted: 0,
            name,
            place: Some(place),
        });
        here::enter_frame(Link::new(self.0, use_number))
    }
}

impl Drop for Frame {
    #[inline]
    fn drop(&mut self) {
        if self.0 != 0 {
            release(self.0);
        }
    }
}

/// The record that a task has something others wait for: for guards of locks, permits, places in a group.
#[derive(Debug, Default)]
pub struct Held(u32);

impl Held {
    /// No record.
    #[inline]
    pub const fn new() -> Held {
        Held(0)
    }

    /// Whether nothing is recorded.
    #[inline]
    pub fn is_none(&self) -> bool {
        self.0 == 0
    }

    /// Which slot has the record; 0 for none.
    pub(crate) fn number(&self) -> u32 {
        self.0
    }

    /// Records that the task that is polled on this thread has `object` from now on. Does nothing while
    /// the switch is off. `object` is what the waits' records name it by, `kind` theirs.
    #[inline]
    pub fn take(kind: WaitKind, object: usize, place: &'static Location<'static>) -> Held {
        if crate::enabled() { hold(kind, object, place, here().task, false) } else { Held(0) }
    }

    /// As [`Held::take`], for another task than the one being polled.
    #[inline]
    pub fn take_for(
        task: u64,
        kind: WaitKind,
        object: usize,
        place: &'static Location<'static>,
    ) -> Held {
        if crate::enabled() { hold(kind, object, place, task, false) } else { Held(0) }
    }

    /// As [`Held::take`], for a guard that is made to be given to another task, so that it may be in another
    /// one's hands by now.
    #[inline]
    pub fn take_movable(kind: WaitKind, object: usize, place: &'static Location<'static>) -> Held {
        if crate::enabled() { hold(kind, object, place, here().task, true) } else { Held(0) }
    }
}

/// Writes the record of a thing that `task` has.
#[inline(never)]
pub(crate) fn hold(
    kind: WaitKind,
    object: usize,
    place: &'static Location<'static>,
    task: u64,
    movable: bool,
) -> Held {
    let number = arena::take();
    if let Some(slot) = arena::slot(number) {
        let flags = if movable { code::MOVABLE } else { 0 };
        slot.write(&Content {
            code: code::pack(code::HELD, kind as u8) | flags,
            use_number: slot.use_number().wrapping_add(1),
            task,
            parent: 0,
            object: object as u64,
            owner: 0,
            since: clock::coarse_now().as_nanos(),
            granted: 0,
            name: "",
            place: Some(place),
        });
    }
    Held(number)
}

impl Drop for Held {
    #[inline]
    fn drop(&mut self) {
        if self.0 != 0 {
            release(self.0);
        }
    }
}

/// Notes in a wait's record that it is granted what it waits for.
#[cold]
#[inline(never)]
pub(crate) fn mark_granted(number: u32) {
    if let Some(slot) = arena::slot(number) {
        slot.mark_granted(slot.use_number(), clock::coarse_now().as_nanos());
    }
}

/// Which wait is to be marked as granted, for who grants and cannot reach the future that waits. It may
/// be kept for as long as one likes: a wait that is over takes no mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GrantKey(Link);

impl GrantKey {
    /// No wait.
    pub const NONE: GrantKey = GrantKey(Link::NONE);

    /// The wait that stands in slot `number` now.
    #[cold]
    #[inline(never)]
    pub(crate) fn of(number: u32) -> GrantKey {
        let slot = arena::slot(number);
        slot.map_or(GrantKey::NONE, |slot| GrantKey(Link::new(number, slot.use_number())))
    }

    /// As [`PlacedLeaf::mark_granted`](crate::book::PlacedLeaf::mark_granted).
    #[inline]
    pub fn mark(self) {
        if self != GrantKey::NONE {
            self.mark_slot();
        }
    }

    #[cold]
    #[inline(never)]
    fn mark_slot(self) {
        if let Some(slot) = arena::slot(self.0.number()) {
            slot.mark_granted(self.0.use_number(), clock::coarse_now().as_nanos());
        }
    }
}

impl Default for GrantKey {
    fn default() -> Self {
        GrantKey::NONE
    }
}

/// Takes a record away and gives its number back.
#[cold]
#[inline(never)]
pub(crate) fn release(number: u32) {
    if let Some(slot) = arena::slot(number) {
        slot.clear();
        arena::give(number);
    }
}
