//! Cancellation: code that is asked to unwind can catch that, clean up with `await`, and go on.
//!
//! The mechanism is `corio-task`'s; here it meets time. A request unwinds from where code waits up to
//! its target: the task ([`Task::cancel`](crate::task::Task::cancel)) or a scope in it. On the way it
//! stops at each [`catch`], and waits for each [`mask`].
//!
//! ```
//! use corio::cancel::{self, CancelScope};
//! use std::time::Duration;
//!
//! corio::run(async {
//!     let scope = CancelScope::new().with_timeout(Duration::from_millis(1));
//!     let stopped = scope
//!         .run(async {
//!             match cancel::catch(std::future::pending::<()>()).await {
//!                 Ok(()) => {}
//!                 Err(cancelled) => {
//!                     // Clean up here; it may await.
//!                     corio::yield_now().await;
//!                     cancelled.resume().await
//!                 }
//!             }
//!         })
//!         .await
//!         .unwrap_err();
//!     assert!(stopped.is_deadline());
//!     assert!(scope.cancelled_caught());
//! });
//! ```
//!
//! **A cleanup that must end within a limit** is [`clean_up`]: nothing disturbs it, and when its time
//! is over it is dropped.

mod clean_up;
mod handle;
mod node;
mod scope;
mod stopped;

pub use clean_up::clean_up;
pub use corio_task::{Cancelled, Catch, Mask, Reason, catch, mask};
pub use handle::{CancelHandle, WaitCancelled};
pub use scope::{CancelScope, Scoped};
pub use stopped::Stopped;

pub(crate) use node::{Node, Phase};
