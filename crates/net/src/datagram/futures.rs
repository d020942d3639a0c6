//! The operations of a socket for datagrams as futures.
//!
//! Sending to an address is its kind's, which knows what an address may be: `udp`, `unix`.

use std::io;

use corio_reactor::{Direction, ReadyFuture};

use super::DatagramSocket;
use super::ops::Take;
use super::receiving::{Recv, RecvBuf, RecvFrom, RecvMsg};
use super::sending::{SendDatagram, SendTo};
use crate::kind::Datagrams;

impl<S: Datagrams> DatagramSocket<S> {
    /// Waits until receiving is worth trying ([`Self::try_recv_from`]).
    ///
    /// # Errors
    /// If the loop that the socket was registered with has ended.
    ///
    /// # Cancel safety
    /// Dropped, it is forgotten and nothing is lost.
    #[track_caller]
    pub fn readable(&self) -> ReadyFuture<'_> {
        self.io.readable()
    }

    /// Waits until sending is worth trying ([`Self::try_send`]).
    ///
    /// # Errors
    /// As [`Self::readable`].
    ///
    /// # Cancel safety
    /// Dropped, it is forgotten and nothing is lost.
    #[track_caller]
    pub fn writable(&self) -> ReadyFuture<'_> {
        self.io.writable()
    }

    /// Receives the next message, of the peer if the socket is connected, and says how many bytes of it
    /// are in the buffer.
    ///
    /// A message that is longer than the buffer is cut, in silence: [`Self::recv_msg`] says so. A
    /// message may be empty.
    ///
    /// # Errors
    /// `ConnectionRefused` if the socket is connected and nobody received what it sent; what else
    /// the system says; an error that says so if the loop has ended.
    ///
    /// # Cancel safety
    /// Dropped before it was ready, it has received nothing.
    #[track_caller]
    pub fn recv<'a>(&'a self, buffer: &'a mut [u8]) -> Recv<'a, S> {
        Recv { waiter: self.io.waiter(Direction::Read), buffer, take: Take::Out }
    }

    /// Receives the next message, and says how many bytes of it are in the buffer and who sent it;
    /// otherwise as [`Self::recv`].
    ///
    /// # Errors
    /// As [`Self::recv`].
    ///
    /// # Cancel safety
    /// Dropped before it was ready, it has received nothing.
    #[track_caller]
    pub fn recv_from<'a>(&'a self, buffer: &'a mut [u8]) -> RecvFrom<'a, S> {
        RecvFrom { waiter: self.io.waiter(Direction::Read), buffer, take: Take::Out }
    }

    /// Receives the next message, and says also whether it was cut.
    ///
    /// ```
    /// use corio_net::UdpSocket;
    /// use std::net::SocketAddr;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// # corio_base::park::block_on(async {
    /// let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
    /// let (one, two) = (UdpSocket::bind(any_port).await?, UdpSocket::bind(any_port).await?);
    /// one.send_to(b"longer than that", two.local_addr()?).await?;
    /// let received = two.recv_msg(&mut [0; 6]).await?;
    /// assert_eq!((received.len, received.truncated), (6, true));
    /// assert_eq!(received.from, one.local_addr()?);
    /// # Ok(())
    /// # })
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Self::recv`].
    ///
    /// # Cancel safety
    /// Dropped before it was ready, it has received nothing.
    #[track_caller]
    pub fn recv_msg<'a>(&'a self, buffer: &'a mut [u8]) -> RecvMsg<'a, S> {
        RecvMsg { waiter: self.io.waiter(Direction::Read), buffer }
    }

    /// Appends the next message to `buffer`, which is first given room for `room` bytes, and says how
    /// many those were and who sent them; otherwise as [`Self::recv`].
    ///
    /// The largest message of UDP has 65507 bytes over IPv4.
    ///
    /// # Errors
    /// As [`Self::recv`].
    ///
    /// # Cancel safety
    /// Dropped before it was ready, it has received nothing.
    #[track_caller]
    pub fn recv_buf_from<'a>(&'a self, buffer: &'a mut Vec<u8>, room: usize) -> RecvBuf<'a, S> {
        RecvBuf { waiter: self.io.waiter(Direction::Read), buffer, room }
    }

    /// Receives the next message and leaves it there to be received again; otherwise as
    /// [`Self::recv`].
    ///
    /// # Errors
    /// As [`Self::recv`].
    ///
    /// # Cancel safety
    /// It takes nothing.
    #[track_caller]
    pub fn peek<'a>(&'a self, buffer: &'a mut [u8]) -> Recv<'a, S> {
        Recv { waiter: self.io.waiter(Direction::Read), buffer, take: Take::Peek }
    }

    /// Receives the next message and leaves it there to be received again; otherwise as
    /// [`Self::recv_from`].
    ///
    /// # Errors
    /// As [`Self::recv`].
    ///
    /// # Cancel safety
    /// It takes nothing.
    #[track_caller]
    pub fn peek_from<'a>(&'a self, buffer: &'a mut [u8]) -> RecvFrom<'a, S> {
        RecvFrom { waiter: self.io.waiter(Direction::Read), buffer, take: Take::Peek }
    }

    /// Sends a message to the peer that the socket is connected with, and says how many bytes it had.
    ///
    /// # Errors
    /// `NotConnected` (some systems: `EDESTADDRREQ`) if there is no peer; `ConnectionRefused` if nobody
    /// received an earlier message; `EMSGSIZE` if the message is longer than one may be; `ENOBUFS` if
    /// the system has no room and does not say when it will: send it again later, or not at all; what
    /// else the system says; an error that says so if the loop has ended.
    ///
    /// # Cancel safety
    /// Dropped before it was ready, it has sent nothing.
    #[track_caller]
    pub fn send<'a>(&'a self, bytes: &'a [u8]) -> SendDatagram<'a, S> {
        SendDatagram { waiter: self.io.action_waiter(Direction::Write), bytes }
    }

    /// Sends to what the kind made of the address.
    #[track_caller]
    pub(crate) fn send_to_destination<'a>(
        &'a self,
        bytes: &'a [u8],
        to: io::Result<S::Destination>,
    ) -> SendTo<'a, S> {
        let waiter = self.io.action_waiter(Direction::Write);
        SendTo { waiter, bytes, to: to.map_err(Some), pause: None }
    }
}
