//! Tests of sockets and pipes from outside, driven by the fallback thread, with std threads as peers.

mod bad_luck;
mod connect;
mod connect_proxy;
mod conversions;
#[path = "../shared/limits.rs"]
mod limits;
mod listener;
mod pipes;
mod polls;
mod resolve;
mod short_reads;
mod stream;
#[cfg(feature = "tokio-io")]
mod tokio_io;
mod udp;
mod unix;
mod unix_datagram;
mod util;
