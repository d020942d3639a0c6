//! [`WatchList`]: one owner of many descriptors, who is told which of them are ready.
//!
//! Whoever waits with a waker has it stored, and taken out and woken, for each wait: two locks and a
//! waker's life a time. An owner of many descriptors who tries them itself, in a loop's turn, needs none
//! of that. It watches a descriptor once ([`Io::watch`]), for all its life; the reactor puts the numbers
//! of those that are ready into one list, with what they are ready for, and wakes the owner once for all of
//! them; the owner takes the list ([`WatchList::take`]) and tries each ([`Io::try_watched`]).
//!
//! ```text
//!   reactor ── listed ──▶ the owner's waker, once ──▶ take ──▶ Edges::add, try_watched, of each
//!                                                       ▲                 │ Pending: it
//!                                                       └─────────────────┘ will be listed
//! ```
//!
//! What the owner knows of a descriptor it keeps by itself (`edges`), and the descriptor's word (`state`)
//! is told nothing. The first who waits beside the watch, with a waker, has it told as well
//! (`Registry::speak_up`): then it is as ever. The lists are in `watch_lists`. Called by protocols.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker, ready};

use crate::edges::{Edges, Told};
use crate::io::{After, Io};
use crate::reactor::Shared;
use crate::ready::Direction;
use crate::source::{self, Source};
use crate::state::Cleared;
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
/// let edges = reader.watch(&list, 7)?;
///
/// writer.write_all(b"x")?;
/// reactor.park(Wait::Forever)?;
/// let mut ready = Vec::new();
/// list.take(&mut ready);
/// let [(7, told)] = ready[..] else { panic!("one is ready") };
/// edges.add(told);
/// let mut buffer = [0; 8];
/// let mut read = || {
///     reader.try_watched(&edges, Direction::Read, |mut pipe| {
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

    /// Gives out the numbers of those that are ready, with what there is to know of each: after what is in
    /// `ready` already. They leave the list: each is to be tried until it is `Pending`, and stands here again
    /// when there is more to know.
    ///
    /// A number may be one that is watched no more: its descriptor was dropped meanwhile. If two descriptors
    /// have the same number, so may be what is told of them.
    pub fn take(&self, ready: &mut Vec<(u32, Told)>) {
        for part in &*self.parts() {
            part.shared.take_ready(part.number, ready);
        }
    }

    /// Watches `source`.
    fn enter(&self, source: &Source, token: u32) -> io::Result<Edges> {
        let shared = &source.shared;
        shared.refuse_copy()?;
        let mut parts = self.parts();
        let number = match parts.iter().find(|part| Arc::ptr_eq(&part.shared, shared)) {
            Some(part) => part.number,
            None => {
                let number = shared.open_list(self.owner.clone());
                parts.push(Part { shared: shared.clone(), number });
                number
            }
        };
        drop(parts);
        let watch = Watch::new(number, token);
        // Where each wait is armed, the word says for what.
        let watch = if shared.arms() { watch.loud() } else { watch };
        let ready = shared.set_watch(source.key, watch).ok_or_else(source::ended)?;
        Ok(Edges::new(ready, shared.drained(), shared.arms()))
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
    /// Watches the descriptor: from now on each change of its readiness puts `token` into `list`, with what
    /// it is. What it is known to be ready for already does not: it is to be tried now. It is in one list at
    /// most, the last one.
    ///
    /// What the list tells of it is to be [added](Edges::add) to what is returned here.
    ///
    /// # Errors
    /// As those of a first use, and if the loop that the descriptor was registered with has ended.
    pub fn watch(&self, list: &WatchList, token: u32) -> io::Result<Edges> {
        list.enter(self.registration().source()?, token)
    }

    /// Watches the descriptor no more.
    pub fn unwatch(&self) {
        if let Some(source) = self.registration().source_if_registered() {
            let _ = source.shared.set_watch(source.key, Watch::NONE);
        }
    }

    /// Makes the attempt `op`, of a descriptor that is watched, if it is worth it by what its owner was told.
    /// `Pending`, and [`Tried::Last`], say that the descriptor's list will tell when it is.
    ///
    /// `op` is called again after `Interrupted`. No budget is counted: the owner of a list that is ready
    /// all the time has to give way by itself.
    ///
    /// # Errors
    /// What `op` says, and an error that says so if the loop has ended.
    #[inline]
    pub fn try_watched<R>(
        &self,
        edges: &Edges,
        direction: Direction,
        mut op: impl FnMut(&T) -> io::Result<(R, After)>,
    ) -> Poll<io::Result<Tried<R>>> {
        let poll = edges.attempt(direction, || op(self.get_ref()));
        if poll.is_ready() {
            return poll;
        }
        self.try_by_word(edges, direction, op)
    }

    /// As [`Io::try_watched`], where the owner does not know more than the word: not ready, or never again, or
    /// each wait is armed.
    #[cold]
    fn try_by_word<R>(
        &self,
        edges: &Edges,
        direction: Direction,
        mut op: impl FnMut(&T) -> io::Result<(R, After)>,
    ) -> Poll<io::Result<Tried<R>>> {
        let source = self.registration().source()?;
        let state = &source.waitable.state;
        if !edges.is_by_word() {
            if state.load().is_shut_down() {
                return Poll::Ready(Err(source::ended()));
            }
            // That it has ended was told of another descriptor, which had the same number before it.
            let is_heard_again = edges.forget_end();
            return if is_heard_again {
                edges.attempt(direction, || op(self.get_ref()))
            } else {
                Poll::Pending
            };
        }
        loop {
            let seen = state.load();
            if !seen.is_worth_a_try(direction) {
                // Asks the system, and is ready if it has become so meanwhile, or never will be.
                ready!(self.registration().poll_watched(source, direction))?;
                continue;
            }
            match op(self.get_ref()) {
                Ok((output, After::MaybeMore)) => return Poll::Ready(Ok(Tried::MayGoOn(output))),
                Ok((output, After::Drained)) => {
                    return Poll::Ready(Ok(match state.clear_after_short(direction, seen) {
                        Cleared::Wait => Tried::Last(output),
                        Cleared::TryAgain => Tried::MayGoOn(output),
                    }));
                }
                // Cleared, the next look says so; overtaken by an edge, it tries again.
                Err(error) => match error.kind() {
                    // Cleared, the next look says so; overtaken by an edge, it tries again.
                    io::ErrorKind::WouldBlock => {
                        let _ = state.clear(direction, seen);
                    }
                    io::ErrorKind::Interrupted => {}
                    _ => return Poll::Ready(Err(error)),
                },
            }
        }
    }
}
