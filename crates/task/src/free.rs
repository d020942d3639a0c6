//! The state of a free task: one word for the life cycle, the join handle and the references.
//!
//! ```text
//!              1 wake               2 start_poll
//!    idle ─────────────▶ SCHEDULED ─────────────▶ RUNNING ──4 complete──▶ COMPLETE
//!     ▲                      ▲                    │     │
//!     └──────────3 end_poll──┼────────────────────┘     │
//!                            └──3 end_poll, woken meanwhile (SCHEDULED|RUNNING)
//!
//!    abort sets ABORTED and wakes; start_poll then says Cancel, and cancel completes (edge 4).
//!    ask sets ASKED and wakes; start_poll then says Pass, until answered.
//!
//!    SCHEDULED ──5 revoke──▶ SCHEDULED|RUNNING ──4 complete──▶ SCHEDULED|COMPLETE
//! ```
//!
//! A queue entry (a `FreeRunnable`) exists exactly while SCHEDULED is set and neither RUNNING nor
//! COMPLETE is. It needs no reference of its own: until COMPLETE the task holds one to itself, and
//! COMPLETE is reached only from RUNNING, when no entry exists. That is why a wake by reference
//! costs one read-modify-write, and one by value two.
//!
//! **The race** of a wake with the poll it should cause: a wake that finds SCHEDULED set submits
//! nothing. It is still a read-modify-write: if it comes before start_poll's, that one's Acquire
//! sees what the waker wrote; if after, it finds SCHEDULED clear and RUNNING set, and end_poll finds
//! SCHEDULED set again and queues the task once more.
//!
//! A job whose home has no turns may be revoked while it stands in the queue (edge 5): whoever asks
//! it to end has RUNNING and ends it, and its entry is left behind with the task's own reference. The
//! entry's turn finds RUNNING or COMPLETE (start_poll says Revoked) and gives that reference up. Both
//! edge 2 and edge 5 leave a word with neither, by one compare-and-exchange, so one of them is first.
//!
//! **The joiner's slot** belongs to the handle while JOINER is clear, and to whoever completes while
//! it is set. The handle sets and clears it only while COMPLETE is clear, in one step with that
//! check, so the completer, who sets COMPLETE, knows for good whose it is.

use corio_base::loom::sync::atomic::{AtomicU32, Ordering};

/// To be polled; in a queue, or, beside RUNNING, to be queued when the poll ends.
const SCHEDULED: u32 = 1;
/// Being polled, or being dropped.
const RUNNING: u32 = 1 << 1;
/// The output is stored, or was taken or dropped.
const COMPLETE: u32 = 1 << 2;
/// To be dropped instead of polled.
const ABORTED: u32 = 1 << 3;
/// The join handle exists; the output is for it.
const HANDLE: u32 = 1 << 4;
/// The joiner's slot holds a waker for whoever completes.
const JOINER: u32 = 1 << 5;
/// Requests to unwind are under way: its polls are passes of [`crate::scope`].
const ASKED: u32 = 1 << 6;
/// One reference.
const REF: u32 = 1 << 7;

/// What [`State::start_poll`] tells the runner to do.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Start {
    Poll,
    Pass,
    Cancel,
    /// It ends, or has ended, where it was asked to: give up the reference that was left.
    Revoked,
}

/// What [`State::asked`] finds.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    No,
    /// There was a request; the task's tree says whether it still stands.
    Perhaps,
    ByForce,
}

/// What [`State::complete`] tells the runner.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Completed {
    /// Nobody will take the output: drop it.
    pub(crate) drop_output: bool,
    /// The slot holds a waker: take it and wake.
    pub(crate) wake_joiner: bool,
}

/// What [`State::drop_handle`] tells the handle.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Detached {
    /// The task is complete: the output is the handle's to drop, unless it took it.
    DropOutput,
    /// The slot is the handle's: empty it.
    EmptySlot,
}

/// The operations on a free task's word.
pub(crate) struct State<'a>(pub(crate) &'a AtomicU32);

