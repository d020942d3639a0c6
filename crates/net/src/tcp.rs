//! [`TcpStream`] and [`TcpListener`]: what only TCP has.
//!
//! Reading, writing and splitting are [`ByteStream`]'s, accepting is [`Listener`]'s; the options of a
//! connection are in `options`.

use std::io;
use std::net::{self, SocketAddr};
use std::task::{Context, Poll};

use corio_trace::action::Deed;
use rustix::io::Errno;
use socket2::{Domain, Protocol, Socket, Type};

use crate::deeds::TcpBindDeed;
use crate::kind::Begun;
use crate::listen::ListenOptions;
use crate::listener::Listener;
use crate::resolve::{Target, ToSocketAddrs};
use crate::stream::{ByteStream, Connect, is_under_way};

/// A TCP connection.
///
/// ```
/// use corio_net::{TcpListener, TcpStream};
/// use std::net::SocketAddr;
///
/// # fn main() -> std::io::Result<()> {
/// # corio_base::park::block_on(async {
/// let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
/// let stream = TcpStream::connect(listener.local_addr()?).await?;
/// stream.set_nodelay(true)?;
/// let (peer, _) = listener.accept().await?;
/// peer.write_all(b"all that there is").await?;
/// drop(peer);
/// let mut all = Vec::new();
/// assert_eq!(stream.read_to_end(&mut all).await?, 17);
/// # Ok(())
/// # })
/// # }
/// ```
pub type TcpStream = ByteStream<net::TcpStream>;

/// Listens for TCP connections.
///
/// ```
/// use corio_net::{TcpListener, TcpStream};
/// use std::net::SocketAddr;
///
/// # fn main() -> std::io::Result<()> {
/// # corio_base::park::block_on(async {
/// let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
/// let client = TcpStream::connect(listener.local_addr()?).await?;
/// let (server, from) = listener.accept().await?;
/// assert_eq!(from, client.local_addr()?);
/// assert_eq!(server.peer_addr()?, from);
/// # Ok(())
/// # })
/// # }
/// ```
pub type TcpListener = Listener<net::TcpListener>;

impl TcpStream {
    /// Connects to an address, a name or one of several addresses, from the first poll on. The stream
    /// belongs to the loop of that poll.
    ///
    /// An address is connected to and nothing else. A name is looked up, and its addresses (or those of a
    /// list) are tried by happy eyeballs; [`Connect`](crate::Connect) has the choices, and its errors have
    /// each attempt's.
    ///
    /// # Errors
    /// `ConnectionRefused`, `TimedOut` and what else the system says, with the address, as a
    /// [`ConnectError`](crate::ConnectError) inside the error, which has the system's own: several
    /// attempts are one error, `Multiple exceptions: …`. For a name also what
    /// [`lookup_host`](crate::lookup_host) says.
    ///
    /// # Cancel safety
    /// Dropped, the attempts are given up and their sockets closed, and a lookup is abandoned.
    #[track_caller]
    pub fn connect(target: impl ToSocketAddrs) -> Connect {
        match target.to_target() {
            Ok(Target::One(address)) => Connect::new(Ok(address)),
            Err(error) => Connect::new(Err(error)),
            target => Connect::by(async {
                crate::Connect::to_target(target).run().await.map_err(io::Error::from)
            }),
        }
    }
}

/// A socket that is being connected.
pub(crate) fn begin(address: SocketAddr) -> io::Result<Begun<net::TcpStream>> {
    Ok(Begun::UnderWay(begin_after(address, |_| Ok(()))?))
}

/// A socket that is being connected; `prepare` sees it before.
pub(crate) fn begin_after(
    address: SocketAddr,
    prepare: impl FnOnce(&Socket) -> io::Result<()>,
) -> io::Result<net::TcpStream> {
    let domain = Domain::for_address(address);
    let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    prepare(&socket)?;
    match socket.connect(&address.into()) {
        Ok(()) => {}
        Err(error) if is_under_way(&error) => {}
        // Some systems say this instead.
        Err(error) if Errno::from_io_error(&error) == Some(Errno::WOULDBLOCK) => {}
        Err(error) => return Err(error),
    }
    Ok(socket.into())
}

impl TcpListener {
    /// Listens at `address`; port 0 lets the system choose one.
    ///
    /// The address may be one whose last listener has just ended (`SO_REUSEADDR`), and up to 1024
    /// connections wait to be accepted. For anything else: [`TcpListener::options`].
    ///
    /// # Errors
    /// `AddrInUse`, `AddrNotAvailable`, `PermissionDenied` and what else the system says, with the
    /// address.
    ///
    /// # Cancel safety
    /// It ends in its first poll: nothing is ever done by half.
    #[track_caller]
    pub fn bind(address: impl Into<SocketAddr>) -> impl Future<Output = io::Result<TcpListener>> {
        TcpBindDeed::doing(async move { ListenOptions::new().bind(address.into()) })
    }

    /// Options that have to be set before the listener is bound.
    pub fn options() -> ListenOptions {
        ListenOptions::new()
    }

    /// The poll form of [`TcpListener::bind`]: always ready.
    ///
    /// # Errors
    /// As [`TcpListener::bind`].
    pub fn poll_bind(_: &mut Context<'_>, address: SocketAddr) -> Poll<io::Result<TcpListener>> {
        Poll::Ready(ListenOptions::new().bind(address))
    }

    /// How many hops a packet of accepted connections may take.
    ///
    /// # Errors
    /// What the system says.
    pub fn ttl(&self) -> io::Result<u32> {
        self.io.get_ref().ttl()
    }

    /// Sets how many hops a packet of connections accepted from now on may take.
    ///
    /// # Errors
    /// What the system says.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.io.get_ref().set_ttl(ttl)
    }
}
