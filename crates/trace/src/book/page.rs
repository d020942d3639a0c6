//! The record of a task.
//!
//! | | who | while |
//! |---|---|---|
//! | [`TaskPage::open`], [`TaskPage::close`], [`TaskPage::enter`] | who has the task to himself: its spawner, who polls it, who ends it | the page lies beside the task |
//! | [`TaskPage::wait`], [`TaskPage::polled`], [`TaskPage::set_name`], [`TaskPage::note_asked`] | anybody who has the task | the same |
//!
//! **The race** of one who gives the task a name with the end of the task, which must not leave the name in
//! its table: the one writes the table and then asks whether the page is still open, by a
//! read-modify-write of the number; the other closes it by another one, and then looks for a name. One of them
//! comes first. If that is the end, whoever names the task finds that and takes the name back; if it is not,
//! the end sees the mark that there is a name. So it is with the note that a task is asked to end.

use std::panic::Location;

use corio_base::clock::{self, Time};
use corio_base::loom::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering};

use crate::book::here::{self, EnteredTask, Here};
use crate::book::slot::{Content, Slot};
use crate::book::{Link, arena, asked, code, names, token};
use crate::pulse::OsThread;
use crate::wait::{Wait, last_under};

/// Nobody asked the task to end.
const NOT_ASKED: u8 = 0;
/// The table of those who were asked has the task.
const ASKED: u8 = 1;
/// It had the task, which may go on since then.
const WAS_ASKED: u8 = 2;

/// What a task's record says from the beginning.
#[derive(Clone, Copy, Debug)]
pub struct TaskBirth {
    /// The task.
    pub id: u64,
    /// The task that spawned it; 0 if none did.
    pub parent: u64,
    /// Where it was spawned.
    pub place: &'static Location<'static>,
    /// What its future is called.
    pub type_name: &'static str,
    /// The loop it belongs to.
    pub home: usize,
    /// Whether it was there before the switch was turned.
    pub late: bool,
}

/// The record of a task, from [`TaskPage::open`] to [`TaskPage::close`] or its drop.
#[derive(Debug, Default)]
pub struct TaskPage {
    /// The slot; 0: there is none.
    number: AtomicU32,
    /// The record of the wait that a poll form left, which has no token of its own; 0 for none. Written by
    /// whoever polls the task.
    loose: AtomicU32,
    /// The table of names may have one of it.
    named: AtomicBool,
    /// Whether the table of those who were asked to end has it: [`NOT_ASKED`], [`ASKED`] or [`WAS_ASKED`].
    asked: AtomicU8,
}

impl TaskPage {
    /// No record yet.
    #[cfg(loom)]
    pub fn none() -> TaskPage {
        TaskPage {
            number: AtomicU32::new(0),
            loose: AtomicU32::new(0),
            named: AtomicBool::new(false),
            asked: AtomicU8::new(NOT_ASKED),
        }
    }

    /// No record yet.
    #[cfg(not(loom))]
    pub const fn none() -> TaskPage {
        TaskPage {
            number: AtomicU32::new(0),
            loose: AtomicU32::new(0),
            named: AtomicBool::new(false),
            asked: AtomicU8::new(NOT_ASKED),
        }
    }

    /// The record of a new task; nothing if the arena is full.
    pub fn new(birth: &TaskBirth) -> TaskPage {
        let page = TaskPage::none();
        page.open(birth);
        page
    }

    /// Writes the record of a task that has none; nothing if the arena is full.
    pub fn open(&self, birth: &TaskBirth) {
        self.open_since(birth, clock::coarse_now());
    }

    /// As [`TaskPage::open`], for a task that began at `since`, on the coarse clock.
    pub fn open_since(&self, birth: &TaskBirth, since: Time) {
        debug_assert!(!self.is_open(), "a page is opened once");
        let number = arena::take();
        let Some(slot) = arena::slot(number) else { return };
        let late = if birth.late { code::LATE } else { 0 };
        let content = Content {
            code: code::pack(code::TASK, 0) | late,
            use_number: slot.use_number().wrapping_add(1),
            task: birth.id,
            parent: 0,
            // By which a reader knows that the switch was turned on again since.
            object: u64::from(crate::turned_on()),
            owner: birth.parent,
            granted: 0,
            since: since.as_nanos(),
            name: birth.type_name,
            place: Some(birth.place),
        };
        slot.write_task(&content, birth.home);
        // Release: pairs with the Acquire in `slot`; who finds the number finds the record.
        self.number.store(number, Ordering::Release);
    }

