//! Datagrams for a protocol: [`create_datagram_endpoint`] and [`DatagramTransport`].
//!
//! `socket` says which sockets there are, `wire` does the work in its turns, as that of a connection
//! does, and here is what a program sees of it.

mod socket;
mod wire;

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::panic::Location;
use std::rc::Rc;

use corio_net::UdpSocket;
use corio_trace::action::Deed;

pub use socket::DatagramSocket;

use super::connect::hub;
use super::traits::DatagramProtocol;
use crate::connection::Address;
use crate::deeds::{DatagramEndpointDeed, DatagramOverDeed};
pub(super) use wire::Wire;

/// Opens a UDP socket for what `factory` makes: asyncio's `create_datagram_endpoint`.
///
/// `local` is where it receives; without one the system chooses. With `remote` it is connected: it hears
/// and sends nobody else. A name is looked up before, with [`corio_net::lookup_host`]; what has to be
/// set before a socket is bound is set with [`UdpSocket::options`] and [`datagram_endpoint_over`].
///
/// ```
/// # use corio_base::park::ThreadPark;
/// # use corio_executor::Executor;
/// use corio_stream::Address;
/// use corio_stream::protocol::{DatagramProtocol, DatagramTransport, create_datagram_endpoint};
/// use std::net::SocketAddr;
///
/// #[derive(Default)]
/// struct Echo(Option<DatagramTransport>);
///
/// impl DatagramProtocol for Echo {
///     fn connection_made(&mut self, transport: DatagramTransport) {
///         self.0 = Some(transport);
///     }
///
///     fn datagram_received(&mut self, data: &[u8], from: &Address) {
///         self.0.as_ref().unwrap().send_to(data, Some(from)).unwrap();
///     }
/// }
///
/// # fn main() -> std::io::Result<()> {
/// # Executor::new(ThreadPark::new()).block_on(async {
/// let here = SocketAddr::from(([127, 0, 0, 1], 0));
/// let transport = create_datagram_endpoint(Echo::default, Some(here), None).await?;
/// # transport.close();
/// # Ok(())
/// # })
/// # }
/// ```
///
/// # Errors
/// `InvalidInput` if neither address is given, or the two are of different families; and what the system
/// says.
///
/// # Panics
/// Outside a loop.
///
/// # Cancel safety
/// Dropped, the socket is closed.
#[track_caller]
pub fn create_datagram_endpoint<P: DatagramProtocol>(
    factory: impl FnOnce() -> P,
    local: Option<SocketAddr>,
    remote: Option<SocketAddr>,
) -> impl Future<Output = io::Result<DatagramTransport>> {
    let place = Location::caller();
    DatagramEndpointDeed::doing(async move {
        let socket = UdpSocket::bind(local_for(local, remote)?).await?;
        if let Some(remote) = remote {
            socket.connect(remote)?;
        }
        begin(factory, Box::new(socket), place).await
    })
}

/// Gives a socket that is there, of UDP or a Unix socket, to what `factory` makes.
///
/// # Errors
/// What the system says of its addresses.
///
/// # Panics
/// Outside a loop.
///
/// # Cancel safety
/// Dropped, the socket is closed.
#[track_caller]
pub fn datagram_endpoint_over<P: DatagramProtocol>(
    factory: impl FnOnce() -> P,
    socket: impl DatagramSocket,
) -> impl Future<Output = io::Result<DatagramTransport>> {
    DatagramOverDeed::doing(begin(factory, Box::new(socket), Location::caller()))
}

async fn begin<P: DatagramProtocol>(
    factory: impl FnOnce() -> P,
    socket: Box<dyn DatagramSocket>,
    place: &'static Location<'static>,
) -> io::Result<DatagramTransport> {
    let wire = {
        // Not for as long as this waits: it goes with its loop.
        let hub = hub(place);
        Wire::start(&hub, socket, Box::new(factory()), place)
    };
    let unfinished = Unfinished(Some(wire.clone()));
    wire.made().wait().await;
    unfinished.finish();
    Ok(DatagramTransport(wire))
}

