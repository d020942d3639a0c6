//! Tests of sockets and pipes from outside, driven by the fallback thread, with std threads as peers.

#[path = "../../../base/tests/shared/alone.rs"]
mod alone;
mod bad_luck;
mod connect;
mod connect_proxy;
mod conversions;
#[path = "../shared/folder.rs"]
mod folder;
#[path = "../shared/limits.rs"]
mod limits;
mod listener;
#[path = "../shared/passed.rs"]
mod passed;
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
