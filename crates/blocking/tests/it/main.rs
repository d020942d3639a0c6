//! Tests of the whole crate.

mod bounds;
mod cancelling;
#[path = "../../../base/tests/shared/drops.rs"]
mod drops;
mod foreign;
mod handoff;
mod jobs;
#[path = "../../../base/tests/shared/patience.rs"]
mod patience;
mod stress;
#[path = "../../../base/tests/shared/telling.rs"]
mod telling;
mod threads;
mod util;
#[path = "../../../base/tests/shared/wakes.rs"]
mod wakes;
