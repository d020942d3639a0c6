//! Tests of the pieces from outside: what happens at the edges of a thread's life, and when foreign
//! code panics.

#![cfg(not(loom))]

mod clock;
mod fallback;
mod wake_batch;
#[path = "../shared/wakes.rs"]
mod wakes;
