//! Tests of byte streams from outside, on streams in memory.

mod bidirectional;
mod copy;
mod duplex;
mod framed;
mod util;
#[path = "../../../base/tests/shared/wakes.rs"]
mod wakes;
