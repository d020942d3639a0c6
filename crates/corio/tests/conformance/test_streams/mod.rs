//! Readers, writers, `open_connection`, `start_server`.

mod stream_tests {
    mod connections;
    mod limits;
    mod lines;
    mod reading;
    mod reprs;
    mod servers;
    #[cfg(feature = "tls")]
    mod tls;
    mod warnings;
    mod writing;
}
