//! Tests of the whole crate. Tests that CPython has, too, bear its names.

mod support;
mod support_servers;

mod connections;
mod handlers;
#[path = "../../../trace/tests/shared/kept_log.rs"]
mod kept_log;
#[path = "../../../net/tests/shared/limits.rs"]
mod limits;
mod protocol;
mod random;
mod reading;
mod reading_messages;
mod servers;
mod starved;
#[cfg(feature = "tls")]
mod tls;
#[cfg(feature = "tls")]
mod tls_streams;
#[cfg(feature = "tls")]
mod tls_support;
mod warnings;
mod writing;
