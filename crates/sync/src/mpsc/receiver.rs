//! The only receiver of a channel, bounded or not.
//!
//! It waits by its waker in the channel's data, not by a node in the list: so it can be polled through
//! itself ([`Receiver::poll_recv`], [`Stream`]) and a future of it holds nothing.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use corio_base::loom::sync::Arc;
use corio_trace::WaitKind;
use corio_trace::book::PlacedLeaf;
use futures_core::Stream;

use super::TryRecvError;
use crate::blocking::block_on;
use crate::channel::{self, List, Ration};

/// What both receivers are.
struct End<T> {
    list: Arc<List<T>>,
    ration: Ration,
}

impl<T> Drop for End<T> {
    fn drop(&mut self) {
        channel::drop_receiver(&self.list);
    }
}

impl<T> End<T> {
    /// `leaf`: the record of the future's wait, if it has one.
    #[inline]
    fn poll_recv(&self, leaf: Option<&PlacedLeaf>, context: &mut Context<'_>) -> Poll<Option<T>> {
        let left = self.ration.left();
        if left > 0
            && let Some(value) = channel::take_at_once(&self.list)
        {
            self.ration.spend_of(left);
            return Poll::Ready(Some(value));
        }
        self.poll_slowly(leaf, context)
    }

    /// The first attempt failed, or none is left of the ration.
    #[inline(never)]
    fn poll_slowly(&self, leaf: Option<&PlacedLeaf>, context: &mut Context<'_>) -> Poll<Option<T>> {
        ready!(self.ration.poll_available(context));
        let poll = channel::poll_recv(&self.list, leaf, context);
        if let Poll::Ready(Some(_)) = poll {
            self.ration.spend();
        }
        poll
    }

    fn poll_recv_many(
        &self,
        leaf: Option<&PlacedLeaf>,
        context: &mut Context<'_>,
        messages: &mut Vec<T>,
        limit: usize,
    ) -> Poll<usize> {
        if limit == 0 {
            return Poll::Ready(0);
        }
        let Some(first) = ready!(self.poll_recv(leaf, context)) else { return Poll::Ready(0) };
        messages.push(first);
        let mut count = 1;
        while count < limit
            && let Ok(message) = channel::try_recv(&self.list)
        {
            messages.push(message);
            count += 1;
        }
        Poll::Ready(count)
    }

    /// Notes in debug mode whether `leaf`'s future waits: also where it has not come to look. Who has looked and
    /// found nothing is recorded already, and may be marked as granted by now, which must stay.
    #[inline]
    fn record(&self, leaf: &PlacedLeaf, waits: bool) {
        match waits {
            true if leaf.is_recorded() => {}
            true => leaf.wait(WaitKind::Channel, Arc::as_ptr(&self.list).addr(), None),
            false => leaf.clear(),
        }
    }
}

/// A future that takes the next message; made by `recv`.
#[must_use = "nothing is received unless the future is polled"]
pub struct Recv<'a, T> {
    end: &'a End<T>,
    leaf: PlacedLeaf,
}

impl<T> Future for Recv<'_, T> {
    type Output = Option<T>;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        let poll = self.end.poll_recv(Some(&self.leaf), context);
        self.end.record(&self.leaf, poll.is_pending());
        poll
    }
}

impl<T> fmt::Debug for Recv<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recv").finish_non_exhaustive()
    }
}

/// A future that takes several messages; made by `recv_many`.
#[must_use = "nothing is received unless the future is polled"]
pub struct RecvMany<'a, T> {
    end: &'a End<T>,
    messages: &'a mut Vec<T>,
    limit: usize,
    leaf: PlacedLeaf,
}

impl<T> Future for RecvMany<'_, T> {
    type Output = usize;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<usize> {
        let this = &mut *self;
        let poll = this.end.poll_recv_many(Some(&this.leaf), context, this.messages, this.limit);
        this.end.record(&this.leaf, poll.is_pending());
        poll
    }
}

