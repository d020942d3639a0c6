//! The book: what every task of the process is, where it stands and what it waits for, written by whoever
//! owns the mechanism and readable by any thread at any moment, also while a loop is stuck.
//!
//! ```text
//!   poll of a task ── TaskPage::enter ──▶ the thread's place: this task
//!     poll of a scope or coroutine ── Frame::enter ──▶ the thread's place: this frame, under it
//!       poll of a leaf ── Leaf::wait ──▶ a record under that place
//!     a guard is made ── Held::take ──▶ a record of the task that has it
//!
//!   any thread ── snapshot() ──▶ tasks, each with its tree of frames and waits, and what it holds
//! ```
//!
//! A token ([`TaskPage`], [`Frame`], [`Leaf`], [`Held`]) is four bytes in the future or guard it speaks
//! for: the number of a slot in the [arena](self), or 0 while there is none. The records are never in the
//! future's own memory, so a reader needs nothing of it. Dropping the token takes the record away. With
//! the switch off a token stays 0 and costs one relaxed load where it would be written, and a comparison
//! with 0 where it is dropped.
//!
//! | file | what it is |
//! |---|---|
//! | `slot` | one record, written by one, read by all |
//! | `arena` | the slots, by number |
//! | `code` | the sorts of records |
//! | `here` | what is polled on this thread |
//! | `page` | the record of a task |
//! | `panicked` | where a panic went through |
//! | `token` | frames, waits and held things |
//! | `placed` | waits whose place and record share a word |
//! | `holders` | held things whose guards carry nothing |
//! | `asked` | when tasks were asked to end |
//! | `names` | names that tasks were given |
//! | `snapshot` | all of it, read |
//! | [`graph`] | who waits for whom, read off a snapshot |

#[cfg(not(loom))]
mod arena;
#[cfg(loom)]
#[path = "arena_model.rs"]
mod arena;

mod code;

pub mod graph;

mod here;

mod holders;

mod asked;

mod names;

mod page;

mod panicked;

mod placed;

mod slot;

mod snapshot;

mod token;

#[cfg(loom)]
pub mod model;

pub use asked::asked_to_end;
pub(crate) use asked::forget_all as forget_all_asked;
pub use code::FrameKind;
pub use here::{Entered, Here, current_task, here};
pub use holders::{HeldKey, forget, hold, let_go};
pub use names::{forget_name, set_name, task_label};
pub use page::{PolledPage, TaskBirth, TaskPage};
pub use panicked::{PanickedFrame, forget_panicked, take_panicked};
pub use placed::PlacedLeaf;
pub use snapshot::{
    HeldRecord, NodeKind, NodeRecord, Snapshot, TaskRecord, snapshot, task, unknown_wait,
};
pub use token::{Frame, GrantKey, Held, Leaf, LeafCell};

/// Tasks with this number or a higher one are a tool's, such as the inspector's, and none of the program's own:
/// nobody counts up to it.
pub const NUMBERS_APART: u64 = 1 << 62;

/// A reference to one use of a slot: its number and which use; 0 is none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Link(pub(crate) u64);

impl Link {
    pub(crate) const NONE: Link = Link(0);

    #[inline]
    pub(crate) fn new(number: u32, use_number: u32) -> Link {
        Link(u64::from(number) << 32 | u64::from(use_number))
    }

    pub(crate) fn number(self) -> u32 {
        (self.0 >> 32) as u32
    }

    pub(crate) fn use_number(self) -> u32 {
        self.0 as u32
    }
}
