//! Making connections, servers and sockets for datagrams.

mod calls;
mod connections;
mod datagrams;
mod servers;
