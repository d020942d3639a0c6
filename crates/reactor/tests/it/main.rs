//! Tests of the reactor from outside; each runs with every driver of the system.

mod alone;
mod ambient;
mod close;
mod edges;
mod first_use;
mod forked;
mod metrics;
mod timeouts;
mod unpark;
mod util;
mod waiters;
#[path = "../../../trace/tests/shared/waits.rs"]
mod waits;
mod watch;
