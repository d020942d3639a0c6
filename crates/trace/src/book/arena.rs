//! The arena: slots that are never moved and never freed, given out by number.
//!
//! ```text
//!   CHUNKS ─▶ chunk 0 ─▶ slot 1, 2, 3, …        a number's owner writes, anybody reads
//!             chunk 1 ─▶ …                      made when the chunk before is used up
//!
//!   take: this thread's free numbers ─▶ else 64 of the process's ─▶ else new ones
//!   give: to this thread's free numbers ─▶ beyond 256 half of them to the process's
//! ```
//!
//! Numbers wander between threads with the futures that own them; a thread that ends gives its free
//! ones to the process. Memory is kept once it was needed: the most that was ever waited for at once,
//! at 112 bytes each.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::book::slot::Slot;

/// Slots of one chunk: 112 KiB.
const CHUNK: u32 = 1024;
/// The most chunks: eight million slots, 900 MiB. What comes after that is not recorded.
const CHUNKS_MAX: u32 = 8192;
/// How many numbers a thread takes from the process at once.
const BATCH: usize = 64;
/// How many free numbers a thread keeps.
const KEPT_MAX: usize = 256;

static CHUNKS: [OnceLock<Box<[Slot]>>; CHUNKS_MAX as usize] =
    [const { OnceLock::new() }; CHUNKS_MAX as usize];

/// The first number that was never given out. 0 is none.
static NEXT: AtomicU32 = AtomicU32::new(1);
/// Free numbers of no thread.
static FREE: Mutex<Vec<u32>> = Mutex::new(Vec::new());
/// How many records found no slot.
static LOST: AtomicU64 = AtomicU64::new(0);

std::thread_local! {
    static MINE: RefCell<Mine> = const { RefCell::new(Mine(Vec::new())) };
}

/// The free numbers of a thread; what is left of them goes back when it ends.
struct Mine(Vec<u32>);

impl Drop for Mine {
    fn drop(&mut self) {
        free().append(&mut self.0);
    }
}

fn free() -> std::sync::MutexGuard<'static, Vec<u32>> {
    FREE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The slot with this number; 0 has none.
#[inline]
pub(crate) fn slot(number: u32) -> Option<&'static Slot> {
    let at = number.checked_sub(1)?;
    CHUNKS[(at / CHUNK) as usize].get().map(|chunk| &chunk[(at % CHUNK) as usize])
}

/// A free number for the caller alone; 0 if the arena is full.
#[inline]
pub(crate) fn take() -> u32 {
    MINE.try_with(|mine| {
        let mut mine = mine.borrow_mut();
        match mine.0.pop() {
            Some(number) => number,
            None => refill(&mut mine.0),
        }
    })
    // A thread that ends records nothing more.
    .unwrap_or(0)
}

#[cold]
fn refill(mine: &mut Vec<u32>) -> u32 {
    {
        let mut free = free();
        let rest = free.len().saturating_sub(BATCH);
        mine.extend(free.drain(rest..));
    }
    if mine.is_empty() {
        grow(mine);
    }
    mine.pop().unwrap_or_else(|| {
        LOST.fetch_add(1, Ordering::Relaxed);
        0
    })
}

fn grow(mine: &mut Vec<u32>) {
    let step = BATCH as u32;
    let most = CHUNK * CHUNKS_MAX;
    // Relaxed: the numbers are what matters; the chunk is published by its `OnceLock`.
    let first = NEXT.try_update(Ordering::Relaxed, Ordering::Relaxed, |next| {
        next.checked_add(step).filter(|&end| end <= most)
    });
    let Ok(first) = first else { return };
    for number in first..first + step {
        let chunk = &CHUNKS[((number - 1) / CHUNK) as usize];
        chunk.get_or_init(|| (0..CHUNK).map(|_| Slot::new()).collect());
        mine.push(number);
    }
}

/// Takes back a number whose slot has been cleared.
#[inline]
pub(crate) fn give(number: u32) {
    let kept = MINE.try_with(|mine| {
        let mut mine = mine.borrow_mut();
        if mine.0.len() >= KEPT_MAX {
            share(&mut mine.0);
        }
        mine.0.push(number);
    });
    if kept.is_err() {
        free().push(number);
    }
}

/// Gives half of a thread's numbers to all.
#[cold]
#[inline(never)]
fn share(mine: &mut Vec<u32>) {
    let half = mine.len() / 2;
    free().extend(mine.drain(half..));
}

/// Every slot that was ever given out, with its number.
pub(crate) fn all() -> impl Iterator<Item = (u32, &'static Slot)> {
    // Relaxed: a chunk that is not there yet is passed over.
    let end = NEXT.load(Ordering::Relaxed);
    (1..end).filter_map(|number| Some((number, slot(number)?)))
}

/// How many records found no slot, since the process began.
pub(crate) fn lost() -> u64 {
    LOST.load(Ordering::Relaxed)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_given_once_and_again_after_their_return() {
        let numbers: Vec<u32> = (0..3000).map(|_| take()).collect();
        let mut sorted = numbers.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted.len(), 3000);
        assert!(numbers.iter().all(|&number| slot(number).is_some()));
        numbers.into_iter().for_each(give);
        let end = NEXT.load(Ordering::Relaxed);
        let again: Vec<u32> = (0..2000).map(|_| take()).collect();
        assert_eq!(NEXT.load(Ordering::Relaxed), end, "those that came back are used first");
        again.into_iter().for_each(give);
    }

    #[test]
    fn a_thread_that_ends_gives_its_numbers_back() {
        let returns = || {
            let number = std::thread::spawn(|| {
                let number = take();
                give(number);
                number
            });
            let number = number.join().unwrap();
            number != 0 && free().contains(&number)
        };
        // Another test may have taken it already.
        assert!((0..100).any(|_| returns()));
    }
}
