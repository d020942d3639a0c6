//! Tests of TCP from outside, driven by the fallback thread, with std threads as peers.

mod conversions;
mod listener;
mod polls;
mod stream;
mod util;
