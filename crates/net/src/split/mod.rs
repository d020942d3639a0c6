//! The halves of a stream, borrowed and owned.
//!
//! A half is the right to read, or to write: only one has it, and its methods take `&mut self`, so
//! through halves bytes do not mix. `as_stream` lends the whole stream, past that rule. What the halves
//! do is in `reads` and `writes`; each operation is the stream's.

mod reads;
mod writes;

use std::error::Error;
use std::fmt;
use std::io;
use std::net::{Shutdown, SocketAddr};
use std::sync::Arc;

use crate::stream::TcpStream;

/// The half that reads, borrowed; made by [`TcpStream::split`].
#[derive(Debug)]
pub struct ReadHalf<'a>(pub(crate) &'a TcpStream);

/// The half that writes, borrowed; made by [`TcpStream::split`].
///
/// Dropping it does nothing: the stream is still there.
#[derive(Debug)]
pub struct WriteHalf<'a>(pub(crate) &'a TcpStream);

/// The half that reads, owned; made by [`TcpStream::into_split`].
#[derive(Debug)]
pub struct OwnedReadHalf(pub(crate) Arc<TcpStream>);

/// The half that writes, owned; made by [`TcpStream::into_split`].
///
/// Dropping it shuts down writing: the peer sees the end ([`OwnedWriteHalf::forget`] does not).
#[derive(Debug)]
pub struct OwnedWriteHalf {
    pub(crate) stream: Arc<TcpStream>,
    shut_down_on_drop: bool,
}

pub(crate) fn split(stream: &mut TcpStream) -> (ReadHalf<'_>, WriteHalf<'_>) {
    (ReadHalf(stream), WriteHalf(stream))
}

pub(crate) fn into_split(stream: TcpStream) -> (OwnedReadHalf, OwnedWriteHalf) {
    let stream = Arc::new(stream);
    let write = OwnedWriteHalf { stream: stream.clone(), shut_down_on_drop: true };
    (OwnedReadHalf(stream), write)
}

/// What every half has: the addresses, and the whole stream for its options.
macro_rules! whole {
    ($stream:tt) => {
        /// The whole stream, for its options.
        pub fn as_stream(&self) -> &TcpStream {
            &self.$stream
        }

        /// Our address.
        ///
        /// # Errors
        /// What the system says.
        pub fn local_addr(&self) -> io::Result<SocketAddr> {
            self.$stream.local_addr()
        }

        /// The peer's address.
        ///
        /// # Errors
        /// As [`TcpStream::peer_addr`].
        pub fn peer_addr(&self) -> io::Result<SocketAddr> {
            self.$stream.peer_addr()
        }
    };
}

impl ReadHalf<'_> {
    whole!(0);
}

impl WriteHalf<'_> {
    whole!(0);
}

impl OwnedReadHalf {
    whole!(0);

    /// Puts the stream together again.
    ///
    /// # Errors
    /// If the halves are not of one stream; they are given back.
    pub fn reunite(self, write: OwnedWriteHalf) -> Result<TcpStream, ReuniteError> {
        reunite(self, write)
    }
}

impl OwnedWriteHalf {
    whole!(stream);

    /// Puts the stream together again.
    ///
    /// # Errors
    /// If the halves are not of one stream; they are given back.
    pub fn reunite(self, read: OwnedReadHalf) -> Result<TcpStream, ReuniteError> {
        reunite(read, self)
    }

    /// Drops the half without shutting down writing.
    pub fn forget(mut self) {
        self.shut_down_on_drop = false;
    }
}

impl Drop for OwnedWriteHalf {
    fn drop(&mut self) {
        if self.shut_down_on_drop {
            // Nobody is left to tell: the connection is as good as closed.
            let _ = self.stream.shut_down(Shutdown::Write);
        }
    }
}

fn reunite(read: OwnedReadHalf, write: OwnedWriteHalf) -> Result<TcpStream, ReuniteError> {
    if !Arc::ptr_eq(&read.0, &write.stream) {
        return Err(ReuniteError(read, write));
    }
    write.forget();
    Ok(Arc::into_inner(read.0).expect("two halves are all there are of a stream"))
}

/// The halves were not of one stream. They are given back.
#[derive(Debug)]
pub struct ReuniteError(
    /// The half that reads.
    pub OwnedReadHalf,
    /// The half that writes.
    pub OwnedWriteHalf,
);

impl fmt::Display for ReuniteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the two halves are of different streams: reunite those that one split made")
    }
}

impl Error for ReuniteError {}
