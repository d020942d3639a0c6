//! The tests of the timers, one file a subject. Time is virtual but where real time is the point.

mod assertions;
mod book;
mod fallback;
mod interval;
mod metrics;
mod model;
mod sleep;
mod threads;
mod trace;
mod util;
#[path = "../../../base/tests/shared/wakes.rs"]
mod wakes;
mod wheel;
