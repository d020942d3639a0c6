//! Protocols that bring their own buffer.

mod base_test_buffered_protocol;
