//! [`Transport`]: a connection as its protocol has it. The face of `wire`, which does the work.

use std::any::Any;
use std::fmt;
use std::io::{self, IoSlice};
use std::rc::Rc;

use super::traits::Handler;
use super::wire::Wire;
use crate::connection::Address;

/// A connection, to be written to and ended: asyncio's `Transport`. Clones are the same one.
///
/// It belongs to the loop's thread. What it is asked for happens at once, as far as the system goes along,
/// but calls no callback: those come after the callback, or the task, that asked has returned.
///
/// Dropping it ends nothing: the connection is the loop's until it is closed, by either side.
#[derive(Clone)]
pub struct Transport(pub(super) Rc<Wire>);

impl Transport {
    pub(super) fn new(wire: Rc<Wire>) -> Self {
        Transport(wire)
    }

    /// Sends `data`: as much as the system takes at once, unless something is unsent already; the rest
    /// is kept, and sent when there is room.
    ///
    /// After [`Transport::close`], or when the connection has failed, it does nothing. A program that
    /// does not notice, and goes on, is told in the log at the fifth time.
    ///
    /// # Panics
    /// After [`Transport::write_eof`]: the peer was told that nothing follows.
    #[inline]
    #[track_caller]
    pub fn write(&self, data: &[u8]) {
        self.0.write(data);
    }

    /// Sends several pieces, with one system call if the system takes them: asyncio's `writelines`.
    ///
    /// # Panics
    /// As [`Transport::write`].
    #[track_caller]
    #[doc(alias = "writelines")]
    pub fn write_vectored(&self, pieces: &[IoSlice<'_>]) {
        self.0.write_vectored(pieces);
    }

    /// Ends the direction out after what is unsent; the connection stays, to be read.
    ///
    /// # Errors
    /// `Unsupported` if this connection cannot end one direction alone
    /// ([`Transport::can_write_eof`]).
    pub fn write_eof(&self) -> io::Result<()> {
        self.0.write_eof()
    }

    /// Whether one direction can be ended alone.
    pub fn can_write_eof(&self) -> bool {
        self.0.can_write_eof()
    }

    /// Reads no more until [`Transport::resume_reading`]. What has come waits in the system, and in the
    /// end holds up the peer.
    pub fn pause_reading(&self) {
        self.0.pause_reading();
    }

    /// Reads again.
    pub fn resume_reading(&self) {
        self.0.resume_reading();
    }

    /// Whether what comes is read: it is neither paused nor closing.
    pub fn is_reading(&self) -> bool {
        self.0.is_reading()
    }

    /// Ends the connection after what is unsent; nothing more is read.
    pub fn close(&self) {
        self.0.close();
    }

    /// Ends the connection now; what is unsent is dropped.
    pub fn abort(&self) {
        self.0.abort(None);
    }

    /// Whether it is closed, or about to be.
    pub fn is_closing(&self) -> bool {
        self.0.is_closing()
    }

    /// When the protocol is told to pause and to resume writing. By default 64 KiB and a quarter of that;
    /// one that is not given follows from the other. High water 0 pauses as soon as anything is unsent. They
    /// count at once: who is paused goes on if no more is unsent than the new low mark.
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

    /// How many bytes are unsent.
    pub fn get_write_buffer_size(&self) -> usize {
        self.0.unsent()
    }

    /// Our address.
    ///
    /// # Errors
    /// `NotConnected` once the connection has ended, and what the system says.
    pub fn local_addr(&self) -> io::Result<Address> {
        self.0.local_addr()
    }

    /// The peer's address.
    ///
    /// # Errors
    /// As [`Transport::local_addr`]; a connection that was accepted knows it to the end.
    pub fn peer_addr(&self) -> io::Result<Address> {
        self.0.peer_addr()
    }

    /// What else there is to know of the connection: asyncio's `get_extra_info`. Over TLS there is a
    /// `tls::TlsInfo`. `None` if there is no `T`, or the connection has ended.
    #[doc(alias = "get_extra_info")]
    pub fn extra_info<T: Any + Clone>(&self) -> Option<T> {
        self.0.extra_info()
    }

    /// Gives the connection to another protocol, of either kind, from the next callback on. It is not
    /// told that the connection is made.
    pub fn set_protocol(&self, protocol: impl Handler) {
        self.0.set_protocol(protocol.into_callbacks());
    }
}

impl PartialEq for Transport {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Transport {}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
