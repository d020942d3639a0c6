//! Scopes: where the unwinding of a cancelled task stops, and what it waits for.
//!
//! A request has a target, the task or a scope in it, and unwinds from the innermost scopes up to
//! there. Scopes are of three kinds: a [`Catch`] drops its body and yields a guard, a [`Target`]
//! absorbs its own requests, a [`Mask`] and a [`Hold`] make the unwinding wait.
//!
//! ```text
//!   Task::cancel, a target's deadline ──▶ request in the tree ──▶ the task is polled in passes
//!                                                                   │ each scope that waits asks the
//!                                                                   ▼ tree what it is to do
//!                          guard ◀── take ── catch: drops its body, is ready with the guard
//!                            │
//!                            └─ dropped or resumed: the scope around takes in its turn
//! ```
//!
//! | module | what it is |
//! |---|---|
//! | [`tree`] | the scopes of a task, as data |
//! | [`request`] | what requests do in the tree |
//! | [`held`] | what guards do in the tree |
//! | [`frame`] | the scopes that are being polled |
//! | [`site`] | a future's link to its node |
//! | [`pass`] | how a task with requests is polled |
//!
//! A task without requests pays a frame on the stack for each poll of a scope, and nothing where it
//! has none.

pub(crate) mod frame;
pub(crate) mod held;
pub(crate) mod pass;
pub(crate) mod reason;
pub(crate) mod request;
pub(crate) mod site;
pub(crate) mod tree;

mod catch;
mod counts;
mod hold;
mod mask;
mod target;

use std::sync::atomic::{AtomicU64, Ordering};

pub use catch::{Catch, catch};
pub use counts::Unwinding;
pub use hold::{Forward, Hold};
pub use mask::{Mask, mask};
pub use reason::Reason;
pub use target::{Target, Triggered};

/// A number that a request keeps wherever it is passed on to.
pub(crate) fn next_origin() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    // Relaxed: numbers only have to differ.
    NEXT.fetch_add(1, Ordering::Relaxed)
}
