//! A channel from many to many in which every receiver gets every value.
//!
//! ```
//! use corio_sync::broadcast;
//!
//! # corio_base::park::block_on(async {
//! let (sender, mut one) = broadcast::channel(2);
//! let mut other = sender.subscribe();
//! sender.send("news").unwrap();
//! assert_eq!(one.recv().await, Ok("news"));
//! assert_eq!(other.recv().await, Ok("news"));
//!
//! for number in ["1", "2", "3"] {
//!     sender.send(number).unwrap();
//! }
//! assert_eq!(one.recv().await, Err(broadcast::RecvError::Lagged(1)));
//! assert_eq!(one.recv().await, Ok("2"));
//! # });
//! ```
//!
//! The channel holds the last values, up to its capacity. Sending never waits: a receiver that is too
//! slow loses the oldest ones and is told how many. Whoever waits is handed the value itself, without
//! the lock. A value is dropped when all have it.

mod error;
mod receiver;
mod sender;
mod shared;

pub use error::{RecvError, SendError, TryRecvError};
pub use receiver::{Receiver, Receiving};
pub use sender::{Closing, Sender};

use corio_base::loom::sync::Arc;

/// A channel that holds the last `capacity` values.
///
/// # Panics
/// If `capacity` is 0.
#[track_caller]
#[must_use]
pub fn channel<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    assert!(
        capacity > 0,
        "a broadcast channel needs room for a value; use a capacity of 1 or more"
    );
    let shared = Arc::new(shared::new(capacity));
    (Sender::new(shared.clone()), Receiver::new(shared, 0))
}
