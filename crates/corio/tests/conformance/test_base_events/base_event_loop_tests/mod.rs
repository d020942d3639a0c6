//! Callbacks, runs, panics and factories of a loop.

mod callbacks;
mod panics;
mod runs;
mod tasks;
