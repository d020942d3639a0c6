//! What a program writes: [`Protocol`], [`BufferedProtocol`], [`DatagramProtocol`].
//!
//! Their methods are callbacks. Of one protocol one runs at a time, on the loop it was made on, with no
//! borrow of ours held: each may call its transport, and what that brings about comes afterwards. Called
//! by `callbacks`, nowhere else.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;

use super::callbacks::Callbacks;
use super::datagram::DatagramTransport;
use super::transport::Transport;
use crate::connection::Address;

/// A connection's callbacks, with the bytes in a buffer that the loop lends: asyncio's `Protocol`.
///
/// ```text
/// connection_made ( data_received | pause_writing resume_writing )* eof_received? connection_lost
/// ```
///
/// ```
/// use corio_stream::protocol::{Protocol, Transport};
///
/// #[derive(Default)]
/// struct Echo(Option<Transport>);
///
/// impl Protocol for Echo {
///     fn connection_made(&mut self, transport: Transport) {
///         self.0 = Some(transport);
///     }
///
///     fn data_received(&mut self, data: &[u8]) {
///         if let Some(transport) = &self.0 {
///             transport.write(data);
///         }
///     }
/// }
/// ```
///
/// A program that talks to its protocol from outside shares it: an `Rc<RefCell<P>>` is a protocol if `P`
/// is one. A callback that finds it borrowed panics, so a borrow must not outlast an `await`.
///
/// # Panics
/// A callback that panics ends its own connection, as an error would, and the panic goes where those of a
/// loop's calls go: its exception handler, or else the log. [`Protocol::connection_lost`] is called.
#[diagnostic::on_unimplemented(
    note = "a `BufferedProtocol` is given as `Buffered(protocol)`, a `DatagramProtocol` to `create_datagram_endpoint`"
)]
pub trait Protocol: 'static {
    /// The connection is there. The transport is how to write to it, and to end it.
    fn connection_made(&mut self, transport: Transport) {
        let _ = transport;
    }

    /// Bytes have come: at least one, and as they came, not as they were sent.
    fn data_received(&mut self, data: &[u8]) {
        let _ = data;
    }

    /// The peer will send no more. `true`: the connection stays, to be written to. `false`: it is closed.
    fn eof_received(&mut self) -> bool {
        false
    }

    /// The connection has ended, and this is the last callback. `None`: it was closed on this side, or
    /// after the peer's end.
    fn connection_lost(&mut self, error: Option<io::Error>) {
        let _ = error;
    }

    /// More bytes are unsent than the high-water mark: write no more, until
    /// [`Protocol::resume_writing`].
    fn pause_writing(&mut self) {}

    /// No more bytes are unsent than the low-water mark.
    fn resume_writing(&mut self) {}
}

/// A connection's callbacks, with the bytes in a buffer of the protocol's own: asyncio's
/// `BufferedProtocol`. It is given to a connection as [`Buffered`].
///
/// Panics are treated as [`Protocol`]'s.
pub trait BufferedProtocol: 'static {
    /// As [`Protocol::connection_made`].
    fn connection_made(&mut self, transport: Transport) {
        let _ = transport;
    }

    /// Where to put what comes. `hint` is how many bytes it should have room for, at least; less is
    /// allowed, nothing is an error that ends the connection. Nothing need come of it.
    fn get_buffer(&mut self, hint: usize) -> &mut [u8];

    /// `count` bytes are at the beginning of the buffer that was asked for last.
    fn buffer_updated(&mut self, count: usize);

    /// As [`Protocol::eof_received`].
    fn eof_received(&mut self) -> bool {
        false
    }

    /// As [`Protocol::connection_lost`].
    fn connection_lost(&mut self, error: Option<io::Error>) {
        let _ = error;
    }

    /// As [`Protocol::pause_writing`].
    fn pause_writing(&mut self) {}

    /// As [`Protocol::resume_writing`].
    fn resume_writing(&mut self) {}
}

/// The callbacks of a socket for datagrams: asyncio's `DatagramProtocol`.
///
/// Panics are treated as [`Protocol`]'s.
pub trait DatagramProtocol: 'static {
    /// The socket is there.
    fn connection_made(&mut self, transport: DatagramTransport) {
        let _ = transport;
    }

    /// A datagram has come, whole.
    fn datagram_received(&mut self, data: &[u8], from: &Address) {
        let _ = (data, from);
    }

    /// One datagram could not be sent or received; the socket stays.
    fn error_received(&mut self, error: io::Error) {
        let _ = error;
    }

    /// The socket is closed, and this is the last callback.
    fn connection_lost(&mut self, error: Option<io::Error>) {
        let _ = error;
    }

    /// As [`Protocol::pause_writing`].
    fn pause_writing(&mut self) {}

    /// As [`Protocol::resume_writing`].
    fn resume_writing(&mut self) {}
}

/// A [`BufferedProtocol`] where a connection takes callbacks of either kind.
#[derive(Clone, Copy, Debug, Default)]
pub struct Buffered<P>(pub P);

/// Callbacks of a connection: every [`Protocol`], and every [`BufferedProtocol`] in [`Buffered`].
pub trait Handler: sealed::Sealed {
    /// In one form.
    #[doc(hidden)]
    fn into_callbacks(self) -> Callbacks;
}

impl<P: Protocol> Handler for P {
    fn into_callbacks(self) -> Callbacks {
        Callbacks::Lent(Box::new(self))
    }
}

impl<P: BufferedProtocol> Handler for Buffered<P> {
    fn into_callbacks(self) -> Callbacks {
        Callbacks::Own(Box::new(self.0))
    }
}

mod sealed {
    pub trait Sealed {}

    impl<P: super::Protocol> Sealed for P {}
    impl<P: super::BufferedProtocol> Sealed for super::Buffered<P> {}
}

/// Shared with the program.
impl<P: Protocol> Protocol for Rc<RefCell<P>> {
    fn connection_made(&mut self, transport: Transport) {
        self.borrow_mut().connection_made(transport);
    }

    fn data_received(&mut self, data: &[u8]) {
        self.borrow_mut().data_received(data);
    }

    fn eof_received(&mut self) -> bool {
        self.borrow_mut().eof_received()
    }

    fn connection_lost(&mut self, error: Option<io::Error>) {
        self.borrow_mut().connection_lost(error);
    }

    fn pause_writing(&mut self) {
        self.borrow_mut().pause_writing();
    }

    fn resume_writing(&mut self) {
        self.borrow_mut().resume_writing();
    }
}

/// Shared with the program.
impl<P: DatagramProtocol> DatagramProtocol for Rc<RefCell<P>> {
    fn connection_made(&mut self, transport: DatagramTransport) {
        self.borrow_mut().connection_made(transport);
    }

    fn datagram_received(&mut self, data: &[u8], from: &Address) {
        self.borrow_mut().datagram_received(data, from);
    }

    fn error_received(&mut self, error: io::Error) {
        self.borrow_mut().error_received(error);
    }

    fn connection_lost(&mut self, error: Option<io::Error>) {
        self.borrow_mut().connection_lost(error);
    }

    fn pause_writing(&mut self) {
        self.borrow_mut().pause_writing();
    }

    fn resume_writing(&mut self) {
        self.borrow_mut().resume_writing();
    }
}
