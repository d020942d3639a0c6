//! One place of the arena: what a task, a scope, a wait or a held thing leaves there for others to read.
//!
//! The owner of a slot's number writes it, any thread reads it at any moment, also while the owner is
//! stuck in a poll. A sequence number keeps a reader from believing half a write:
//!
//! ```text
//!   seq even: at rest ──(1) write begins──▶ odd ──(2) write ends──▶ even, greater by two
//!
//!   reader: seq (even?) ─▶ fields ─▶ seq again: the same? then the fields belong together
//! ```
//!
//! **The race.** There is one writer at a time: a number is owned by a token in a future, which whoever
//! polls or drops it has alone, and what hands the future over hands the slot over with it. So the writer
//! needs no read-modify-write. A reader that meets a write sees an odd or a changed `seq` and looks
//! again, a bounded number of times: it never waits for a writer, who may be a thread that is
//! stopped in the middle.
//!
//! The counters of a task (polls, time) are counted beside the sequence, each a number by itself; with the
//! content they begin, and are read together with it.
#![expect(
    unsafe_code,
    reason = "a name is stored as address and length and read back as what it was"
)]

use std::panic::Location;
use std::ptr;
use std::slice;
use std::str;

use corio_base::loom::sync::atomic::{
    AtomicPtr, AtomicU32, AtomicU64, AtomicUsize, Ordering, fence,
};

use crate::book::Link;

/// What stands in a slot, as its owner wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Content {
    /// Which sort of record, and its details: [`crate::book::code`] packs and unpacks it. 0: free.
    pub(crate) code: u32,
    /// Which time the slot is used: a reference to an earlier use is told from one to this.
    pub(crate) use_number: u32,
    /// The task it belongs to; 0 for none.
    pub(crate) task: u64,
    /// The slot it hangs under and that one's use number, packed as a [`crate::book::Link`]; 0 for none.
    pub(crate) parent: u64,
    pub(crate) object: u64,
    /// The task that can end the wait; of a task its parent's id. 0: not known.
    pub(crate) owner: u64,
    /// When it was written first, in nanoseconds of the coarse clock.
    pub(crate) since: u64,
    /// Of a wait: since when it is granted what it waits for, though nobody has polled it; 0 if it is not.
    pub(crate) granted: u64,
    pub(crate) name: &'static str,
    pub(crate) place: Option<&'static Location<'static>>,
}

impl Content {
    #[cfg(any(test, loom))]
    pub(crate) const FREE: Content = Content {
        code: 0,
        use_number: 0,
        task: 0,
        parent: 0,
        object: 0,
        owner: 0,
        since: 0,
        granted: 0,
        name: "",
        place: None,
    };
}

/// What a task's slot counts, as [`Slot::read_counted`] found it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Counters {
    /// How often it was polled.
    pub(crate) polls: u64,
    pub(crate) is_polled: bool,
    /// How long its measured polls took, in nanoseconds.
    pub(crate) busy: u64,
    pub(crate) home: usize,
    /// Of a task that a pool's thread has polled last, that one's number in the kernel; 0 if none has.
    pub(crate) thread: u32,
}

/// How often a reader looks again before it gives a slot up for this time: a write takes some ten
/// nanoseconds, so a slot that is found being written this often belongs to a thread that is stopped.
const LOOKS_MAX: u32 = if cfg!(loom) { 2 } else { 64 };

/// The low bits of a mark that a wait is granted: of which use of the slot it is. Above them is the moment, so
/// that is off by up to a millisecond, a quarter of what the coarse clock is.
const USE: u64 = (1 << 20) - 1;

