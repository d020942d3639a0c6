//! A channel that holds one value, the latest; receivers see that it changed.
//!
//! ```
//! use corio_sync::watch;
//!
//! # corio_base::park::block_on(async {
//! let (sender, mut receiver) = watch::channel("starting");
//! assert_eq!(*receiver.borrow(), "starting");
//! sender.send("running").unwrap();
//! receiver.changed().await?;
//! assert_eq!(*receiver.borrow_and_update(), "running");
//! drop(sender);
//! assert!(receiver.changed().await.is_err());
//! # Ok::<(), watch::RecvError>(())
//! # }).unwrap();
//! ```
//!
//! A receiver that is slow misses values in between, never the last one. **Beware**: what `borrow`
//! returns is a read lock. Drop it before an `await`, and before sending to the same channel, which
//! would wait for it for ever.

mod error;
mod receiver;
mod sender;
mod shared;

pub use error::{RecvError, SendError};
pub use receiver::{Changed, Receiver};
pub use sender::{Closing, Sender};
pub use shared::Ref;

use corio_base::loom::sync::Arc;

/// A channel that holds `value`.
#[must_use]
pub fn channel<T>(value: T) -> (Sender<T>, Receiver<T>) {
    let shared = Arc::new(shared::Shared::new(value));
    let seen = shared.version().number();
    (Sender::new(shared.clone()), Receiver::new(shared, seen))
}
