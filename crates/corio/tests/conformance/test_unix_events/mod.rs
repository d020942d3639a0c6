//! What only Unix has: signals, sockets with files, pipes.

mod selector_event_loop_signal_tests;
mod selector_event_loop_unix_sock_sendfile_tests;
mod selector_event_loop_unix_socket_tests;
mod test_functional;
mod unix_read_pipe_transport_tests;
mod unix_write_pipe_transport_tests;