/// Where to bind.
fn local_for(local: Option<SocketAddr>, remote: Option<SocketAddr>) -> io::Result<SocketAddr> {
    match (local, remote) {
        (Some(local), Some(remote)) if local.is_ipv4() != remote.is_ipv4() => {
            let message = format!(
                "the local address {local} and the remote one {remote} are of different families"
            );
            Err(io::Error::new(io::ErrorKind::InvalidInput, message))
        }
        (Some(local), _) => Ok(local),
        (None, Some(SocketAddr::V4(_))) => Ok((Ipv4Addr::UNSPECIFIED, 0).into()),
        (None, Some(SocketAddr::V6(_))) => Ok((Ipv6Addr::UNSPECIFIED, 0).into()),
        (None, None) => {
            let message = "a datagram endpoint needs a local or a remote address: to have the system \
                           choose a port, give (Ipv4Addr::UNSPECIFIED, 0)";
            Err(io::Error::new(io::ErrorKind::InvalidInput, message))
        }
    }
}

/// A socket for datagrams as its protocol has it: asyncio's `DatagramTransport`. Clones are the same one.
///
/// It belongs to the loop's thread, and calls no callback by itself. Dropping it ends nothing.
#[derive(Clone)]
pub struct DatagramTransport(Rc<Wire>);

impl DatagramTransport {
    /// Sends `data`, at once if there is room and nothing waits; else it is kept, and sent when there
    /// is. To `to`, or, where the socket is connected, to its peer. A datagram may be empty.
    ///
    /// That the system refuses to send it is told to
    /// [`error_received`](DatagramProtocol::error_received). After [`DatagramTransport::close`] nothing
    /// is sent.
    ///
    /// # Errors
    /// `InvalidInput` if `to` is not the peer of a connected socket, if there is no `to` and no
    /// peer, or if it is an address of another kind of socket, or of a Unix socket without a name.
    #[doc(alias = "sendto")]
    pub fn send_to(&self, data: &[u8], to: Option<&Address>) -> io::Result<()> {
        self.0.send_to(data, to)
    }

    /// Closes the socket after what is unsent.
    pub fn close(&self) {
        self.0.close();
    }

    /// Closes the socket now; what is unsent is dropped.
    pub fn abort(&self) {
        self.0.abort(None);
    }

    /// Whether it is closed, or about to be.
    pub fn is_closing(&self) -> bool {
        self.0.is_closing()
    }

    /// As [`Transport::set_write_buffer_limits`](super::Transport::set_write_buffer_limits).
    ///
    /// # Panics
    /// If the low mark is above the high one.
    #[track_caller]
    pub fn set_write_buffer_limits(&self, high: Option<usize>, low: Option<usize>) {
        self.0.set_limits(high, low);
    }

    /// The marks: low and high.
    pub fn get_write_buffer_limits(&self) -> (usize, usize) {
        self.0.limits()
    }

    /// How many bytes are unsent; each datagram counts eight more, so that empty ones count.
    pub fn get_write_buffer_size(&self) -> usize {
        self.0.unsent()
    }

    /// Our address.
    ///
    /// # Errors
    /// `NotConnected` once the socket is closed, and what the system says.
    pub fn local_addr(&self) -> io::Result<Address> {
        self.0.with_socket(|socket| socket.local_addr())
    }

    /// The peer's address.
    ///
    /// # Errors
    /// `NotConnected` if it has none or the socket is closed.
    pub fn peer_addr(&self) -> io::Result<Address> {
        self.0.with_socket(|socket| socket.peer_addr())
    }
}

impl PartialEq for DatagramTransport {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for DatagramTransport {}

impl fmt::Debug for DatagramTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Closes a socket that nobody waits for any more.
struct Unfinished(Option<Rc<Wire>>);

impl Unfinished {
    fn finish(mut self) {
        self.0 = None;
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(wire) = self.0.take() {
            wire.abort(None);
        }
    }
}
