//! What the home knows of a bound task: one byte that only the home's thread touches.
//!
//! ```text
//!            1 schedule           2 start                4 finish
//!   idle ───────────────▶ SCHEDULED ─────▶ RUNNING ─────────────────▶ DONE
//!    ▲                                      │   │
//!    └───────────────3 pause────────────────┘   └ 1 schedule: SCHEDULED|RUNNING, queued at once
//!
//!   DONE|SCHEDULED: woken in its last poll; the queue still holds it, unqueue (5) ends that.
//!   abort (6) sets ABORTED and schedules; the next start says Cancel.
//!   begin_cancel (7) sets RUNNING for the drop of a future that is not polled again.
//!   ask (8) sets ASKED and schedules; start then says Pass, until answered (9).
//!   pause fails where a request came during the poll; stop (10) ends the passes that follow.
//! ```
//!
//! RUNNING says that somebody is at the future, polling or dropping it. Code that a poll or a
//! destructor calls may come here again by turning the loop; start then says Busy, and the entry goes
//! back to the queue.
//!
//! A queue entry exists exactly while SCHEDULED is set: a task is queued at the moment it is woken,
//! also during its own poll, so the queue is in the order of the wakes.
#![expect(unsafe_code, reason = "every caller is on the home's thread")]

use crate::local::Local;

const SCHEDULED: u8 = 1;
const RUNNING: u8 = 1 << 1;
const DONE: u8 = 1 << 2;
const ABORTED: u8 = 1 << 3;
/// The join handle exists; the output is for it.
const HANDLE: u8 = 1 << 4;
/// The home has settled the task's references.
const SETTLED: u8 = 1 << 5;
/// It was polled before: its body has begun.
const BEGUN: u8 = 1 << 6;
/// Requests to unwind are under way in the task: its polls are passes of [`crate::scope`]. The highest
/// bit, because `pause` learns of that one for nothing.
const ASKED: u8 = 1 << 7;

/// What a runner must do with the task it took from the queue.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Start {
    Poll,
    /// Poll it as a pass: there are requests. Says whether its body has begun.
    Pass {
        begun: bool,
    },
    Cancel,
    /// It ended before: only the entry goes.
    Skip,
    /// It is being polled or dropped further up the stack: queue it again.
    Busy,
}

/// The operations on the byte.
pub(crate) struct Flags<'a>(&'a Local<u8>);

impl<'a> Flags<'a> {
    /// Queued, with a handle.
    pub(crate) const INITIAL: u8 = SCHEDULED | HANDLE;
    /// Being polled for the first time, without having been queued, with a handle.
    pub(crate) const RUNNING_ROOT: u8 = RUNNING | BEGUN | HANDLE;

    /// Of a call: queued, without a handle; ASKED, so that it is told from a task where that costs a
    /// task nothing.
    pub(crate) const CALL: u8 = SCHEDULED | ASKED;

    /// # Safety
    /// The calling thread is the home's, or the task is not shared yet.
    #[inline(always)]
    pub(crate) unsafe fn new(flags: &'a Local<u8>) -> Self {
        Flags(flags)
    }

    #[inline(always)]
    fn get(&self) -> u8 {
        // SAFETY: the claim of `new`.
        unsafe { self.0.get() }
    }

    #[inline(always)]
    fn set(&self, flags: u8) {
        // SAFETY: the claim of `new`.
        unsafe { self.0.set(flags) }
    }

    /// Edge 1. `true`: put it in the queue.
    #[inline(always)]
    #[must_use]
    pub(crate) fn schedule(&self) -> bool {
        let flags = self.get();
        if flags & (SCHEDULED | DONE) != 0 {
            return false;
        }
        self.set(flags | SCHEDULED);
        true
    }

    /// Edge 2, by the one who took it from the queue.
    #[inline(always)]
    pub(crate) fn start(&self) -> Start {
        let flags = self.get();
        debug_assert!(flags & SCHEDULED != 0, "polled without having been queued");
        if flags & (DONE | ABORTED | RUNNING | ASKED) != 0 {
            return self.start_otherwise();
        }
        self.set(flags & !SCHEDULED | RUNNING | BEGUN);
        Start::Poll
    }

