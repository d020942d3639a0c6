//! asyncio's queues: between tasks that make items and tasks that work on them.
//!
//! [`Queue`], [`PriorityQueue`] and [`LifoQueue`] differ in the order in which items leave them and
//! in nothing else; `core` has what they do, `store` the orders, `futures` the waits.

mod core;
mod error;
mod futures;
mod store;

use std::fmt;
use std::panic::Location;

use self::core::{Core, GETTERS, PUTTERS};

pub use self::error::{PutError, QueueShutDown, TaskDoneTooOften, TryGetError, TryPutError};
pub use self::futures::{Get, Join, Put};
pub use self::store::{Fifo, Lifo, Smallest, Store};

const BOUND_0: &str =
    "a queue of at most 0 items can never have one; use at least 1, or `unbounded`";

/// The constructors, which are constant but under the model checker.
macro_rules! constructors {
    ($store:ident $($constness:tt)?) => {
        /// A queue of at most `maxsize` items; who puts more waits for room.
        ///
        /// # Panics
        /// If `maxsize` is 0; for no bound, which is what asyncio means by it, there is `unbounded`.
        #[must_use]
        pub $($constness)? fn bounded(maxsize: usize) -> Self {
            assert!(maxsize > 0, "{}", BOUND_0);
            Self { core: Core::new($store::new(), maxsize) }
        }

        /// A queue of as many items as memory has room for.
        #[must_use]
        pub $($constness)? fn unbounded() -> Self {
            Self { core: Core::new($store::new(), usize::MAX) }
        }
    };
}

macro_rules! queue {
    ($(#[$doc:meta])+ $name:ident, $store:ident $(, $bound:ident)?) => {
        $(#[$doc])+
        pub struct $name<T $(: $bound)?> {
            core: Core<$store<T>>,
        }

        impl<T $(: $bound)?> $name<T> {
            #[cfg(not(loom))]
            constructors!($store const);
            #[cfg(loom)]
            constructors!($store);

            /// How many items it may have; `None` if it has no bound.
            #[must_use]
            pub fn maxsize(&self) -> Option<usize> {
                Some(self.core.list.rules().maxsize).filter(|&maxsize| maxsize != usize::MAX)
            }

            /// How many items are in it. It may be old when it is read.
            #[must_use]
            #[doc(alias = "qsize")]
            pub fn len(&self) -> usize {
                self.core.census().len
            }

            /// Whether it has no item. It may be old when it is read.
            #[must_use]
            #[doc(alias = "empty")]
            pub fn is_empty(&self) -> bool {
                self.len() == 0
            }

            /// Whether it has as many items as it may have. It may be old when it is read.
            #[must_use]
            #[doc(alias = "full")]
            pub fn is_full(&self) -> bool {
                self.len() >= self.core.list.rules().maxsize
            }

            /// Whether `shutdown` was called.
            #[must_use]
            pub fn is_shut_down(&self) -> bool {
                self.core.census().shut_down
            }

            /// Puts an item in; waits until there is room.
            ///
            /// Room that was made for a waiting task may be taken by another before that task is
            /// polled; it then goes on waiting, before all others.
            ///
            /// # Errors
            /// [`PutError`] with the item, if the queue is shut down, before or meanwhile.
            ///
            /// # Cancel safety
            /// Dropped, it has put nothing, and the item is dropped with it; room that it was told of
            /// goes to the next. To keep the item, use `try_put`.
            #[track_caller]
            pub fn put(&self, item: T) -> Put<'_, $store<T>> {
                Put::new(&self.core, item, Location::caller())
            }

            /// Takes the next item out; waits until there is one.
            ///
            /// An item that a waiting task was told of may be taken by another before that task is
            /// polled; it then goes on waiting, before all others.
            ///
            /// # Errors
            /// [`QueueShutDown`] if the queue is shut down and nothing is left in it.
            ///
            /// # Cancel safety
            /// Dropped, it has taken nothing; if it was told of an item, the next one is.
            #[track_caller]
            pub fn get(&self) -> Get<'_, $store<T>> {
                Get::new(&self.core, Location::caller())
            }

            /// Puts an item in if there is room.
            ///
            /// # Errors
            /// [`TryPutError`] with the item; it says whether waiting would help.
            #[doc(alias = "put_nowait")]
            pub fn try_put(&self, item: T) -> Result<(), TryPutError<T>> {
                self.core.try_put(item)
            }

            /// Takes the next item out if there is one.
            ///
            /// # Errors
            /// [`TryGetError`], which says whether waiting would help.
            #[doc(alias = "get_nowait")]
            pub fn try_get(&self) -> Result<T, TryGetError> {
                self.core.try_get()
            }

            /// Says that the work on one item that was got is done; when it is done for each item
            /// that was put, `join` returns.
            ///
            /// # Errors
            /// [`TaskDoneTooOften`] if it is done for each of them already.
            pub fn task_done(&self) -> Result<(), TaskDoneTooOften> {
                self.core.task_done()
            }

            /// Waits until `task_done` was called for each item that was put; at once if nothing is
            /// unfinished.
            ///
            /// # Cancel safety
            /// Dropped, it has changed nothing.
            #[track_caller]
            pub fn join(&self) -> Join<'_, $store<T>> {
                Join::new(&self.core, Location::caller())
            }

            /// Takes nothing in any more: `put` fails from now on, and for those who wait in it.
            /// `get` takes what is left and then fails.
            ///
            /// With `immediate` what is left is dropped, and counts as done for `join`: for when
            /// nobody will get it any more. Called a second time, it does what is still to be done.
            pub fn shutdown(&self, immediate: bool) {
                self.core.shut_down(immediate);
            }
        }

        /// As asyncio shows it, but for the items, which are the user's:
        /// `[maxsize:2, items:1, getters:0, putters:0, tasks:1]`.
        impl<T $(: $bound)?> fmt::Debug for $name<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                describe(&self.core, stringify!($name), f)
            }
        }
    };
}

