//! What every loop can do.

mod connections;
mod datagrams;
mod pipes;
mod ptys;
mod running;
mod servers;
mod signals;
#[cfg(feature = "tls")]
mod tls;
mod watching;
