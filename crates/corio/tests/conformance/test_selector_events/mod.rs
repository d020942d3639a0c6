//! Descriptors that are watched, and transports, over real sockets in place of mocks.

mod base_selector_event_loop_tests;
mod selector_datagram_transport_tests;
mod selector_socket_transport_buffered_protocol_tests;
mod selector_socket_transport_tests;
mod selector_transport_tests;
