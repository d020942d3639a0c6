//! The options of connections: TCP's, and those that every socket has.

use std::io;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};

use crate::datagram::DatagramSocket;
use crate::kind::{Connection, Datagrams};
use crate::socket;
use crate::stream::ByteStream;
use crate::tcp::TcpStream;

impl TcpStream {
    /// Whether small writes go out at once (`TCP_NODELAY`).
    ///
    /// # Errors
    /// What the system says.
    pub fn nodelay(&self) -> io::Result<bool> {
        self.inner().nodelay()
    }

    /// Sends small writes at once instead of waiting for earlier ones to be acknowledged.
    ///
    /// # Errors
    /// What the system says.
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.inner().set_nodelay(nodelay)
    }

    /// How many hops a packet may take.
    ///
    /// # Errors
    /// What the system says.
    pub fn ttl(&self) -> io::Result<u32> {
        self.inner().ttl()
    }

    /// Sets how many hops a packet may take.
    ///
    /// # Errors
    /// What the system says.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.inner().set_ttl(ttl)
    }

    /// How long closing tries to send what is left; `None`: in the background, as long as it takes.
    ///
    /// # Errors
    /// What the system says.
    pub fn linger(&self) -> io::Result<Option<Duration>> {
        SockRef::from(self.inner()).linger()
    }

    /// Sets how long closing tries to send what is left.
    ///
    /// Zero makes closing a reset. Anything else makes closing, and so dropping the stream, block
    /// the thread for as long: rarely what a server wants.
    ///
    /// # Errors
    /// What the system says.
    pub fn set_linger(&self, linger: Option<Duration>) -> io::Result<()> {
        SockRef::from(self.inner()).set_linger(linger)
    }

    /// Whether the system asks a silent peer, now and then, if it is still there.
    ///
    /// # Errors
    /// What the system says.
    pub fn keepalive(&self) -> io::Result<bool> {
        SockRef::from(self.inner()).keepalive()
    }

    /// Sets whether the system asks a silent peer if it is still there; when, the system decides
    /// (often after two hours).
    ///
    /// # Errors
    /// What the system says.
    pub fn set_keepalive(&self, keepalive: bool) -> io::Result<()> {
        SockRef::from(self.inner()).set_keepalive(keepalive)
    }

    /// Asks a peer that was silent for `idle`, every `interval`, and gives up after `retries`.
    ///
    /// # Errors
    /// What the system says. Most count in whole seconds.
    pub fn set_keepalive_timing(
        &self,
        idle: Duration,
        interval: Duration,
        retries: u32,
    ) -> io::Result<()> {
        let keepalive =
            TcpKeepalive::new().with_time(idle).with_interval(interval).with_retries(retries);
        SockRef::from(self.inner()).set_tcp_keepalive(&keepalive)
    }
}

/// The options that every socket has.
macro_rules! every_socket {
    ($type:ty, $bound:ident) => {
        impl<S: $bound> $type {
            /// How much the system keeps of what has come and was not read.
            ///
            /// # Errors
            /// What the system says.
            pub fn recv_buffer_size(&self) -> io::Result<usize> {
                SockRef::from(self.inner()).recv_buffer_size()
            }

            /// Sets how much the system keeps of what has come. It may round, and Linux doubles it.
            ///
            /// # Errors
            /// What the system says.
            pub fn set_recv_buffer_size(&self, size: usize) -> io::Result<()> {
                SockRef::from(self.inner()).set_recv_buffer_size(size)
            }

            /// How much the system keeps of what was written and has not gone out.
            ///
            /// # Errors
            /// What the system says.
            pub fn send_buffer_size(&self) -> io::Result<usize> {
                SockRef::from(self.inner()).send_buffer_size()
            }

            /// Sets how much the system keeps of what was written. It may round, and Linux doubles it.
            ///
            /// # Errors
            /// What the system says.
            pub fn set_send_buffer_size(&self, size: usize) -> io::Result<()> {
                SockRef::from(self.inner()).set_send_buffer_size(size)
            }

            /// Takes the error that waits at the socket, if one does.
            ///
            /// # Errors
            /// What the system says when asked.
            pub fn take_error(&self) -> io::Result<Option<io::Error>> {
                socket::take_error(self.inner())
            }
        }
    };
}

every_socket!(ByteStream<S>, Connection);
every_socket!(DatagramSocket<S>, Datagrams);
