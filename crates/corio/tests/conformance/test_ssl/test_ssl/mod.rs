//! Handshakes, `start_tls`, and ends.

mod ends;
mod handshakes;
mod upgrades;
