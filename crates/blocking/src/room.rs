//! The bound of a queue: how many jobs may wait, and who waits for a place.
//!
//! A job that waits holds a [`Place`], which it gives back when it begins, or when it ends without having
//! begun. A place that comes free is told to the first who waits; if that one goes away, to the next.

use std::collections::VecDeque;
use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use corio_trace::WaitKind;
use corio_trace::book::PlacedLeaf;

use crate::error::QueueFull;

#[derive(Debug)]
pub(crate) struct Room {
    queue_max: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    waiting: usize,
    last_id: u64,
    /// Those who wait for a place, the first comes first.
    asking: VecDeque<(u64, Waker)>,
}

impl Room {
    pub(crate) fn new(queue_max: usize) -> Arc<Room> {
        Arc::new(Room { queue_max, state: Mutex::default() })
    }

    /// Takes a place for a job.
    pub(crate) fn take(self: &Arc<Self>) -> Result<Place, QueueFull> {
        let mut state = self.state();
        if state.waiting >= self.queue_max {
            return Err(QueueFull { waiting: state.waiting, queue_max: self.queue_max });
        }
        state.waiting += 1;
        drop(state);
        Ok(Place(self.clone()))
    }

    /// Wakes the first who waits, if there is a place.
    fn tell(&self, mut state: MutexGuard<'_, State>) {
        if state.waiting < self.queue_max {
            let first = state.asking.pop_front();
            drop(state);
            if let Some((_, waker)) = first {
                waker.wake();
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place in the queue; given back when dropped.
#[derive(Debug)]
pub(crate) struct Place(Arc<Room>);

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.waiting -= 1;
        self.0.tell(state);
    }
}

/// Waits for a place in a pool's queue; by [`Pool::ready`](crate::Pool::ready).
///
/// It does not take the place: who spawns first has it. So try, and wait again:
///
/// ```
/// # use corio_blocking::{Job, Pool, TrySpawnError};
/// # use corio_task::JoinHandle;
/// async fn spawn_when_ready<F, T>(pool: &Pool, mut function: F) -> JoinHandle<T>
/// where
///     F: FnOnce() -> T + Send + 'static,
///     T: Send + 'static,
/// {
///     loop {
///         pool.ready().await;
///         match Job::new().try_spawn_on(pool, function) {
///             Ok(handle) => return handle,
///             Err(full) => function = full.into_inner(),
///         }
///     }
/// }
/// ```
#[must_use = "futures do nothing unless you `.await` or poll them"]
pub struct Ready {
    room: Option<Arc<Room>>,
    /// Its number among those who ask; 0 until it asks.
    id: u64,
    leaf: PlacedLeaf,
}

impl Ready {
    #[track_caller]
    pub(crate) fn new(room: Option<Arc<Room>>) -> Self {
        Ready { room, id: 0, leaf: PlacedLeaf::new(Location::caller()) }
    }
}

impl Future for Ready {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Some(room) = self.room.clone() else { return Poll::Ready(()) };
        let waker = context.waker().clone();
        let mut state = room.state();
        if state.waiting < room.queue_max {
            drop(state);
            self.leaf.clear();
            return Poll::Ready(());
        }
        let id = self.id;
        let before = match state.asking.iter_mut().find(|asking| asking.0 == id) {
            Some(asking) => Some(std::mem::replace(&mut asking.1, waker)),
            None => {
                // New, or told of a place that another one took: to the end, or to the front again.
                let is_new = id == 0;
                if is_new {
                    state.last_id += 1;
                    self.id = state.last_id;
                    let last = state.last_id;
                    state.asking.push_back((last, waker));
                } else {
                    state.asking.push_front((id, waker));
                }
                None
            }
        };
        drop(state);
        drop(before);
        self.leaf.wait(WaitKind::Blocking, Arc::as_ptr(&room).addr(), None);
        Poll::Pending
    }
}

impl Drop for Ready {
    fn drop(&mut self) {
        let (Some(room), 1..) = (&self.room, self.id) else { return };
        let mut state = room.state();
        let mine = state.asking.iter().position(|asking| asking.0 == self.id);
        let waker = mine.and_then(|at| state.asking.remove(at));
        // Told of a place that it did not look at, or that it leaves to others: the next one is told.
        room.tell(state);
        drop(waker);
    }
}

impl fmt::Debug for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ready").finish_non_exhaustive()
    }
}
