//! Several futures in one task: joined, raced, or started as children that may borrow.
//!
//! | | ends | the others are |
//! |---|---|---|
//! | [`join!`](crate::join!) | with all | – |
//! | [`try_join!`](crate::try_join!) | with all, or the first error | dropped |
//! | [`select!`](crate::select!) | with the first | dropped |
//! | [`scope`] | with its body and all its children | – |
//!
//! Futures of one task wait for one another where one computes; tasks ([`crate::spawn`]) do not. What is
//! dropped here is not asked to unwind: a [`catch`](crate::cancel::catch) in it does not come to its cleanup.
//! Where cleanup has to be awaited, there is [`TaskGroup`](crate::TaskGroup).

/// What the macros put around their futures.
#[doc(hidden)]
pub use corio_trace::disarm;

#[doc(hidden)]
pub mod fair;
#[doc(hidden)]
pub mod frame;
mod join;
#[doc(hidden)]
pub mod maybe_done;
mod scope;
mod select;

pub use corio_trace::disarm::Disarmed;
pub use scope::{InScope, Scope, ScopedHandle, scope};
