//! The loop itself, and making connections, with real addresses of this machine in place of mocks.

mod base_event_loop_tests;
mod base_event_loop_with_selector_tests;
mod base_event_tests;
mod base_loop_sock_sendfile_tests;
mod running_loop_tests;
