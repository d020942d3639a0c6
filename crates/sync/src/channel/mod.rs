//! A channel from many to many: each message goes to one of those who receive.
//!
//! ```
//! use corio_sync::channel;
//!
//! # corio_base::park::block_on(async {
//! let (sender, receiver) = channel::bounded(8);
//! let other = receiver.clone();
//! sender.send("one").await?;
//! sender.send("two").await?;
//! assert_eq!(receiver.recv().await, Ok("one"));
//! assert_eq!(other.recv().await, Ok("two"));
//! # Ok::<(), channel::SendError<&str>>(())
//! # }).unwrap();
//! ```
//!
//! Messages are taken in the order they were sent, and receivers are told in the order they came. A
//! message belongs to nobody until it is taken: a receiver that gives up loses none. For one
//! receiver only, [`mpsc`](crate::mpsc) says so in its types.

mod core;
mod ends;
mod error;
mod ration;
mod receiver;
mod ring;
mod sender;
mod wait;
mod words;

pub use error::{RecvError, SendError, TryRecvError, TrySendError};
pub use receiver::{Messages, Receiver, WeakReceiver};
pub use sender::{Sender, WeakSender};
pub use wait::{Closing, Permit, Receiving, Reserving, Sending};

pub(crate) use self::core::{Core, List};
pub(crate) use ends::{
    close, drop_receiver, drop_sender, is_closed, len, places, poll_recv, take_at_once, try_recv,
    try_send, upgrade_sender, wake,
};
pub(crate) use ration::Ration;
pub(crate) use receiver::describe;

use corio_base::loom::sync::Arc;

/// A channel that holds up to `capacity` messages; senders wait for places.
///
/// # Panics
/// If `capacity` is 0 or more than [`CAPACITY_MAX`].
#[track_caller]
#[must_use]
pub fn bounded<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    pair(Some(capacity))
}

/// A channel that holds as many messages as memory allows; nobody waits to send.
#[must_use]
pub fn unbounded<T>() -> (Sender<T>, Receiver<T>) {
    pair(None)
}

/// The greatest capacity of a bounded channel: twenty bits of its word count promised places.
pub const CAPACITY_MAX: usize = words::CAPACITY_MAX;

#[track_caller]
fn pair<T>(capacity: Option<usize>) -> (Sender<T>, Receiver<T>) {
    let list = Arc::new(Core::new(capacity));
    (Sender::new(list.clone()), Receiver::new(list))
}