/// A place for one [`Content`].
#[derive(Debug)]
pub(crate) struct Slot {
    seq: AtomicU32,
    code: AtomicU32,
    use_number: AtomicU32,
    name_len: AtomicU32,
    name: AtomicPtr<u8>,
    place: AtomicPtr<Location<'static>>,
    task: AtomicU64,
    parent: AtomicU64,
    object: AtomicU64,
    owner: AtomicU64,
    since: AtomicU64,
    granted: AtomicU64,
    /// Of a task: twice how often it was polled; odd while it is.
    pub(crate) polls: AtomicU64,
    /// Of a task: how long its measured polls took, in nanoseconds.
    pub(crate) busy: AtomicU64,
    /// Of a task: which loop it belongs to.
    pub(crate) home: AtomicUsize,
    /// Of a task: the slot of the wait that was written last for it, which may be gone.
    pub(crate) newest: AtomicU32,
    /// Of a task that is polled on threads which are no loop's: the last one's number in the kernel.
    pub(crate) thread: AtomicU32,
}

#[cfg(all(not(loom), target_pointer_width = "64"))]
const _: () = assert!(size_of::<Slot>() == 112);

impl Slot {
    pub(crate) fn new() -> Self {
        Slot {
            seq: AtomicU32::new(0),
            code: AtomicU32::new(0),
            use_number: AtomicU32::new(0),
            name_len: AtomicU32::new(0),
            name: AtomicPtr::new(ptr::null_mut()),
            place: AtomicPtr::new(ptr::null_mut()),
            task: AtomicU64::new(0),
            parent: AtomicU64::new(0),
            object: AtomicU64::new(0),
            owner: AtomicU64::new(0),
            since: AtomicU64::new(0),
            granted: AtomicU64::new(0),
            polls: AtomicU64::new(0),
            busy: AtomicU64::new(0),
            home: AtomicUsize::new(0),
            newest: AtomicU32::new(0),
            thread: AtomicU32::new(0),
        }
    }

    /// Writes `content`; for the owner of the slot's number.
    #[inline]
    pub(crate) fn write(&self, content: &Content) {
        self.change(|| self.store(content));
    }

    /// Writes the `content` of a new task of the loop `home`, with counters that begin; for the owner of the
    /// slot's number. What the counters said of another task is gone before anybody believes this one.
    pub(crate) fn write_task(&self, content: &Content, home: usize) {
        self.change(|| {
            self.store(content);
            // Relaxed, all of them: as in `store`.
            self.polls.store(0, Ordering::Relaxed);
            self.busy.store(0, Ordering::Relaxed);
            self.home.store(home, Ordering::Relaxed);
            self.newest.store(0, Ordering::Relaxed);
            self.thread.store(0, Ordering::Relaxed);
        });
    }

    #[inline]
    fn store(&self, content: &Content) {
        // Relaxed, all of them: `change` orders them for the reader.
        self.code.store(content.code, Ordering::Relaxed);
        self.use_number.store(content.use_number, Ordering::Relaxed);
        self.task.store(content.task, Ordering::Relaxed);
        if cfg!(loom) && content.object == 0 {
            // A model of the slot itself explores each choice of values that loads may find. Three fields tell
            // a mixture as well as eleven do.
            return;
        }
        self.name_len.store(content.name.len() as u32, Ordering::Relaxed);
        self.name.store(content.name.as_ptr().cast_mut(), Ordering::Relaxed);
        let place = content.place.map_or(ptr::null(), ptr::from_ref);
        self.place.store(place.cast_mut(), Ordering::Relaxed);
        self.parent.store(content.parent, Ordering::Relaxed);
        self.object.store(content.object, Ordering::Relaxed);
        self.owner.store(content.owner, Ordering::Relaxed);
        self.since.store(content.since, Ordering::Relaxed);
        self.granted.store(content.granted, Ordering::Relaxed);
    }

    /// The wait of this use of the slot is granted what it waits for; its owner will find that when it polls.
    /// For who grants, at any time: the mark says of which use it is, and others do not believe it.
    #[inline]
    pub(crate) fn mark_granted(&self, use_number: u32, at: u64) {
        let mark = at.max(USE + 1) & !USE | u64::from(use_number) & USE;
        // Relaxed: a number by itself.
        self.granted.store(mark, Ordering::Relaxed);
    }