impl<T> fmt::Debug for RecvMany<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecvMany").field("limit", &self.limit).finish_non_exhaustive()
    }
}

/// Both receivers have the same ways; only what they say of capacity differs.
macro_rules! receiver {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        pub struct $name<T> {
            end: End<T>,
        }

        impl<T> fmt::Debug for $name<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                channel::describe(stringify!($name), &self.end.list, f)
            }
        }

        impl<T> $name<T> {
            pub(super) fn new(list: Arc<List<T>>) -> Self {
                $name { end: End { list, ration: Ration::default() } }
            }

            /// Takes the next message; waits for one. `None` once the channel is empty and nobody
            /// sends any more.
            ///
            /// # Cancel safety
            /// Dropped before it is ready, it has taken nothing.
            #[track_caller]
            #[inline]
            pub fn recv(&mut self) -> Recv<'_, T> {
                Recv { end: &self.end, leaf: PlacedLeaf::new(Location::caller()) }
            }

            /// Takes up to `limit` messages to the end of `messages`, waits for the first, and says
            /// how many. 0 once the channel is empty and nobody sends any more, or if `limit` is 0.
            ///
            /// # Cancel safety
            /// Dropped before it is ready, it has taken nothing.
            #[track_caller]
            pub fn recv_many<'a>(
                &'a mut self,
                messages: &'a mut Vec<T>,
                limit: usize,
            ) -> RecvMany<'a, T> {
                let leaf = PlacedLeaf::new(Location::caller());
                RecvMany { end: &self.end, messages, limit, leaf }
            }

            /// Takes the next message if it is there.
            ///
            /// # Errors
            /// [`TryRecvError`], which says whether waiting would help.
            #[inline]
            pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
                channel::try_recv(&self.end.list)
            }

            /// `recv` for those who poll by hand; the waker of the last call is woken.
            #[inline]
            pub fn poll_recv(&mut self, context: &mut Context<'_>) -> Poll<Option<T>> {
                self.end.poll_recv(None, context)
            }

            /// `recv_many` for those who poll by hand.
            pub fn poll_recv_many(
                &mut self,
                context: &mut Context<'_>,
                messages: &mut Vec<T>,
                limit: usize,
            ) -> Poll<usize> {
                self.end.poll_recv_many(None, context, messages, limit)
            }

            /// `recv` for a thread outside of any loop: blocks it.
            ///
            /// # Panics
            /// In a task of a loop, which must not be blocked.
            #[track_caller]
            pub fn blocking_recv(&mut self) -> Option<T> {
                block_on(self.recv(), "recv")
            }

            /// Closes the channel: nobody can send any more, except to places that are promised.
            /// What is in it can still be received.
            pub fn close(&mut self) {
                channel::close(&self.end.list);
            }

            /// Whether nobody can send any more; there may still be messages.
            #[must_use]
            pub fn is_closed(&self) -> bool {
                channel::is_closed(&self.end.list)
            }

            /// How many messages are in the channel.
            #[must_use]
            pub fn len(&self) -> usize {
                channel::len(&self.end.list)
            }

            /// Whether no message is in the channel.
            #[must_use]
            pub fn is_empty(&self) -> bool {
                self.len() == 0
            }
        }

        impl<T> Stream for $name<T> {
            type Item = T;

            #[inline]
            fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
                self.end.poll_recv(None, context)
            }
        }
    };
}

receiver! {
    /// Receives from a bounded channel.
    Receiver
}

receiver! {
    /// Receives from an unbounded channel.
    UnboundedReceiver
}

impl<T> Receiver<T> {
    /// How many messages could be sent now without waiting. It may be old when it is read.
    #[must_use]
    pub fn capacity(&self) -> usize {
        channel::places(&self.end.list)
    }

    /// How many messages the channel can hold.
    #[must_use]
    pub fn max_capacity(&self) -> usize {
        self.end.list.rules().bound().unwrap_or(usize::MAX)
    }
}
