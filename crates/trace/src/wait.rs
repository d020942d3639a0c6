//! What the task being polled waits for: the record that a leaf leaves when it returns `Pending`.
//!
//! ```text
//!   leaf's poll ── record ──▶ the thread's slot ── take_last_wait ──▶ executor, after the poll
//! ```
//!
//! A leaf (a sleep, a socket, a join handle) writes the slot of its thread just before it returns
//! `Pending`; the executor empties the slot after each poll. A task that waits for several things
//! at once shows the last of them. With the switch off nothing is written.
//!
//! This is for leaves that have nowhere to keep a token, such as poll forms. A future that waits keeps a
//! [`crate::book::Leaf`] instead, and is shown beside all others.

use std::cell::Cell;
use std::fmt;
use std::panic::Location;

use crate::book::{Link, here};

/// What was recorded last; nothing while there is no place.
///
/// A cell for each field: what was stored in pieces a moment ago, and is loaded in one, waits for the store.
#[derive(Debug)]
struct Last {
    place: Cell<Option<&'static Location<'static>>>,
    kind: Cell<WaitKind>,
    object: Cell<usize>,
    owner: Cell<u64>,
    /// The frame that it waits in.
    under: Cell<Link>,
}

std::thread_local! {
    static LAST: Last = const {
        Last {
            place: Cell::new(None),
            kind: Cell::new(WaitKind::Yield),
            object: Cell::new(0),
            owner: Cell::new(0),
            under: Cell::new(Link::NONE),
        }
    };
}

/// What kind of thing is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum WaitKind {
    /// A moment.
    Sleep,
    /// A descriptor from which something can be read.
    Readable,
    /// A descriptor to which something can be written.
    Writable,
    /// The end of another task.
    Join,
    /// A lock that somebody holds.
    Lock,
    /// A permit of a semaphore.
    Semaphore,
    /// Something that somebody has to set or tell: an event, a notification, a cell's value.
    Event,
    /// A condition's notification.
    Condition,
    /// The other parties of a barrier.
    Barrier,
    /// A place or an item in a queue. Whoever has the queue may end such a wait, so it is never up to a task that
    /// is known beforehand, and no edge of the wait-for graph.
    Queue,
    /// A place or a message in a channel, which has no owner either.
    Channel,
    /// A signal of the operating system.
    Signal,
    /// The end of a child process.
    Process,
    /// The next turn of the loop.
    Yield,
    /// The end of a job on another thread.
    Blocking,
    /// The tasks of a group.
    Group,
}

impl WaitKind {
    pub(crate) const ALL: &[WaitKind] = &[
        WaitKind::Sleep,
        WaitKind::Readable,
        WaitKind::Writable,
        WaitKind::Join,
        WaitKind::Lock,
        WaitKind::Semaphore,
        WaitKind::Event,
        WaitKind::Condition,
        WaitKind::Barrier,
        WaitKind::Queue,
        WaitKind::Channel,
        WaitKind::Signal,
        WaitKind::Process,
        WaitKind::Yield,
        WaitKind::Blocking,
        WaitKind::Group,
    ];
}

impl fmt::Display for WaitKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            WaitKind::Sleep => "sleep",
            WaitKind::Readable => "readable",
            WaitKind::Writable => "writable",
            WaitKind::Join => "join",
            WaitKind::Lock => "lock",
            WaitKind::Semaphore => "semaphore",
            WaitKind::Event => "event",
            WaitKind::Condition => "condition",
            WaitKind::Barrier => "barrier",
            WaitKind::Queue => "queue",
            WaitKind::Channel => "channel",
            WaitKind::Signal => "signal",
            WaitKind::Process => "process",
            WaitKind::Yield => "yield",
            WaitKind::Blocking => "blocking",
            WaitKind::Group => "group",
        })
    }
}

/// One wait: of what kind, on which object, who can end it, and where in the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// What kind of thing is waited for.
    pub kind: WaitKind,
    /// Which one: an address, a descriptor's number or a task's id, as the kind has it.
    pub object: usize,
    /// The task that can end the wait, where that is known: the holder of a lock, a joined task.
    pub owner: Option<u64>,
    /// Where in the program the waiting future was made.
    pub place: &'static Location<'static>,
}

/// Leaves `wait` as what the task being polled on this thread waits for; does nothing while the
/// switch is off.
///
/// ```
/// use corio_trace::{Wait, WaitKind, record, set_enabled, take_last_wait};
///
/// set_enabled(true);
/// let place = std::panic::Location::caller();
/// record(&Wait { kind: WaitKind::Join, object: 7, owner: Some(7), place });
/// assert_eq!(take_last_wait().map(|wait| wait.kind), Some(WaitKind::Join));
/// assert_eq!(take_last_wait(), None);
/// ```
#[inline]
pub fn record(wait: &Wait) {
    if crate::enabled() {
        // A thread that is being torn down has no slot any more, and no poll to speak of.
        let _ = LAST.try_with(|last| {
            last.place.set(Some(wait.place));
            last.kind.set(wait.kind);
            last.object.set(wait.object);
            // No task has the number 0.
            last.owner.set(wait.owner.unwrap_or(0));
            last.under.set(here().under);
        });
    }
}

/// Takes what [`record`] left on this thread since the last call.
#[inline]
pub fn take_last_wait() -> Option<Wait> {
    LAST.try_with(|last| {
        let place = last.place.take()?;
        let (kind, object, owner) = (last.kind.get(), last.object.get(), last.owner.get());
        Some(Wait { kind, object, owner: Some(owner).filter(|&owner| owner != 0), place })
    })
    .unwrap_or(None)
}

/// The frame that the wait which was recorded last on this thread is in.
#[inline]
pub(crate) fn last_under() -> Link {
    LAST.try_with(|last| last.under.get()).unwrap_or(Link::NONE)
}

/// Drops what [`record`] left on this thread.
#[inline]
pub fn forget_last_wait() {
    let _ = LAST.try_with(|last| last.place.set(None));
}