    /// The wait goes on although it was granted something, which is gone; for the owner.
    #[inline]
    pub(crate) fn take_back_grant(&self) {
        // Relaxed, both: as above. A mark that comes in between is lost, which costs a report.
        if self.granted.load(Ordering::Relaxed) != 0 {
            self.granted.store(0, Ordering::Relaxed);
        }
    }

    /// Where the owner's wait was made, as it wrote it.
    #[inline]
    pub(crate) fn place(&self) -> Option<&'static Location<'static>> {
        let place = self.place.load(Ordering::Relaxed);
        // SAFETY: null, or the address of a `&'static Location`: nothing else is ever stored.
        unsafe { place.cast_const().as_ref() }
    }

    /// Frees the slot's content; for the owner of its number, who gives the number back.
    #[inline]
    pub(crate) fn clear(&self) {
        self.change(|| self.code.store(0, Ordering::Relaxed));
    }

    /// What stands here, unless it is being written; for the owner, who knows that it is not, and for
    /// readers on any thread.
    pub(crate) fn read(&self) -> Option<Content> {
        self.read_beside(|| ()).map(|(content, ())| content)
    }

    /// As [`Slot::read`], with the counters of the task that stands here; of a record that is no task they say
    /// nothing.
    pub(crate) fn read_counted(&self) -> Option<(Content, Counters)> {
        self.read_beside(|| {
            let (polls, is_polled) = self.polls();
            Counters {
                polls,
                is_polled,
                busy: self.busy.load(Ordering::Relaxed),
                home: self.home.load(Ordering::Relaxed),
                thread: self.thread.load(Ordering::Relaxed),
            }
        })
    }

    /// What stands here, and what `more` reads of the same use of the slot.
    #[inline]
    fn read_beside<R>(&self, more: impl Fn() -> R) -> Option<(Content, R)> {
        for _ in 0..LOOKS_MAX {
            // Acquire: pairs with the Release at the end of `change`; what is read below is at least
            // as new as that write.
            let before = self.seq.load(Ordering::Acquire);
            if before % 2 == 1 {
                corio_base::loom::hint::spin_loop();
                continue;
            }
            let raw = self.raw();
            let more = more();
            // Pairs with the Release fence in `change`: if a load above saw a write that began after
            // `before` was read, the load below sees that write's odd number.
            fence(Ordering::Acquire);
            if self.seq.load(Ordering::Relaxed) == before {
                // SAFETY: the sequence says that one `write` stored all of it.
                return Some((unsafe { raw.content() }, more));
            }
        }
        None
    }

