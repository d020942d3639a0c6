//! Readiness of file descriptors as futures, usable in any executor.
//!
//! A descriptor is given to [`Io`], which registers it once, edge-triggered, with a [`Reactor`]: at once
//! ([`Io::new`]), or by its first use (`Io::from`). The
//! reactor is what a loop waits on (it is a [`Park`](corio_base::Park)): each turn is one system
//! call, and what it finds becomes wakers to be woken. Without a corio loop, inside tokio or smol,
//! the fallback thread of `corio-base` drives one reactor for the whole process.
//!
//! | module | what it is | unsafe |
//! |---|---|---|
//! | `process` | which process this is: the original, or a copy that foreign code has forked off | yes |
//! | `ready` | what a descriptor may be ready for | |
//! | `state` | the readiness word of one descriptor, with its race told | |
//! | `waiter_id` | tells the waiters of one descriptor apart | |
//! | `waiters` | who waits for one descriptor | |
//! | `source` | one registered descriptor: its word, its waiters, its budgets | |
//! | `edges` | what the owner of a list knows of one descriptor | |
//! | `watch_lists` | which watched descriptors are ready | |
//! | `registry` | which key is which descriptor; old keys find nobody | |
//! | `unpark_state` | the word that makes many unparks one system call | |
//! | `driver` | the two systems below: epoll of our own, and `polling` | yes |
//! | `reactor` | the reactor of one loop, and its handle | |
//! | [`current`] | the reactor this thread registers with | |
//! | `owns_fd` | the promise a descriptor's owner makes | yes |
//! | `slot` | a place that is filled once, by the first who needs it | yes |
//! | `first_use` | why the first use of a descriptor could not register it | |
//! | `registration` | a descriptor's place in a reactor, given up when dropped | yes |
//! | `io` | [`Io`], the public face | yes |
//! | `traits` | `futures_io` for [`Io`] | |
//! | `waiter` | one waiter of an [`Io`], for whoever writes futures | |
//! | `wait` | the futures of [`Io`] | |
//! | `watch` | [`WatchList`]: many descriptors for one owner, who tries them itself | |
//!
//! Nothing here knows tasks or timers, and nothing here reads or writes bytes by itself.
//!
//! ```
//! use corio_reactor::Io;
//! use std::io::{Read, Write};
//! use std::os::unix::net::UnixStream;
//!
//! # fn main() -> std::io::Result<()> {
//! let (ours, mut theirs) = UnixStream::pair()?;
//! let ours = Io::new(ours)?;
//! theirs.write_all(b"hello")?;
//! let mut buffer = [0; 16];
//! let n = corio_base::park::block_on(ours.read_with(|mut socket| socket.read(&mut buffer)))?;
//! assert_eq!(&buffer[..n], b"hello");
//! # Ok(())
//! # }
//! ```
#![deny(unsafe_code)]

mod process;
mod ready;

mod edges;
mod registry;
mod source;
mod state;
mod unpark_state;
mod waiter_id;
mod waiters;
mod watch_lists;

mod driver;
mod reactor;

pub mod current;

mod first_use;
mod slot;

mod io;
mod level;
mod owns_fd;
mod registration;
mod traits;
mod wait;
mod waiter;
mod watch;

pub use driver::DriverKind;
pub use edges::{Edges, Told};
pub use io::{After, Io};
pub use owns_fd::OwnsFd;
pub use process::Process;
pub use reactor::{Reactor, ReactorHandle};
pub use ready::{Direction, Ready};
pub use wait::{ReadyFuture, With};
pub use waiter::{ActionWaiter, Waiter};
pub use watch::{Tried, WatchList};

/// The pieces that the loom models drive.
#[doc(hidden)]
pub mod model {
    pub use crate::slot::Slot;
    pub use crate::source::Waitable;
    pub use crate::state::{Cleared, Drained, ReadyState, Snapshot};
    pub use crate::unpark_state::{ToDo, UnparkState};
    pub use crate::waiter_id::WaiterId;
    pub use crate::watch_lists::{Owner, Watch, WatchLists};
}