    /// Whether the task has a record.
    #[inline]
    pub fn is_open(&self) -> bool {
        // Relaxed: asked by who opens and closes it, or as a guess.
        self.number.load(Ordering::Relaxed) != 0
    }

    /// The number, and the slot.
    #[inline]
    fn slot(&self) -> Option<(u32, &'static Slot)> {
        // Acquire: pairs with the Release in `open`, for readers on other threads.
        let number = self.number.load(Ordering::Acquire);
        Some((number, arena::slot(number)?))
    }

    /// A poll of task `id`, whose record this is, begins on this thread: what is recorded until the
    /// guard is dropped is the task's.
    #[inline(always)]
    pub fn enter(&self, id: u64) -> PolledPage<'_> {
        let (here, slot) = match self.slot() {
            Some((number, slot)) => {
                slot.count_half_poll();
                let under = Link::new(number, slot.use_number());
                (Here { task: id, under, page: number }, Some(slot))
            }
            None => (Here { task: id, under: Link::NONE, page: 0 }, None),
        };
        PolledPage { _entered: here::enter_task(here), page: self, slot, here }
    }

    #[inline(never)]
    fn forget_wait(&self) {
        // Relaxed, load and store: who ends a task has it to himself.
        let number = self.loose.load(Ordering::Relaxed);
        if number != 0 {
            self.loose.store(0, Ordering::Relaxed);
            token::release(number);
        }
    }

    /// How often task `id`, whose record this is, was polled, and about how long its polls took, in
    /// nanoseconds; nothing, if it ends meanwhile and another one has its slot.
    pub fn polled(&self, id: u64) -> (u64, u64) {
        let read = self.slot().and_then(|(_, slot)| slot.read_counted());
        match read {
            Some((content, counters)) if content.task == id => (counters.polls, counters.busy),
            _ => (0, 0),
        }
    }

    /// What task `id`, whose record this is, waits for: the wait that was recorded last and still
    /// stands; where several do and the last one is over, one of the others.
    pub fn wait(&self, id: u64) -> Option<Wait> {
        let (_, slot) = self.slot()?;
        let newest = arena::slot(slot.newest.load(Ordering::Relaxed));
        let (_, is_polled) = slot.polls();
        // What has no token of its own is over when the task is polled again.
        let is_wait = |content: &Content| {
            let is_over = is_polled && content.code & code::LOOSE != 0;
            code::sort(content.code) == code::LEAF && content.task == id && !is_over
        };
        newest
            .and_then(Slot::read)
            .filter(is_wait)
            .or_else(|| {
                // Slow, and rare: one of several waits has ended and the task was not polled since.
                let waits = arena::all().filter_map(|(_, slot)| slot.read()).filter(is_wait);
                waits.max_by_key(|content| content.since)
            })
            .and_then(|content| wait_of(&content))
    }

    /// Notes what task `id`, whose record this is, is called.
    pub fn set_name(&self, id: u64, name: &str) {
        // Relaxed: `was_closed` publishes it.
        self.named.store(true, Ordering::Relaxed);
        names::set_name(id, name);
        if self.was_closed() {
            names::forget_name(id);
        }
    }

    /// Whether the end came first. Of what was written before this, the end sees all if it did not.
    fn was_closed(&self) -> bool {
        // A read-modify-write, for the module's race. AcqRel: Release pairs with the Acquire in `close`, for
        // the mark; Acquire with its Release, so that what is taken back is taken back for good.
        self.number.fetch_or(0, Ordering::AcqRel) == 0
    }

    /// Task `id`, whose record this is, is asked to end; the first request's moment counts. For whoever
    /// has the task polled after this: that poll takes the note back, if the request is over by then.
    pub fn note_asked(&self, id: u64) {
        asked::note(id);
        // Relaxed: as in `set_name`. After the table: who finds the mark and takes the note back leaves none
        // behind.
        self.asked.store(ASKED, Ordering::Relaxed);
        if self.was_closed() {
            asked::forget(id);
        }
    }

    /// Whether somebody noted that the task is asked to end.
    #[inline]
    pub fn is_asked(&self) -> bool {
        // Relaxed: who sees it late asks again at the next poll.
        self.asked.load(Ordering::Relaxed) == ASKED
    }

    /// No request to task `id`, whose record this is, is under way any more.
    pub fn forget_asked(&self, id: u64) {
        // Relaxed: the table's lock orders it. Before the entry goes, so that one that is noted meanwhile is
        // marked after this; and `close` still looks for it.
        self.asked.store(WAS_ASKED, Ordering::Relaxed);
        asked::forget(id);
    }

    /// The task has ended: takes the record away.
    pub fn close(&self) {
        // A read-modify-write, for the module's race. AcqRel: pairs with that in `was_closed`, both ways.
        let number = self.number.swap(0, Ordering::AcqRel);
        let Some(slot) = arena::slot(number) else { return };
        // Relaxed, both: acquired with the number.
        if self.named.load(Ordering::Relaxed) {
            forget_name_of(slot);
        }
        if self.asked.load(Ordering::Relaxed) != NOT_ASKED {
            forget_asked_of(slot);
        }
        slot.clear();
        arena::give(number);
        self.forget_wait();
    }
}

