//! Tests of the whole crate. Tests that CPython has, too, bear its names.

mod support;
mod support_servers;

#[path = "../../../base/tests/shared/alone.rs"]
mod alone;
mod connections;
#[path = "../../../net/tests/shared/folder.rs"]
mod folder;
mod handlers;
#[path = "../shared/http.rs"]
mod http;
#[path = "../../../trace/tests/shared/kept_log.rs"]
mod kept_log;
#[path = "../../../net/tests/shared/limits.rs"]
mod limits;
#[path = "../../../net/tests/shared/passed.rs"]
mod passed;
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
mod wakers;
mod warnings;
mod writing;
