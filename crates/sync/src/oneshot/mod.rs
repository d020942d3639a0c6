//! A channel for one value: the answer to one question.
//!
//! ```
//! use corio_sync::oneshot;
//!
//! # corio_base::park::block_on(async {
//! let (sender, receiver) = oneshot::channel();
//! sender.send(42).unwrap();
//! assert_eq!(receiver.await, Ok(42));
//!
//! let (sender, receiver) = oneshot::channel::<u32>();
//! drop(sender);
//! assert_eq!(receiver.await, Err(oneshot::RecvError));
//! # });
//! ```
//!
//! One block of memory, which the end that goes last leaves to the next channel of its thread. A
//! channel whose value is sent before it is awaited takes one compare-exchange in all, that of the
//! sender, and two if the receiver waited.

mod error;
mod pool;
mod receiver;
mod seat;
mod sender;
mod shared;

pub use error::{RecvError, TryRecvError};
pub use receiver::Receiver;
pub use sender::{Closing, Sender};

use std::panic::Location;

use shared::Shared;

/// A channel for one value.
#[track_caller]
#[inline]
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let shared = Shared::new(Location::caller());
    (Sender::new(shared), Receiver::new(shared))
}
