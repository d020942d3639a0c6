//! The systems below: who tells that a descriptor is ready.
//!
//! A driver is two objects. Its [`Registrar`] is shared by all threads and takes descriptors in and
//! out; its [`Selector`] belongs to the loop and waits. They know keys and readiness, not sources
//! and wakers.
//!
//! | kind | systems | drained | timeouts |
//! |---|---|---|---|
//! | `epoll` | Linux | at a short read | `epoll_pwait2`, else as below |
//! | `epoll-timerfd` | Linux | at a short read | a timerfd: what kernels before 5.11 get |
//! | `polling` | all Unix | at `WouldBlock` | the `polling` crate's |
//! | `polling-oneshot` | all Unix | at `WouldBlock` | as above; armed for each wait |

#[cfg(target_os = "linux")]
mod epoll;
mod polling;

use std::fmt;
use std::io;
use std::os::fd::BorrowedFd;
use std::str::FromStr;
use std::sync::Arc;

use corio_base::Wait;
use rustix::io::Errno;

use crate::ready::Ready;
use crate::registry::{Delivery, Key};
use crate::state::Drained;

/// Takes descriptors in and out, from any thread.
///
/// An implementation MUST NOT run wakers, and MUST tell of everything that a descriptor is ready for
/// when it comes in as if it had become so just then.
pub(crate) trait Registrar: Send + Sync + fmt::Debug {
    /// Tells of `fd`, from now on, under `key`; fails through [`refused`].
    ///
    /// The caller deletes `fd` again before it is closed.
    fn add(&self, fd: BorrowedFd<'_>, key: Key) -> io::Result<()>;

    /// Tells once of what is in `interest`. Called before each wait where [`Registrar::arms`].
    fn arm(&self, fd: BorrowedFd<'_>, key: Key, interest: Ready) -> io::Result<()>;

    /// Whether each wait has to be armed.
    fn arms(&self) -> bool;

    /// Tells of `fd` no more, but for what is on its way.
    fn delete(&self, fd: BorrowedFd<'_>);

    /// When a descriptor counts as drained.
    fn drained(&self) -> Drained;

    /// Ends the wait that is under way, or else the next one.
    fn signal(&self);
}

/// Waits, on the loop's thread.
pub(crate) trait Selector: Send + fmt::Debug {
    /// Waits as `wait` says, in one system call; interrupted by a signal it has found nothing.
    fn select(&mut self, wait: Wait) -> io::Result<()>;

    /// Whether the last successful [`Selector::select`] found something that was not drained yet.
    fn has_found(&self) -> bool;

    /// Puts what it found into `delivery`, once.
    fn drain(&mut self, delivery: &mut Delivery<'_>);
}

/// The error of [`Registrar::add`], with the remedy where the kind of descriptor is to blame.
#[cold]
fn refused(error: io::Error) -> io::Error {
    match Errno::from_io_error(&error) {
        Some(Errno::PERM) => io::Error::new(
            io::ErrorKind::Unsupported,
            "the system does not wait for this kind of descriptor: a regular file or a directory is \
             always ready and blocks all the same; use a thread for it",
        ),
        _ => error,
    }
}

/// How many events one turn takes in at most; what is left comes first in the next turn. Beyond some
/// hundred events the price of one more system call (0.2 µs) is nothing per event, and 256 keep the
/// kernel's part and ours below some 40 µs, so that timers are not late for it.
const EVENTS_PER_TURN_MAX: usize = 256;

/// Which system tells a [`Reactor`](crate::Reactor) of readiness.
///
/// ```
/// use corio_reactor::DriverKind;
/// let kind: DriverKind = "polling".parse()?;
/// assert_eq!(kind, DriverKind::Polling);
/// assert!("iocp".parse::<DriverKind>().is_err());
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DriverKind {
    /// corio's own epoll driver: the default on Linux.
    Epoll,
    /// The same with timeouts through a timerfd, as on kernels that have no `epoll_pwait2`.
    EpollTimerfd,
    /// The `polling` crate: the default everywhere else.
    Polling,
    /// The same in one-shot mode, as on systems that know no edges.
    PollingOneshot,
}

impl DriverKind {
    /// The variable that chooses the driver of every reactor made by
    /// [`Reactor::new`](crate::Reactor::new).
    pub const VARIABLE: &'static str = "CORIO_DRIVER";

    /// All kinds that work on this system, the default first.
    pub const ALL: &'static [DriverKind] = if cfg!(target_os = "linux") {
        &[
            DriverKind::Epoll,
            DriverKind::EpollTimerfd,
            DriverKind::Polling,
            DriverKind::PollingOneshot,
        ]
    } else {
        &[DriverKind::Polling, DriverKind::PollingOneshot]
    };

    /// What the environment asks for, or else the system's default.
    ///
    /// # Errors
    /// `InvalidInput` if the variable names no driver of this system; the message says which there
    /// are.
    pub fn from_env() -> io::Result<DriverKind> {
        match std::env::var_os(Self::VARIABLE) {
            None => Ok(Self::ALL[0]),
            Some(value) => value.to_string_lossy().parse(),
        }
    }

    /// The kind's name, as the variable takes it.
    pub fn name(self) -> &'static str {
        match self {
            DriverKind::Epoll => "epoll",
            DriverKind::EpollTimerfd => "epoll-timerfd",
            DriverKind::Polling => "polling",
            DriverKind::PollingOneshot => "polling-oneshot",
        }
    }

    /// Opens a driver of this kind.
    pub(crate) fn open(self) -> io::Result<(Arc<dyn Registrar>, Box<dyn Selector>)> {
        match self {
            #[cfg(target_os = "linux")]
            DriverKind::Epoll => epoll::open(epoll::Precise::Pwait2),
            #[cfg(target_os = "linux")]
            DriverKind::EpollTimerfd => epoll::open(epoll::Precise::Timerfd),
            #[cfg(not(target_os = "linux"))]
            DriverKind::Epoll | DriverKind::EpollTimerfd => Err(no_such_driver(self.name())),
            DriverKind::Polling => polling::open(polling::Arming::Edge),
            DriverKind::PollingOneshot => polling::open(polling::Arming::Oneshot),
        }
    }
}

impl FromStr for DriverKind {
    type Err = io::Error;

    fn from_str(name: &str) -> io::Result<DriverKind> {
        let found = Self::ALL.iter().copied().find(|kind| kind.name() == name);
        found.ok_or_else(|| no_such_driver(name))
    }
}

#[cold]
fn no_such_driver(name: &str) -> io::Error {
    let names: Vec<&str> = DriverKind::ALL.iter().map(|kind| kind.name()).collect();
    let message = format!(
        "no driver is called {name:?} on this system: set {} to one of {}, or unset it",
        DriverKind::VARIABLE,
        names.join(", "),
    );
    io::Error::new(io::ErrorKind::InvalidInput, message)
}
