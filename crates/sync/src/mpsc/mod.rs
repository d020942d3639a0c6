//! A channel from many to one.
//!
//! ```
//! use corio_sync::mpsc;
//!
//! # corio_base::park::block_on(async {
//! let (sender, mut receiver) = mpsc::channel(8);
//! let other = sender.clone();
//! sender.send(1).await?;
//! other.send(2).await?;
//! drop((sender, other));
//! assert_eq!(receiver.recv().await, Some(1));
//! assert_eq!(receiver.recv().await, Some(2));
//! assert_eq!(receiver.recv().await, None);
//! # Ok::<(), mpsc::SendError<i32>>(())
//! # }).unwrap();
//! ```
//!
//! It is the [many-to-many channel](crate::channel) with one receiver, who is a
//! [`Stream`](futures_core::Stream). An idle channel has no buffer: it comes with the first message.

mod bounded;
mod receiver;
mod unbounded;

pub use crate::channel::{
    Closing, Permit, Reserving, SendError, Sending, TryRecvError, TrySendError,
};
pub use bounded::{OwnedPermit, Sender, WeakSender, channel};
pub use receiver::{Receiver, Recv, RecvMany, UnboundedReceiver};
pub use unbounded::{UnboundedSender, WeakUnboundedSender, unbounded_channel};
