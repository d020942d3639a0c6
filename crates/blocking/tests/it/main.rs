//! Tests of the whole crate.

mod bounds;
mod cancelling;
mod foreign;
mod handoff;
mod jobs;
mod stress;
mod threads;
mod util;
