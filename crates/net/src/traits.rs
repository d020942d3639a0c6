//! Conversions of descriptors to our types and back, and the `futures_io` traits.
//!
//! The traits are poll forms: all readers through them are one waiter, and so are all writers.

use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};

use crate::datagram::DatagramSocket;
use crate::kind::{Connection, Datagrams, Kind, Listens, Reads, Writes};
use crate::listener::Listener;
use crate::split::{OwnedReadHalf, OwnedWriteHalf, ReadHalf, WriteHalf};
use crate::stream::ByteStream;

macro_rules! async_read {
    ($type:ty, $bound:ident, $stream:ident => $whole:expr) => {
        impl<S: $bound> AsyncRead for $type {
            fn poll_read(
                self: Pin<&mut Self>,
                context: &mut Context<'_>,
                buffer: &mut [u8],
            ) -> Poll<io::Result<usize>> {
                let $stream = &*self;
                $whole.poll_read(context, buffer)
            }

            fn poll_read_vectored(
                self: Pin<&mut Self>,
                context: &mut Context<'_>,
                buffers: &mut [IoSliceMut<'_>],
            ) -> Poll<io::Result<usize>> {
                let $stream = &*self;
                $whole.poll_read_vectored(context, buffers)
            }
        }
    };
}

macro_rules! async_write {
    ($type:ty, $bound:ident, $stream:ident => $whole:expr) => {
        impl<S: $bound> AsyncWrite for $type {
            fn poll_write(
                self: Pin<&mut Self>,
                context: &mut Context<'_>,
                bytes: &[u8],
            ) -> Poll<io::Result<usize>> {
                let $stream = &*self;
                $whole.poll_write(context, bytes)
            }

            fn poll_write_vectored(
                self: Pin<&mut Self>,
                context: &mut Context<'_>,
                bytes: &[IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                let $stream = &*self;
                $whole.poll_write_vectored(context, bytes)
            }

            fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
                let $stream = &*self;
                $whole.poll_flush(context)
            }

            /// Shuts down writing. A pipe has no such thing: there the end is when it is dropped.
            fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                let $stream = &*self;
                Poll::Ready($whole.close_writing())
            }
        }
    };
}

async_read!(ByteStream<S>, Reads, stream => stream);
async_write!(ByteStream<S>, Writes, stream => stream);
async_read!(&ByteStream<S>, Reads, stream => stream);
async_write!(&ByteStream<S>, Writes, stream => stream);
async_read!(ReadHalf<'_, S>, Connection, half => half.0);
async_write!(WriteHalf<'_, S>, Connection, half => half.0);
async_read!(OwnedReadHalf<S>, Connection, half => half.0);
async_write!(OwnedWriteHalf<S>, Connection, half => half.stream);

macro_rules! conversions {
    ($type:ty, $bound:ident) => {
        impl<S: $bound> AsFd for $type {
            fn as_fd(&self) -> BorrowedFd<'_> {
                self.io.as_fd()
            }
        }

        impl<S: $bound> AsRawFd for $type {
            fn as_raw_fd(&self) -> RawFd {
                self.io.as_raw_fd()
            }
        }

        /// Of a descriptor that must be of this kind, made non-blocking here and registered by
        /// its first use: with the loop of the thread that makes that use, or with the process's
        /// own where there is none, for good.
        ///
        /// If that fails, the first use says why: the error has the system's kind and names the
        /// descriptor. `into_std`, [`AsFd`] and dropping work all the same. A descriptor that is
        /// of another kind is refused by the system at the first use, too. `from_std` registers,
        /// and fails, at once.
        impl<S: $bound> From<OwnedFd> for $type {
            fn from(fd: OwnedFd) -> Self {
                Self::unregistered(fd.into())
            }
        }

        impl<S: $bound> From<$type> for OwnedFd {
            /// The descriptor, deregistered if it was registered, and still non-blocking.
            fn from(outer: $type) -> OwnedFd {
                outer.into_std().into()
            }
        }
    };
}

conversions!(ByteStream<S>, Kind);
conversions!(Listener<S>, Listens);
conversions!(DatagramSocket<S>, Datagrams);