    /// A poll of the task begins or ends; for its owner.
    #[inline]
    pub(crate) fn count_half_poll(&self) {
        // Relaxed, load and store: one poll of a task at a time.
        self.polls.store(self.polls.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    /// How often the task was polled, and whether it is being polled now.
    pub(crate) fn polls(&self) -> (u64, bool) {
        // Relaxed: a number by itself.
        let halves = self.polls.load(Ordering::Relaxed);
        (halves.div_ceil(2), halves % 2 == 1)
    }

    /// Which use of the slot this is; for its owner.
    #[inline]
    pub(crate) fn use_number(&self) -> u32 {
        // Relaxed: only owners write it, and this is the owner.
        self.use_number.load(Ordering::Relaxed)
    }

    /// Which use of the slot, whose number this is, is under way; for its owner.
    #[inline]
    pub(crate) fn link_of(&self, number: u32) -> Link {
        Link::new(number, self.use_number())
    }

    /// What the record hangs under; for its owner.
    #[inline]
    pub(crate) fn under(&self) -> Link {
        // Relaxed: the owner reads what it wrote.
        Link(self.parent.load(Ordering::Relaxed))
    }

    /// Whether the owner finds this very wait here already.
    #[inline]
    pub(crate) fn says(&self, code: u32, task: u64, parent: u64, object: u64, owner: u64) -> bool {
        // Relaxed: the owner reads what it wrote.
        self.object.load(Ordering::Relaxed) == object
            && self.code.load(Ordering::Relaxed) == code
            && self.owner.load(Ordering::Relaxed) == owner
            && self.parent.load(Ordering::Relaxed) == parent
            && self.task.load(Ordering::Relaxed) == task
    }

    /// Whether the owner finds the slot under this parent already.
    #[inline]
    pub(crate) fn hangs_under(&self, task: u64, parent: u64) -> bool {
        self.parent.load(Ordering::Relaxed) == parent && self.task.load(Ordering::Relaxed) == task
    }

    #[inline]
    fn change(&self, stores: impl FnOnce()) {
        // Relaxed: there is one writer, and this is it.
        let seq = self.seq.load(Ordering::Relaxed);
        self.seq.store(seq.wrapping_add(1), Ordering::Relaxed);
        // Pairs with the Acquire fence in `read`.
        fence(Ordering::Release);
        stores();
        // Release: pairs with the Acquire in `read`.
        self.seq.store(seq.wrapping_add(2), Ordering::Release);
    }

    fn raw(&self) -> Raw {
        Raw {
            code: self.code.load(Ordering::Relaxed),
            use_number: self.use_number.load(Ordering::Relaxed),
            name_len: self.name_len.load(Ordering::Relaxed),
            name: self.name.load(Ordering::Relaxed),
            place: self.place.load(Ordering::Relaxed),
            task: self.task.load(Ordering::Relaxed),
            parent: self.parent.load(Ordering::Relaxed),
            object: self.object.load(Ordering::Relaxed),
            owner: self.owner.load(Ordering::Relaxed),
            since: self.since.load(Ordering::Relaxed),
            granted: self.granted.load(Ordering::Relaxed),
        }
    }
}

/// What the fields said, one after the other; perhaps of several writes.
struct Raw {
    code: u32,
    use_number: u32,
    name_len: u32,
    name: *mut u8,
    place: *mut Location<'static>,
    task: u64,
    parent: u64,
    object: u64,
    owner: u64,
    since: u64,
    granted: u64,
}

impl Raw {
    /// # Safety
    /// All fields were stored by one [`Slot::write`], or by none.
    unsafe fn content(self) -> Content {
        // SAFETY: with the caller's claim, address and length are those of one `&'static str`; null is a
        // slot that was never written.
        let name = unsafe {
            if self.name.is_null() {
                ""
            } else {
                let bytes = slice::from_raw_parts(self.name.cast_const(), self.name_len as usize);
                str::from_utf8_unchecked(bytes)
            }
        };
        // SAFETY: null, or the address of a `&'static Location`: nothing else is ever stored.
        let place = unsafe { self.place.cast_const().as_ref() };
        Content {
            code: self.code,
            use_number: self.use_number,
            task: self.task,
            parent: self.parent,
            object: self.object,
            owner: self.owner,
            since: self.since,
            granted: match self.granted & USE == u64::from(self.use_number) & USE {
                true => self.granted & !USE,
                false => 0,
            },
            name,
            place,
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read() {
        let slot = Slot::new();
        assert_eq!(slot.read(), Some(Content::FREE));
        let place = Location::caller();
        let content = Content {
            code: 7,
            use_number: 1,
            task: 2,
            parent: 3,
            object: 4,
            owner: 5,
            since: 6,
            granted: 0,
            name: "name",
            place: Some(place),
        };
        slot.write(&content);
        assert_eq!(slot.read(), Some(content));
        assert!(slot.says(7, 2, 3, 4, 5) && !slot.says(7, 2, 3, 4, 6));
        slot.mark_granted(1, 5 << 20);
        assert_eq!(slot.read(), Some(Content { granted: 5 << 20, ..content }));
        slot.mark_granted(2, 6 << 20);
        assert_eq!(slot.read(), Some(content), "a mark of another use");
        slot.mark_granted(1, 3);
        assert!(slot.read().is_some_and(|content| content.granted > 0));
        slot.take_back_grant();
        assert_eq!(slot.read(), Some(content));
        assert_eq!(slot.place(), Some(place));
        slot.clear();
        assert_eq!(slot.read().map(|content| content.code), Some(0));
    }
}
