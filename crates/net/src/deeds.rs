//! What the futures of this crate do, as opposed to those that only wait: what debug mode tells of where
//! nobody awaits one.
//!
//! Waits are reading, receiving, accepting and readiness, and `closed` of a pipe: whoever drops one has lost
//! nothing. So is flushing, which does nothing. The names are those of the methods, for an operation of all
//! kinds of sockets; with the type, where there is one.

use corio_trace::deeds;

deeds! {
    pub(crate) ConnectDeed = "connect";
    pub(crate) WriteDeed = "write";
    pub(crate) WriteVectoredDeed = "write_vectored";
    pub(crate) WriteAllDeed = "write_all";
    pub(crate) ShutdownDeed = "shutdown";
    pub(crate) SendDeed = "send";
    pub(crate) SendToDeed = "send_to";
    pub(crate) TcpBindDeed = "TcpListener::bind";
    pub(crate) UdpBindDeed = "UdpSocket::bind";
    pub(crate) UnixBindDeed = "UnixListener::bind";
    pub(crate) UnixDatagramBindDeed = "UnixDatagram::bind";
    pub(crate) LookupDeed = "lookup_host";
    pub(crate) AddrInfoDeed = "getaddrinfo";
    pub(crate) NameInfoDeed = "getnameinfo";
}
