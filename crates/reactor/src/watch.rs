//! [`WatchList`]: one owner of many descriptors, who is told which of them are ready.
//!
//! Whoever waits with a waker has it stored, and taken out and woken, for each wait: two locks and a
//! waker's life a time. An owner of many descriptors who tries them itself, in a loop's turn, needs none
//! of that. It watches a descriptor once ([`Io::watch`]), for all its life; the reactor puts the numbers
//! of those that are ready into one list and wakes the owner once for all of them; the owner takes the
//! list ([`WatchList::take`]) and tries each ([`Io::try_watched`]).
//!
//! ```text
//!   reactor ── word set, listed ──▶ the owner's waker, once ──▶ take ──▶ try_watched, of each
//!                                                                 ▲            │ Pending: it
//!                                                                 └────────────┘ will be listed
//! ```
//!
//! The descriptor's word is the same, with its rules (`state`); the lists are in `watch_lists`. Waiters
//! beside a watch work as ever. Called by protocols and by an event loop's readers and writers.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use crate::io::{After, Io};
use crate::reactor::Shared;
use crate::ready::Direction;
use crate::source::{self, Source};
use crate::state::{Cleared, Snapshot};
use crate::watch_lists::{Owner, Watch};

/// What an attempt of [`Io::try_watched`] did, and what that says of the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tried<R> {
    /// Another attempt is worth making.
    MayGoOn(R),
    /// There is nothing more to be had, or no more room: the descriptor's list will tell.
    Last(R),
}

impl<R> Tried<R> {
    /// What it did.
    #[inline]
    pub fn output(self) -> R {
        match self {
            Tried::MayGoOn(output) | Tried::Last(output) => output,
        }
    }
}

/// The descriptors that one owner watches, and those of them that are ready.
///
/// They may be registered with any reactors. Dropped, it watches none of them any more.
///
/// ```
/// use corio_base::{Park, Wait};
/// use corio_reactor::{After, Direction, Io, Reactor, Tried, WatchList, current};
/// use std::io::{Read, Write};
/// use std::task::{Poll, Waker};
///
/// # fn main() -> std::io::Result<()> {
/// let mut reactor = Reactor::new()?;
/// let _installed = current::install(reactor.handle());
/// let (reader, mut writer) = std::io::pipe()?;
/// let reader = Io::new(reader)?;
/// let list = WatchList::new(Waker::noop().clone());
/// reader.watch(&list, 7)?;
///
/// writer.write_all(b"x")?;
/// reactor.park(Wait::Forever)?;
/// let mut ready = Vec::new();
/// list.take(&mut ready);
/// assert_eq!(ready, [7]);
/// let mut buffer = [0; 8];
/// let mut read = || {
///     reader.try_watched(Direction::Read, |mut pipe| {
///         let count = pipe.read(&mut buffer)?;
///         Ok((count, After::MaybeMore))
///     })
/// };
/// assert!(matches!(read(), Poll::Ready(Ok(Tried::MayGoOn(1)))));
/// assert!(read().is_pending());
/// # Ok(())
/// # }
/// ```
pub struct WatchList {
    owner: Arc<Owner>,
    /// One for each reactor; nearly always there is one.
    parts: Mutex<Vec<Part>>,
}

/// The list that a reactor keeps.
struct Part {
    shared: Arc<Shared>,
    number: u32,
}

impl WatchList {
    /// A list of nothing, whose `owner` is woken when something comes to stand in it.
    pub fn new(owner: Waker) -> WatchList {
        WatchList { owner: Arc::new(Owner(owner)), parts: Mutex::default() }
    }

    fn parts(&self) -> MutexGuard<'_, Vec<Part>> {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends the numbers of those that are ready to `tokens`. They leave the list: each is to be tried
    /// until it is `Pending`, and stands here again when it is worth another try.
    ///
    /// A number may be one that is watched no more: its descriptor was dropped meanwhile.
    pub fn take(&self, tokens: &mut Vec<u32>) {
        for part in &*self.parts() {
            part.shared.take_ready(part.number, tokens);
        }
    }

