//! Deliveries from other threads, and the word that says whether the loop has to be woken for them.
//!
//! ```text
//!                    2 fall_asleep
//!        AWAKE ─────────────────────▶ PARKED
//!        ▲  │ ▲                         │ │
//!   4 open  1 deliver                   │ 1 deliver: this one unparks the loop
//!        │  ▼ └─────3 wake_up───────────┘ ▼
//!      NOTIFIED ◀───────────────────── NOTIFIED
//! ```
//!
//! **The race**: the loop finds nothing to do and is about to park, while a delivery arrives. Both
//! change the word by read-modify-write. If `deliver`'s comes first, `fall_asleep` finds NOTIFIED
//! and refuses; if second, it finds PARKED and unparks. A delivery between the two cannot be missed.
//!
//! **At most one unpark is in flight**: only the delivery that finds PARKED unparks, and it leaves
//! NOTIFIED behind.

use concurrent_queue::ConcurrentQueue;
use corio_base::loom::sync::atomic::{AtomicU8, Ordering};

/// The loop runs and has opened all that was delivered.
const AWAKE: u8 = 0;
/// The loop waits, or is about to, and has to be unparked.
const PARKED: u8 = 1;
/// Something was delivered since the loop looked last.
const NOTIFIED: u8 = 2;

/// What [`Inbox::deliver`] asks of the one who delivered.
#[must_use]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivered {
    /// The loop runs, or was unparked by somebody else.
    Quietly,
    /// The loop waits: unpark it.
    Unpark,
}

/// A queue from many threads to one.
#[derive(Debug)]
pub struct Inbox<T> {
    state: AtomicU8,
    queue: ConcurrentQueue<T>,
}

impl<T> Default for Inbox<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Inbox<T> {
    /// An empty inbox of a loop that runs.
    pub fn new() -> Self {
        Inbox { state: AtomicU8::new(AWAKE), queue: ConcurrentQueue::unbounded() }
    }

    /// Edge 1: puts `item` in, from any thread.
    ///
    /// # Errors
    /// The item, if the inbox is closed.
    pub fn deliver(&self, item: T) -> Result<Delivered, T> {
        if let Err(refused) = self.queue.push(item) {
            return Err(refused.into_inner());
        }
        // AcqRel: Release pairs with the Acquire of `open` and `fall_asleep`: who sees NOTIFIED sees
        // the item in the queue.
        match self.state.swap(NOTIFIED, Ordering::AcqRel) {
            PARKED => Ok(Delivered::Unpark),
            _ => Ok(Delivered::Quietly),
        }
    }

    /// Whether something may have been delivered. The loop asks at every turn: one relaxed load.
    #[inline]
    pub fn is_notified(&self) -> bool {
        // Relaxed: `open` synchronizes.
        self.state.load(Ordering::Relaxed) == NOTIFIED
    }

    /// Edge 4, on the loop's thread: takes at most `most` items, each given to `each` as it is taken,
    /// and says how many. What is left is found at the next turn.
    pub fn open(&self, most: usize, mut each: impl FnMut(T)) -> usize {
        // AcqRel: Acquire pairs with `deliver`'s Release. Before the items are taken, so that an
        // item put in meanwhile sets NOTIFIED again.
        self.state.swap(AWAKE, Ordering::AcqRel);
        let rest = Rest(&self.state);
        for taken in 0..most {
            match self.queue.pop() {
                Ok(item) => each(item),
                Err(_) => {
                    std::mem::forget(rest);
                    return taken;
                }
            }
        }
        most
    }

    /// Edge 2. `false`: something was delivered, do not park.
    #[must_use]
    pub fn fall_asleep(&self) -> bool {
        // AcqRel: Release so that the unparker comes after what the loop did before it parked;
        // Acquire, on failure too, pairs with `deliver`'s Release.
        self.state.compare_exchange(AWAKE, PARKED, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// Edge 3: the park is over, whatever ended it. `true`: no delivery has ended it, nor come meanwhile.
    pub fn wake_up(&self) -> bool {
        // A delivery that found PARKED has made it NOTIFIED, and that stays. Relaxed: nothing is
        // published, and `open` synchronizes.
        self.state.compare_exchange(PARKED, AWAKE, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// How many items wait to be opened.
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// Whether none does.
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Refuses every later delivery. What was delivered stays to be opened.
    pub fn close(&self) {
        self.queue.close();
    }
}

/// There may be more in the queue than was opened: also when what was opened panics.
struct Rest<'a>(&'a AtomicU8);

impl Drop for Rest<'_> {
    fn drop(&mut self) {
        // AcqRel, a note of the loop to itself, but not a store: over a delivery that came meanwhile a
        // store would cut the next `open` off from its Release.
        self.0.swap(NOTIFIED, Ordering::AcqRel);
    }
}