/// A poll of a task, for as long as this lives.
#[derive(Debug)]
#[must_use = "the poll is over when this is dropped"]
pub struct PolledPage<'a> {
    // Dropped first.
    _entered: EnteredTask,
    page: &'a TaskPage,
    slot: Option<&'static Slot>,
    here: Here,
}

impl PolledPage<'_> {
    /// Records what [`crate::take_last_wait`] said after the poll: the wait of a leaf that has no token,
    /// such as a poll form. It stands until the next poll.
    #[inline(always)]
    pub fn set_wait(&self, wait: Option<&Wait>) {
        // Relaxed, load and store: one poll of a task at a time.
        let number = self.page.loose.load(Ordering::Relaxed);
        let Some(wait) = wait else {
            if number != 0 {
                self.page.forget_wait();
            }
            return;
        };
        // Nothing was said of a frame, or that frame has gone: then it hangs under the task.
        let under = match last_under() {
            Link::NONE => self.here.under,
            under => under,
        };
        let here = Here { under, ..self.here };
        if !token::is_loose(number, here, wait) {
            let now = token::write_loose(number, here, wait);
            self.page.loose.store(now, Ordering::Relaxed);
        }
    }

    /// Whether the record is still the task's, which may have ended in this poll.
    #[inline]
    fn slot(&self) -> Option<&'static Slot> {
        // Relaxed: this thread would have closed it.
        let is_there = self.page.number.load(Ordering::Relaxed) == self.here.page;
        self.slot.filter(|_| is_there)
    }

    /// Whether somebody noted that the task is asked to end, and it is still there.
    #[inline]
    pub fn is_asked(&self) -> bool {
        self.page.is_asked() && self.slot().is_some()
    }

    /// Notes that the poll is on this thread, for a task whose loop does not say it: a job of a pool.
    #[cold]
    pub fn note_thread(&self) {
        if let Some(slot) = self.slot() {
            // Relaxed: a number by itself. It is none where the system has no such numbers.
            let thread = u32::try_from(OsThread::current().tid).unwrap_or(0);
            slot.thread.store(thread, Ordering::Relaxed);
        }
    }

    /// Adds to the time that the task's polls took.
    #[inline]
    pub fn add_busy(&self, nanos: u64) {
        if let Some(slot) = self.slot() {
            // Relaxed, load and store: one poll of a task at a time.
            slot.busy.store(slot.busy.load(Ordering::Relaxed) + nanos, Ordering::Relaxed);
        }
    }
}

