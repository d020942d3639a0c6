//! Sockets without a protocol: what is `loop.sock_recv(sock, n)` there is `socket.read(..)` here.

mod base_sock_tests_mixin;
mod proactor_event_loop_tests;