queue! {
    /// A queue whose items leave it in the order in which they came.
    ///
    /// ```
    /// use corio_sync::Queue;
    ///
    /// # corio_base::park::block_on(async {
    /// let queue = Queue::bounded(2);
    /// queue.put("first").await?;
    /// queue.try_put("second")?;
    /// assert_eq!(queue.try_put("third").unwrap_err().into_inner(), "third");
    ///
    /// assert_eq!(queue.get().await?, "first");
    /// queue.task_done()?;
    /// queue.shutdown(false);
    /// assert_eq!(queue.get().await?, "second");
    /// assert!(queue.get().await.is_err());
    /// queue.task_done()?;
    /// queue.join().await;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    Queue, Fifo
}

queue! {
    /// A [`Queue`] whose smallest item leaves it first, and of equal ones that which came first.
    ///
    /// Items are compared while the queue is locked: their `Ord` must not use the queue itself.
    ///
    /// ```
    /// use corio_sync::PriorityQueue;
    ///
    /// let queue = PriorityQueue::unbounded();
    /// for item in [(2, "later"), (1, "first")] {
    ///     queue.try_put(item).unwrap();
    /// }
    /// assert_eq!(queue.try_get(), Ok((1, "first")));
    /// ```
    PriorityQueue, Smallest, Ord
}

queue! {
    /// A [`Queue`] whose newest item leaves it first.
    ///
    /// ```
    /// use corio_sync::LifoQueue;
    ///
    /// let queue = LifoQueue::unbounded();
    /// queue.try_put(1).unwrap();
    /// queue.try_put(2).unwrap();
    /// assert_eq!(queue.try_get(), Ok(2));
    /// ```
    LifoQueue, Lifo
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self::unbounded()
    }
}

impl<T: Ord> Default for PriorityQueue<T> {
    fn default() -> Self {
        Self::unbounded()
    }
}

impl<T> Default for LifoQueue<T> {
    fn default() -> Self {
        Self::unbounded()
    }
}

fn describe<S: Store>(core: &Core<S>, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let census = core.census();
    // As in asyncio, 0 stands for no bound.
    let maxsize = match core.list.rules().maxsize {
        usize::MAX => 0,
        maxsize => maxsize,
    };
    write!(f, "{name} [maxsize:{maxsize}")?;
    let numbers = [
        ("items", census.len),
        ("getters", census.waiting[GETTERS]),
        ("putters", census.waiting[PUTTERS]),
        ("tasks", census.unfinished),
    ];
    for (what, number) in numbers.into_iter().filter(|&(_, number)| number > 0) {
        write!(f, ", {what}:{number}")?;
    }
    f.write_str(if census.shut_down { ", shutdown]" } else { "]" })
}
