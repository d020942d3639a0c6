//! [`ListenOptions`]: the options of a TCP listener that have to be set before it is bound.

use std::io;
use std::net::SocketAddr;

use socket2::{Domain, Protocol, Socket, Type};

use crate::about::about;
use crate::listener::BACKLOG;
use crate::tcp::TcpListener;

/// Options of a listener, to be set before it is bound; made by [`TcpListener::options`].
#[derive(Clone, Debug)]
#[must_use = "options make no listener unless they are bound"]
pub struct ListenOptions {
    reuse_address: bool,
    reuse_port: bool,
    only_v6: Option<bool>,
    backlog: i32,
}

impl ListenOptions {
    /// Those of [`TcpListener::bind`].
    pub(crate) fn new() -> ListenOptions {
        ListenOptions { reuse_address: true, reuse_port: false, only_v6: None, backlog: BACKLOG }
    }

    /// Whether the address may be one whose last listener has just ended (`SO_REUSEADDR`): yes, unless
    /// it is told otherwise.
    pub fn reuse_address(mut self, reuse: bool) -> Self {
        self.reuse_address = reuse;
        self
    }

    /// Allows several listeners of one user at one address, if all of them say so (`SO_REUSEPORT`): the
    /// system shares out the connections. One for each loop is a way to use all cores.
    pub fn reuse_port(mut self, reuse: bool) -> Self {
        self.reuse_port = reuse;
        self
    }

    /// Whether a listener of IPv6 keeps away from IPv4; not set, the system decides.
    pub fn only_v6(mut self, only: bool) -> Self {
        self.only_v6 = Some(only);
        self
    }

    /// How many connections may wait to be accepted, if the system allows so many: 1024, unless it is
    /// told otherwise.
    pub fn backlog(mut self, connections: u32) -> Self {
        self.backlog = i32::try_from(connections).unwrap_or(i32::MAX);
        self
    }

    /// Listens with these options at `address`; port 0 lets the system choose one.
    ///
    /// ```
    /// use corio_net::TcpListener;
    /// use std::net::SocketAddr;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let options = TcpListener::options().reuse_port(true).backlog(128);
    /// let one = options.bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    /// let another = options.bind(one.local_addr()?)?;
    /// assert_eq!(one.local_addr()?, another.local_addr()?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`TcpListener::bind`].
    pub fn bind(&self, address: impl Into<SocketAddr>) -> io::Result<TcpListener> {
        let address = address.into();
        self.bind_to(address)
            .map_err(|error| about(error, format_args!("cannot listen at {address}")))
    }

    fn bind_to(&self, address: SocketAddr) -> io::Result<TcpListener> {
        let domain = Domain::for_address(address);
        let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
        socket.set_reuse_address(self.reuse_address)?;
        if self.reuse_port {
            socket.set_reuse_port(true)?;
        }
        if let (Some(only), SocketAddr::V6(_)) = (self.only_v6, address) {
            socket.set_only_v6(only)?;
        }
        socket.bind(&address.into())?;
        socket.listen(self.backlog)?;
        TcpListener::from_std(socket.into())
    }
}
