//! Tests of TCP from outside, driven by the fallback thread, with std threads as peers.

mod listener;
mod stream;
mod util;