impl Drop for PolledPage<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        if let Some(slot) = self.slot() {
            slot.count_half_poll();
        }
    }
}

#[cold]
fn forget_name_of(slot: &Slot) {
    if let Some(content) = slot.read() {
        names::forget_name(content.task);
    }
}

#[cold]
fn forget_asked_of(slot: &Slot) {
    if let Some(content) = slot.read() {
        asked::forget(content.task);
    }
}

fn wait_of(content: &Content) -> Option<Wait> {
    Some(Wait {
        kind: code::wait_kind(content.code)?,
        object: content.object as usize,
        owner: Some(content.owner).filter(|&owner| owner != 0),
        place: content.place?,
    })
}

impl Drop for TaskPage {
    fn drop(&mut self) {
        // Relaxed, in place of a borrow that loom's atomics lend otherwise: whoever drops it is alone with it.
        if self.number.load(Ordering::Relaxed) != 0 {
            self.close();
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::book::{NodeKind, task};
    use crate::wait::WaitKind;

    /// A page of a task that no other test has.
    fn page(id: u64) -> TaskPage {
        let place = Location::caller();
        TaskPage::new(&TaskBirth {
            id,
            parent: 3,
            place,
            type_name: "future",
            home: 9,
            late: false,
        })
    }

    fn wait(kind: WaitKind) -> Wait {
        Wait { kind, object: 5, owner: None, place: Location::caller() }
    }

    #[test]
    fn a_page_tells_of_polls_and_of_waits_between_them() {
        const ID: u64 = 900_001;
        let page = page(ID);
        for polls in 1..=3 {
            let poll = page.enter(ID);
            assert_eq!(page.polled(ID).0, polls, "one that is under way counts");
            assert_eq!(task(ID).unwrap().waits.len(), 0, "what stood is over");
            poll.set_wait(Some(&wait(WaitKind::Event)));
            poll.add_busy(10);
            drop(poll);
            let seen = task(ID).unwrap();
            assert_eq!((seen.polls, seen.busy_nanos, seen.parent), (polls, 10 * polls, Some(3)));
            assert_eq!(seen.waits[0].kind, NodeKind::Wait(WaitKind::Event));
            assert_eq!(page.wait(ID).map(|wait| wait.kind), Some(WaitKind::Event));
        }
        page.enter(ID).set_wait(None);
        assert_eq!(page.wait(ID), None);
    }

    #[test]
    fn a_poll_that_says_its_thread_is_on_it_until_it_ends() {
        const ID: u64 = 900_005;
        let page = page(ID);
        let poll = page.enter(ID);
        assert_eq!(task(ID).unwrap().thread, None);
        poll.note_thread();
        let here = u32::try_from(OsThread::current().tid).ok().filter(|&tid| tid != 0);
        assert_eq!(task(ID).unwrap().thread, here);
        drop(poll);
        assert_eq!(task(ID).unwrap().thread, None);
    }

    #[test]
    fn who_is_asked_to_end_is_known_until_then() {
        const ID: u64 = 900_004;
        let is_known = || asked::asked_to_end().iter().any(|&(id, _)| id == ID);
        let page = page(ID);
        assert!(!page.is_asked() && !is_known());
        page.note_asked(ID);
        assert!(page.is_asked() && is_known());
        page.forget_asked(ID);
        assert!(!page.is_asked() && !is_known());
        page.note_asked(ID);
        page.close();
        assert!(!is_known());
        page.note_asked(ID);
        assert!(!is_known(), "too late");
    }

    #[test]
    fn a_page_goes_with_its_task_and_takes_the_name_along() {
        const ID: u64 = 900_002;
        let page = page(ID);
        page.set_name(ID, "named");
        assert_eq!(task(ID).unwrap().name.as_deref(), Some("named"));
        let poll = page.enter(ID);
        page.close();
        assert!(task(ID).is_none() && names::name(ID).is_none());
        // Somebody else's by now, perhaps.
        let other = super::tests::page(900_003);
        drop(poll);
        assert_eq!(other.polled(900_003).0, 0);
        page.set_name(ID, "too late");
        assert!(names::name(ID).is_none());
    }
}
