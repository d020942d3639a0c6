//! The timers of every thread that has none: one queue of the process, under a lock, driven by base's
//! fallback thread.
//!
//! So that a sleep works inside tokio, smol or a bare `block_on`. It knows the OS clock only: a thread
//! with a virtual clock and no loop has its deadlines counted on the one and waited for on the other.
//!
//! **The race**: the thread has computed how long to wait, and an earlier deadline comes before it
//! waits. **Why it cannot be late**: `waits_until` is written under the queue's lock with the
//! computation, so whoever inserts an earlier deadline sees that it is earlier and unparks, and an
//! unpark before the wait ends the wait.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::Waker;

use corio_base::fallback::{self, Turn};
use corio_base::{Time, WakeBatch};

use crate::home::{Home, Queue};
use crate::queue::{Key, TimerQueue};

/// How many timers fire in one turn at most, for the same reason as in
/// [`Timers`](crate::timers::FIRE_PER_TURN_MAX): the thread has descriptors to look after, too.
const FIRE_PER_TURN_MAX: usize = crate::timers::FIRE_PER_TURN_MAX;

/// The home of sleeps without a loop.
pub(crate) struct Fallback {
    inner: Mutex<Inner>,
}

struct Inner {
    queue: Queue,
    /// When the thread looks again by itself.
    waits_until: Time,
}

impl Fallback {
    /// The one fallback; the first call starts the thread, if nobody has yet.
    pub(crate) fn get() -> &'static Fallback {
        static DRIVEN: OnceLock<Fallback> = OnceLock::new();
        DRIVEN.get_or_init(|| {
            fallback::drive_turn(Box::new(FallbackTurn { batch: WakeBatch::new() }));
            let inner = Inner { queue: Queue::new(), waits_until: Time::NEVER };
            Fallback { inner: Mutex::new(inner) }
        })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an entry.
    pub(crate) fn insert(&self, deadline: Time, waker: Waker) -> Key {
        self.and_look_at(deadline, |queue| queue.insert(deadline, waker))
    }

    /// Moves the deadline of an entry; `false`: it has fired already.
    pub(crate) fn reset(&self, key: Key, deadline: Time) -> bool {
        self.and_look_at(deadline, |queue| queue.reset(key, deadline))
    }

    /// Runs `work`, and has the thread look again by `deadline`.
    fn and_look_at<R>(&self, deadline: Time, work: impl FnOnce(&mut Queue) -> R) -> R {
        let (result, is_earlier) = {
            let mut inner = self.lock();
            let is_earlier = deadline < inner.waits_until;
            inner.waits_until = inner.waits_until.min(deadline);
            (work(&mut inner.queue), is_earlier)
        };
        if is_earlier {
            fallback::unpark();
        }
        result
    }
}

impl Home for Fallback {
    fn with<R>(&self, work: impl FnOnce(&mut Queue) -> R) -> R {
        work(&mut self.lock().queue)
    }
}

struct FallbackTurn {
    batch: WakeBatch,
}

impl Turn for FallbackTurn {
    fn turn(&mut self, now: Time) -> Time {
        let next = {
            let mut inner = Fallback::get().lock();
            let batch = &mut self.batch;
            inner.queue.expire(now, FIRE_PER_TURN_MAX, |waker| batch.push(waker));
            inner.waits_until = inner.queue.next_deadline();
            inner.waits_until
        };
        // A waker that panics has been reported by the panic hook; the thread serves everybody.
        let _ = catch_unwind(AssertUnwindSafe(|| self.batch.wake_all()));
        next
    }
}
