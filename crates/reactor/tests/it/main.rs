//! Tests of the reactor from outside; each runs with every driver of the system.

mod alone;
mod ambient;
mod close;
mod edges;
mod first_use;
mod timeouts;
mod unpark;
mod util;
mod waiters;
mod watch;
