//! The small pieces every mechanism of corio needs. Std only, no thread of its own until somebody
//! outside a corio loop asks for one ([`fallback`]).
//!
//! | module | what it is | unsafe |
//! |---|---|---|
//! | [`loom`] | std or loom: atomics, cells, threads | yes |
//! | [`clock`] | the one file that reads the OS clock, and its virtual override | |
//! | [`thread`] | which thread is this, and values that belong to one | yes |
//! | [`waker_cell`] | a slot for one waker, shared by threads | yes |
//! | [`list`] | a linked list through pinned nodes | yes |
//! | [`wake_batch`] | wakers collected under a lock, woken outside it | |
//! | [`park`] | the contract between a loop and what it waits on | |
//! | [`ambient`] | which loop this thread works for, and what belongs to it | |
//! | [`current`] | what this thread polls at the moment | |
//! | [`budget`] | how often one leaf may be ready within one poll | |
//! | [`counts`] | numbers that one thread counts and any thread reads | |
//! | [`busy`] | how long a loop was at work | |
//! | [`quiet`] | dropping what may panic, where nobody could be told | |
//! | `tokio_io` | tokio's I/O traits for types that have those of `futures_io`: macros | |
//! | [`fallback`] | the one thread that drives timers and descriptors without a loop | |
//!
//! Nothing here knows tasks, queues, timers or descriptors.

#![deny(unsafe_code)]

pub mod loom;

pub mod clock;
pub mod thread;

pub mod list;
pub mod wake_batch;
pub mod waker_cell;

pub mod ambient;
pub mod budget;
pub mod busy;
pub mod counts;
pub mod current;
pub mod fallback;
pub mod park;
pub mod quiet;

mod tokio_io;

pub use clock::Time;
pub use park::{Park, Parked, Unpark, Unparker, Wait};
pub use thread::{ThreadBound, ThreadToken};
pub use wake_batch::WakeBatch;
pub use waker_cell::WakerCell;
