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
use std::net::{self, Shutdown};
use std::sync::Arc;

use crate::kind::Connection;
use crate::stream::ByteStream;

/// The half that reads, borrowed; made by [`ByteStream::split`].
#[derive(Debug)]
pub struct ReadHalf<'a, S = net::TcpStream>(pub(crate) &'a ByteStream<S>);

/// The half that writes, borrowed; made by [`ByteStream::split`].
///
/// Dropping it does nothing: the stream is still there.
#[derive(Debug)]
pub struct WriteHalf<'a, S = net::TcpStream>(pub(crate) &'a ByteStream<S>);

/// The half that reads, owned; made by [`ByteStream::into_split`].
#[derive(Debug)]
pub struct OwnedReadHalf<S = net::TcpStream>(pub(crate) Arc<ByteStream<S>>);

/// The half that writes, owned; made by [`ByteStream::into_split`].
///
/// Dropping it shuts down writing: the peer sees the end ([`OwnedWriteHalf::forget`] does not).
#[derive(Debug)]
pub struct OwnedWriteHalf<S: Connection = net::TcpStream> {
    pub(crate) stream: Arc<ByteStream<S>>,
    shut_down_on_drop: bool,
}

pub(crate) fn split<S>(stream: &mut ByteStream<S>) -> (ReadHalf<'_, S>, WriteHalf<'_, S>) {
    (ReadHalf(stream), WriteHalf(stream))
}

pub(crate) fn into_split<S: Connection>(
    stream: ByteStream<S>,
) -> (OwnedReadHalf<S>, OwnedWriteHalf<S>) {
    let stream = Arc::new(stream);
    let write = OwnedWriteHalf { stream: stream.clone(), shut_down_on_drop: true };
    (OwnedReadHalf(stream), write)
}

/// What every half has: the addresses, and the whole stream for its options.
macro_rules! whole {
    ($stream:tt) => {
        /// The whole stream, for its options.
        pub fn as_stream(&self) -> &ByteStream<S> {
            &self.$stream
        }

        /// Our address.
        ///
        /// # Errors
        /// What the system says.
        pub fn local_addr(&self) -> io::Result<S::Address> {
            self.$stream.local_addr()
        }

        /// The peer's address.
        ///
        /// # Errors
        /// As [`ByteStream::peer_addr`].
        pub fn peer_addr(&self) -> io::Result<S::Address> {
            self.$stream.peer_addr()
        }
    };
}

impl<S: Connection> ReadHalf<'_, S> {
    whole!(0);
}

impl<S: Connection> WriteHalf<'_, S> {
    whole!(0);
}

impl<S: Connection> OwnedReadHalf<S> {
    whole!(0);

    /// Puts the stream together again.
    ///
    /// # Errors
    /// If the halves are not of one stream; they are given back.
    pub fn reunite(self, write: OwnedWriteHalf<S>) -> Result<ByteStream<S>, ReuniteError<S>> {
        reunite(self, write)
    }
}

impl<S: Connection> OwnedWriteHalf<S> {
    whole!(stream);

    /// Puts the stream together again.
    ///
    /// # Errors
    /// If the halves are not of one stream; they are given back.
    pub fn reunite(self, read: OwnedReadHalf<S>) -> Result<ByteStream<S>, ReuniteError<S>> {
        reunite(read, self)
    }

    /// Drops the half without shutting down writing.
    pub fn forget(mut self) {
        self.shut_down_on_drop = false;
    }
}

impl<S: Connection> Drop for OwnedWriteHalf<S> {
    fn drop(&mut self) {
        if self.shut_down_on_drop {
            // Nobody is left to tell: the connection is as good as closed.
            let _ = self.stream.shut_down(Shutdown::Write);
        }
    }
}

fn reunite<S: Connection>(
    read: OwnedReadHalf<S>,
    write: OwnedWriteHalf<S>,
) -> Result<ByteStream<S>, ReuniteError<S>> {
    if !Arc::ptr_eq(&read.0, &write.stream) {
        return Err(ReuniteError(read, write));
    }
    write.forget();
    Ok(Arc::into_inner(read.0).expect("two halves are all there are of a stream"))
}

/// The halves were not of one stream. They are given back.
#[derive(Debug)]
pub struct ReuniteError<S: Connection = net::TcpStream>(
    /// The half that reads.
    pub OwnedReadHalf<S>,
    /// The half that writes.
    pub OwnedWriteHalf<S>,
);

impl<S: Connection> fmt::Display for ReuniteError<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the two halves are of different streams: reunite those that one split made")
    }
}

impl<S: Connection> Error for ReuniteError<S> {}
