//! What the loop promises: the order of its turns, when it waits, and how it ends.

mod support;

#[path = "../../../base/tests/shared/alone.rs"]
mod alone;
mod away;
mod block_on;
mod by_hand;
#[path = "../../../base/tests/shared/drops.rs"]
mod drops;
mod ending;
mod guest;
mod metrics;
mod order;
mod parks;
#[path = "../../../base/tests/shared/telling.rs"]
mod telling;
#[path = "../../../base/tests/shared/wakes.rs"]
mod wakes;
