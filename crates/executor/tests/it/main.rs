//! What the loop promises: the order of its turns, when it waits, and how it ends.

mod support;

mod away;
mod block_on;
mod by_hand;
mod ending;
mod guest;
mod metrics;
mod order;
mod parks;