impl State<'_> {
    /// Scheduled, with a handle; one reference is the handle's, one the task's own.
    pub(crate) fn initial() -> u32 {
        SCHEDULED | HANDLE | (2 * REF)
    }

    /// Edge 1. `true`: submit the task to its home.
    #[must_use]
    pub(crate) fn wake(&self) -> bool {
        // AcqRel: see "The race". Release pairs with start_poll's and end_poll's Acquire.
        let before = self.0.fetch_or(SCHEDULED, Ordering::AcqRel);
        before & (SCHEDULED | RUNNING | COMPLETE) == 0
    }

    /// As [`State::wake`], and the task is to be dropped instead of polled.
    #[must_use]
    pub(crate) fn abort(&self) -> bool {
        // AcqRel: as in wake.
        let before = self.0.fetch_or(SCHEDULED | ABORTED, Ordering::AcqRel);
        before & (SCHEDULED | RUNNING | COMPLETE) == 0
    }

    /// As [`State::wake`], and the task's polls are passes until it has answered.
    #[must_use]
    pub(crate) fn ask(&self) -> bool {
        // AcqRel: as in wake.
        let before = self.0.fetch_or(SCHEDULED | ASKED, Ordering::AcqRel);
        before & (SCHEDULED | RUNNING | COMPLETE) == 0
    }

    /// No request is left; under the lock of the requests, so that one which comes is not forgotten:
    /// it either is seen there before this, or sets the bit again after it.
    pub(crate) fn answered(&self) {
        // Relaxed: the requests themselves are under a lock.
        self.0.fetch_and(!ASKED, Ordering::Relaxed);
    }

    /// Whether it is complete, by a read-modify-write: either the completer sees what the caller wrote
    /// before this, or the caller sees that it is complete.
    pub(crate) fn touch(&self) -> bool {
        // AcqRel: Release pairs with complete's Acquire, Acquire with its Release.
        self.0.fetch_or(0, Ordering::AcqRel) & COMPLETE != 0
    }

    /// Whether it was woken, asked by the one who polls it.
    pub(crate) fn is_scheduled(&self) -> bool {
        // Relaxed: a wake that is not seen here is seen by end_poll.
        self.0.load(Ordering::Relaxed) & SCHEDULED != 0
    }

    /// Whether it was asked to end: what whoever runs it looks at meanwhile.
    pub(crate) fn asked(&self) -> Asked {
        // Relaxed: what is not seen now is seen at the next look; requests are under a lock.
        match self.0.load(Ordering::Relaxed) & (ABORTED | ASKED) {
            0 => Asked::No,
            ASKED => Asked::Perhaps,
            _ => Asked::ByForce,
        }
    }

    /// Edge 2, by the one who holds the queue entry.
    pub(crate) fn start_poll(&self) -> Start {
        let start = |word| {
            assert!(word & SCHEDULED != 0, "polled without having been scheduled");
            (word & (RUNNING | COMPLETE) == 0).then_some(word ^ (SCHEDULED | RUNNING))
        };
        // AcqRel: Acquire pairs with wake's Release and with the last poll's end on another thread.
        let Ok(before) = self.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, start) else {
            return Start::Revoked;
        };
        match before & (ABORTED | ASKED) {
            0 => Start::Poll,
            ASKED => Start::Pass,
            _ => Start::Cancel,
        }
    }

    /// Edge 5, on any thread, for a task that was never polled and whose home has no turns. `true`: the
    /// future is the caller's to drop, who ends the task and leaves the task's own reference.
    #[must_use]
    pub(crate) fn revoke(&self) -> bool {
        let revoke =
            |word| (word & (SCHEDULED | RUNNING | COMPLETE) == SCHEDULED).then_some(word | RUNNING);
        // AcqRel: Acquire sees the future that the spawner stored; edge 2 is excluded from here on.
        self.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, revoke).is_ok()
    }

    /// By the one who polls it, right before a poll: that serves all wakes until now.
    pub(crate) fn served(&self) {
        // AcqRel: Acquire pairs with wake's Release, so the poll sees what the waker wrote.
        self.0.fetch_and(!SCHEDULED, Ordering::AcqRel);
    }

    /// Edge 3. `true`: woken meanwhile, queue it again.
    #[must_use]
    pub(crate) fn end_poll(&self) -> bool {
        // AcqRel: Release hands the future to the next poll; Acquire pairs with a wake that came
        // meanwhile.
        let before = self.0.fetch_and(!RUNNING, Ordering::AcqRel);
        assert!(before & RUNNING != 0, "a poll ended that had not begun");
        before & SCHEDULED != 0
    }

    /// Edge 4, with the output stored.
    pub(crate) fn complete(&self) -> Completed {
        // AcqRel: Release publishes the output to the handle; Acquire sees the joiner it stored.
        let before = self.0.fetch_xor(RUNNING | COMPLETE, Ordering::AcqRel);
        assert!(before & RUNNING != 0 && before & COMPLETE == 0, "completed twice");
        Completed { drop_output: before & HANDLE == 0, wake_joiner: before & JOINER != 0 }
    }

    /// Whether the output is stored (or was).
    pub(crate) fn is_complete(&self) -> bool {
        // Acquire: pairs with complete's Release; the output may be read.
        self.0.load(Ordering::Acquire) & COMPLETE != 0
    }

    /// Whether the slot is with the completer.
    pub(crate) fn has_joiner(&self) -> bool {
        // Relaxed: only the handle sets and clears the bit, and only the handle asks.
        self.0.load(Ordering::Relaxed) & JOINER != 0
    }

    /// Gives the filled slot to whoever completes. `false`: complete already, the slot stays.
    #[must_use]
    pub(crate) fn set_joiner(&self) -> bool {
        self.unless_complete(|word| word | JOINER)
    }

    /// Takes the slot back. `false`: complete already, the completer has it.
    #[must_use]
    pub(crate) fn clear_joiner(&self) -> bool {
        self.unless_complete(|word| word & !JOINER)
    }

    /// The handle goes; the reference it holds is given up apart.
    pub(crate) fn drop_handle(&self) -> Detached {
        if self.unless_complete(|word| word & !(HANDLE | JOINER)) {
            Detached::EmptySlot
        } else {
            Detached::DropOutput
        }
    }

    /// One reference more, made from one that the caller has.
    pub(crate) fn add_ref(&self) {
        // Relaxed: the caller's own reference keeps the task, nothing is published.
        let before = self.0.fetch_add(REF, Ordering::Relaxed);
        if before > u32::MAX / 2 {
            crate::overflow();
        }
    }

    /// One reference less. `true`: it was the last, free the task.
    #[must_use]
    pub(crate) fn release(&self) -> bool {
        // AcqRel: Release, what this thread did with the task comes before the freeing; Acquire,
        // the one who frees sees it all.
        self.0.fetch_sub(REF, Ordering::AcqRel) / REF == 1
    }

    fn unless_complete(&self, step: impl Fn(u32) -> u32) -> bool {
        let mut word = self.0.load(Ordering::Acquire);
        while word & COMPLETE == 0 {
            // AcqRel: Release publishes the slot to complete's Acquire; on failure Acquire pairs
            // with complete's Release, the output may be read.
            match self.0.compare_exchange_weak(
                word,
                step(word),
                Ordering::AcqRel,
                Ordering::Acquire,
            ) {
                Ok(_) => return true,
                Err(present) => word = present,
            }
        }
        false
    }
}
