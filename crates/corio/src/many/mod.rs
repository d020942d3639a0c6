//! Waiting for many tasks, or futures, at once.
//!
//! | | takes | a cancel of the awaiter |
//! |---|---|---|
//! | [`gather`], [`try_gather`] | handles, of one type or as a tuple | goes to all of them; waits for all |
//! | [`wait`] | handles, which stay the caller's | leaves them running |
//! | [`as_completed`] | handles, given back as they end | leaves them running |
//! | [`shield`] | one handle | leaves it running |
//! | [`staggered_race`] | futures, begun one after the other | ends them where they wait |

mod arrivals;
mod as_completed;
mod crowd;
mod gather;
mod member;
mod mode;
mod shield;
mod staggered;
mod wait;

pub(crate) use arrivals::Arrivals;
pub use as_completed::{AsCompleted, AsCompletedWithin, as_completed};
pub use crowd::{Crowd, IntoCrowd, TryCrowd};
pub use gather::{Gather, gather, try_gather};
pub use member::{AnyMember, Member};
pub use mode::{Everything, Mode, Tried, TryGatherError, Values};
pub use shield::{Shield, Shieldable, shield};
pub use staggered::{Raced, StaggeredRace, staggered_race};
pub use wait::{EmptyWait, Wait, wait};