    /// Edge 2, for a task that is not just to be polled.
    #[cold]
    fn start_otherwise(&self) -> Start {
        let flags = self.get();
        if flags & RUNNING != 0 {
            return Start::Busy;
        }
        if flags & (DONE | ABORTED) == 0 {
            self.set(flags & !SCHEDULED | RUNNING | BEGUN);
            return Start::Pass { begun: flags & BEGUN != 0 };
        }
        self.set(flags & !SCHEDULED);
        if flags & DONE != 0 { Start::Skip } else { Start::Cancel }
    }

    /// Edge 7, with the future there and nobody at it.
    pub(crate) fn begin_cancel(&self) {
        let flags = self.get();
        debug_assert!(
            flags & (RUNNING | DONE) == 0,
            "cancelled while it is polled, or after its end"
        );
        self.set(flags | RUNNING);
    }

    /// Edge 3. `false`: a request came meanwhile, it goes on as a pass, and RUNNING stays set.
    #[inline(always)]
    #[must_use]
    pub(crate) fn pause(&self) -> bool {
        let flags = self.get();
        if flags & ASKED != 0 {
            return false;
        }
        self.set(flags & !RUNNING);
        true
    }

    /// Edge 10: as edge 3, whether there are requests or not.
    pub(crate) fn stop(&self) {
        self.set(self.get() & !RUNNING);
    }

    /// Edge 8: a request came. `true`: put it in the queue; one that is being polled sees it when the
    /// poll ends.
    #[must_use]
    pub(crate) fn ask(&self) -> bool {
        self.set(self.get() | ASKED);
        !self.is_running() && self.schedule()
    }

    /// Edge 9: no request is left.
    pub(crate) fn answered(&self) {
        self.set(self.get() & !ASKED);
    }

    /// It is about to be polled, and wakes from now on are served by that. `false`: it is queued already.
    #[must_use]
    pub(crate) fn begin_serving(&self) -> bool {
        // SCHEDULED without an entry: a wake puts nothing in the queue.
        self.schedule()
    }

    /// Wakes from now on are for a later poll. `true`: put it in the queue, it was aborted meanwhile.
    #[must_use]
    pub(crate) fn end_serving(&self) -> bool {
        self.set(self.get() & !SCHEDULED);
        self.get() & ABORTED != 0 && self.schedule()
    }

    /// Edge 4. `true`: the handle is gone, drop the output.
    #[inline(always)]
    #[must_use]
    pub(crate) fn finish(&self) -> bool {
        let flags = self.get();
        debug_assert!(flags & DONE == 0, "finished twice");
        self.set(flags & !RUNNING | DONE);
        flags & HANDLE == 0
    }

    /// Edge 5: an entry was taken from the queue without being run.
    pub(crate) fn unqueue(&self) {
        self.set(self.get() & !SCHEDULED);
    }

    /// Edge 6. `true`: put it in the queue.
    #[must_use]
    pub(crate) fn abort(&self) -> bool {
        self.set(self.get() | ABORTED);
        self.schedule()
    }

    pub(crate) fn drop_handle(&self) {
        self.set(self.get() & !HANDLE);
    }

    pub(crate) fn settle(&self) {
        self.set(self.get() | SETTLED);
    }

    #[inline(always)]
    pub(crate) fn is_queued(&self) -> bool {
        self.get() & SCHEDULED != 0
    }

    pub(crate) fn is_running(&self) -> bool {
        self.get() & RUNNING != 0
    }

    #[inline(always)]
    pub(crate) fn is_done(&self) -> bool {
        self.get() & DONE != 0
    }

    pub(crate) fn has_handle(&self) -> bool {
        self.get() & HANDLE != 0
    }

    #[inline(always)]
    pub(crate) fn is_settled(&self) -> bool {
        self.get() & SETTLED != 0
    }
}
