//! Where a fair `select!` begins to look.

use std::cell::Cell;

std::thread_local! {
    static STATE: Cell<u32> = const { Cell::new(0x9E37_79B9) };
}

/// A number below `count`, each as often as any other: which branch is looked at first must not depend
/// on its place, or on how the branches before it were woken.
pub fn start(count: u32) -> u32 {
    // Without a thread's state, while the thread ends, any order is as good.
    STATE
        .try_with(|state| {
            // Marsaglia's xorshift with its usual shifts; never 0.
            let mut x = state.get();
            x ^= x << 13;
            x ^= x >> 17;
            x ^= x << 5;
            state.set(x);
            x % count
        })
        .unwrap_or(0)
}

/// The branch that is looked at `step` after the first.
#[inline]
pub fn branch(start: u32, step: u32, count: u32) -> u32 {
    (start + step) % count
}