    /// Watches `source`.
    fn enter(&self, source: &Source, token: u32) -> io::Result<()> {
        let mut parts = self.parts();
        let of = |part: &&Part| Arc::ptr_eq(&part.shared, &source.shared);
        let number = match parts.iter().find(of) {
            Some(part) => part.number,
            None => {
                let shared = source.shared.clone();
                let number = shared.open_list(self.owner.clone());
                parts.push(Part { shared, number });
                number
            }
        };
        drop(parts);
        match source.shared.set_watch(source.key, Watch::new(number, token)) {
            true => Ok(()),
            false => Err(source::ended()),
        }
    }
}

impl Drop for WatchList {
    fn drop(&mut self) {
        let parts = self.parts.get_mut().unwrap_or_else(PoisonError::into_inner);
        for part in parts {
            part.shared.close_list(part.number);
        }
    }
}

impl fmt::Debug for WatchList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WatchList").finish_non_exhaustive()
    }
}

impl<T> Io<T> {
    /// Watches the descriptor: from now on each change of its readiness puts `token` into `list`. What it
    /// is ready for already does not: it is to be tried now. It is in one list at most, the last one.
    ///
    /// # Errors
    /// As those of a first use, and if the loop that the descriptor was registered with has ended.
    pub fn watch(&self, list: &WatchList, token: u32) -> io::Result<()> {
        list.enter(self.registration().source()?, token)
    }

    /// Watches the descriptor no more.
    pub fn unwatch(&self) {
        if let Some(source) = self.registration().source_if_registered() {
            source.shared.set_watch(source.key, Watch::NONE);
        }
    }

    /// Makes the attempt `op`, of a descriptor that is watched, if it is worth it. `Pending`, and
    /// [`Tried::Last`], say that the descriptor's list will tell when it is.
    ///
    /// `op` is called again after `Interrupted`. No budget is counted: the owner of a list that is ready
    /// all the time has to give way by itself.
    ///
    /// # Errors
    /// What `op` says, and an error that says so if the loop has ended.
    #[inline]
    pub fn try_watched<R>(
        &self,
        direction: Direction,
        mut op: impl FnMut(&T) -> io::Result<(R, After)>,
    ) -> Poll<io::Result<Tried<R>>> {
        let source = self.registration().source()?;
        let state = &source.waitable.state;
        loop {
            let seen = state.load();
            if !seen.is_worth_a_try(direction) {
                match self.wait_watched(source, direction) {
                    Poll::Ready(Ok(())) => continue,
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                    Poll::Pending => return Poll::Pending,
                }
            }
            match op(self.get_ref()) {
                Ok((output, After::MaybeMore)) => return Poll::Ready(Ok(Tried::MayGoOn(output))),
                Ok((output, After::Drained)) => {
                    return Poll::Ready(Ok(match state.clear_after_short(direction, seen) {
                        Cleared::Wait => Tried::Last(output),
                        Cleared::TryAgain => Tried::MayGoOn(output),
                    }));
                }
                Err(error) => failed(source, direction, seen, error)?,
            }
        }
    }

    /// Not ready, or never again. `Ready`: it has become so meanwhile.
    #[cold]
    fn wait_watched(&self, source: &Source, direction: Direction) -> Poll<io::Result<()>> {
        if !source.shared.arms() {
            let ended = source.waitable.state.load().is_shut_down();
            return if ended { Poll::Ready(Err(source::ended())) } else { Poll::Pending };
        }
        self.registration().poll_watched(source, direction).map_ok(|_| ())
    }
}

/// An attempt failed: `Ok` says to look again.
#[cold]
fn failed(
    source: &Source,
    direction: Direction,
    seen: Snapshot,
    error: io::Error,
) -> io::Result<()> {
    match error.kind() {
        io::ErrorKind::WouldBlock => {
            // Cleared, the next look says so; overtaken by an edge, it tries again.
            let _ = source.waitable.state.clear(direction, seen);
            Ok(())
        }
        io::ErrorKind::Interrupted => Ok(()),
        _ => Err(error),
    }
}
