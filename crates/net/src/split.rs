//! The halves of a stream, borrowed and owned.
//!
//! A half is the right to read, or to write: only one has it, and its methods take `&mut self`, so
//! through halves bytes do not mix. `as_stream` lends the whole stream, past that rule.

use std::error::Error;
use std::fmt;
use std::io::{self, IoSlice, IoSliceMut};
use std::net::{Shutdown, SocketAddr};
use std::sync::Arc;

use corio_reactor::ReadyFuture;

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

/// The operations of a half that reads. Cancel safety is the stream's.
macro_rules! reads {
    ($stream:tt) => {
        /// As [`TcpStream::read`].
        ///
        /// # Errors
        /// As [`TcpStream::read`].
        ///
        /// # Cancel safety
        /// Dropped before it was ready, it has read nothing.
        #[track_caller]
        pub fn read<'b>(
            &'b mut self,
            buffer: &'b mut [u8],
        ) -> impl Future<Output = io::Result<usize>> + Send + Unpin {
            self.$stream.read(buffer)
        }

        /// As [`TcpStream::read_vectored`].
        ///
        /// # Errors
        /// As [`TcpStream::read`].
        ///
        /// # Cancel safety
        /// Dropped before it was ready, it has read nothing.
        #[track_caller]
        pub fn read_vectored<'b, 's>(
            &'b mut self,
            buffers: &'b mut [IoSliceMut<'s>],
        ) -> impl Future<Output = io::Result<usize>> + Send + Unpin {
            self.$stream.read_vectored(buffers)
        }

        /// As [`TcpStream::read_buf`].
        ///
        /// # Errors
        /// As [`TcpStream::read`].
        ///
        /// # Cancel safety
        /// Dropped before it was ready, it has read nothing.
        #[track_caller]
        pub fn read_buf<'b>(
            &'b mut self,
            buffer: &'b mut Vec<u8>,
        ) -> impl Future<Output = io::Result<usize>> + Send + Unpin {
            self.$stream.read_buf(buffer)
        }

        /// As [`TcpStream::read_exact`].
        ///
        /// # Errors
        /// As [`TcpStream::read_exact`].
        ///
        /// # Cancel safety
        /// None, as [`TcpStream::read_exact`].
        pub async fn read_exact(&mut self, buffer: &mut [u8]) -> io::Result<()> {
            self.$stream.read_exact(buffer).await
        }

        /// As [`TcpStream::read_to_end`].
        ///
        /// # Errors
        /// As [`TcpStream::read_to_end`].
        ///
        /// # Cancel safety
        /// As [`TcpStream::read_to_end`].
        pub async fn read_to_end(&mut self, buffer: &mut Vec<u8>) -> io::Result<usize> {
            self.$stream.read_to_end(buffer).await
        }

        /// As [`TcpStream::peek`].
        ///
        /// # Errors
        /// As [`TcpStream::read`].
        ///
        /// # Cancel safety
        /// It takes nothing.
        #[track_caller]
        pub fn peek<'b>(
            &'b mut self,
            buffer: &'b mut [u8],
        ) -> impl Future<Output = io::Result<usize>> + Send + Unpin {
            self.$stream.peek(buffer)
        }

        /// As [`TcpStream::try_read`].
        ///
        /// # Errors
        /// As [`TcpStream::try_read`].
        pub fn try_read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.$stream.try_read(buffer)
        }

        /// As [`TcpStream::readable`].
        ///
        /// # Errors
        /// As [`TcpStream::readable`].
        ///
        /// # Cancel safety
        /// Dropped, it is forgotten and nothing is lost.
        #[track_caller]
        pub fn readable(&self) -> ReadyFuture<'_> {
            self.$stream.readable()
        }
    };
}

/// The operations of a half that writes. Cancel safety is the stream's.
macro_rules! writes {
    ($stream:tt) => {
        /// As [`TcpStream::write`].
        ///
        /// # Errors
        /// As [`TcpStream::write`].
        ///
        /// # Cancel safety
        /// Dropped before it was ready, it has written nothing.
        #[track_caller]
        pub fn write<'b>(
            &'b mut self,
            bytes: &'b [u8],
        ) -> impl Future<Output = io::Result<usize>> + Send + Unpin {
            self.$stream.write(bytes)
        }

        /// As [`TcpStream::write_vectored`].
        ///
        /// # Errors
        /// As [`TcpStream::write`].
        ///
        /// # Cancel safety
        /// Dropped before it was ready, it has written nothing.
        #[track_caller]
        pub fn write_vectored<'b, 's>(
            &'b mut self,
            bytes: &'b [IoSlice<'s>],
        ) -> impl Future<Output = io::Result<usize>> + Send + Unpin {
            self.$stream.write_vectored(bytes)
        }

        /// As [`TcpStream::write_all`].
        ///
        /// # Errors
        /// As [`TcpStream::write_all`].
        ///
        /// # Cancel safety
        /// None, as [`TcpStream::write_all`].
        #[track_caller]
        pub fn write_all<'b>(
            &'b mut self,
            bytes: &'b [u8],
        ) -> impl Future<Output = io::Result<()>> + Send + Unpin {
            self.$stream.write_all(bytes)
        }

        /// As [`TcpStream::try_write`].
        ///
        /// # Errors
        /// As [`TcpStream::try_write`].
        pub fn try_write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.$stream.try_write(bytes)
        }

        /// Shuts down writing: the peer reads the end.
        ///
        /// # Errors
        /// As [`TcpStream::shutdown`].
        pub async fn shutdown(&mut self) -> io::Result<()> {
            self.$stream.shut_down(Shutdown::Write)
        }

        /// As [`TcpStream::writable`].
        ///
        /// # Errors
        /// As [`TcpStream::readable`].
        ///
        /// # Cancel safety
        /// Dropped, it is forgotten and nothing is lost.
        #[track_caller]
        pub fn writable(&self) -> ReadyFuture<'_> {
            self.$stream.writable()
        }
    };
}

/// What every half has: the addresses, and the whole stream for its options.
macro_rules! whole {
    ($stream:tt) => {
        /// The whole stream, for its options and its poll forms.
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
    reads!(0);
}

impl WriteHalf<'_> {
    whole!(0);
    writes!(0);
}

impl OwnedReadHalf {
    whole!(0);
    reads!(0);

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
    writes!(stream);

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
