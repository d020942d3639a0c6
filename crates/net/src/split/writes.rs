//! The operations of the halves that write, borrowed and owned.

use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::task::{Context, Poll};

use corio_reactor::{Ready, ReadyFuture};
use corio_trace::action::Deed;

use super::{OwnedWriteHalf, WriteHalf};
use crate::deeds::ShutdownDeed;
use crate::kind::Connection;
use crate::stream::{Write, WriteAll, WriteVectored};

/// The operations of a half that writes. Cancel safety is the stream's.
macro_rules! writes {
    ($stream:tt) => {
        /// As [`ByteStream::write`](crate::ByteStream::write).
        ///
        /// # Errors
        /// As [`ByteStream::write`](crate::ByteStream::write).
        ///
        /// # Cancel safety
        /// Dropped before it was ready, it has written nothing.
        #[track_caller]
        pub fn write<'b>(&'b mut self, bytes: &'b [u8]) -> Write<'b, S> {
            self.$stream.write(bytes)
        }

        /// As [`ByteStream::write_vectored`](crate::ByteStream::write_vectored).
        ///
        /// # Errors
        /// As [`ByteStream::write`](crate::ByteStream::write).
        ///
        /// # Cancel safety
        /// Dropped before it was ready, it has written nothing.
        #[track_caller]
        pub fn write_vectored<'b, 's>(
            &'b mut self,
            bytes: &'b [IoSlice<'s>],
        ) -> WriteVectored<'b, 's, S> {
            self.$stream.write_vectored(bytes)
        }

        /// As [`ByteStream::write_all`](crate::ByteStream::write_all).
        ///
        /// # Errors
        /// As [`ByteStream::write_all`](crate::ByteStream::write_all).
        ///
        /// # Cancel safety
        /// None, as [`ByteStream::write_all`](crate::ByteStream::write_all).
        #[track_caller]
        pub fn write_all<'b>(&'b mut self, bytes: &'b [u8]) -> WriteAll<'b, S> {
            self.$stream.write_all(bytes)
        }

        /// As [`ByteStream::try_write`](crate::ByteStream::try_write).
        ///
        /// # Errors
        /// As [`ByteStream::try_write`](crate::ByteStream::try_write).
        pub fn try_write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.$stream.try_write(bytes)
        }

        /// As [`ByteStream::try_write_vectored`](crate::ByteStream::try_write_vectored).
        ///
        /// # Errors
        /// As [`ByteStream::try_write`](crate::ByteStream::try_write).
        pub fn try_write_vectored(&mut self, bytes: &[IoSlice<'_>]) -> io::Result<usize> {
            self.$stream.try_write_vectored(bytes)
        }

        /// Shuts down writing: the peer reads the end.
        ///
        /// # Errors
        /// As [`ByteStream::shutdown`](crate::ByteStream::shutdown).
        ///
        /// # Cancel safety
        /// It ends in its first poll: nothing is ever done by half.
        #[track_caller]
        pub fn shutdown(&mut self) -> impl Future<Output = io::Result<()>> {
            ShutdownDeed::doing(async { self.$stream.shut_down(Shutdown::Write) })
        }

        /// As [`ByteStream::writable`](crate::ByteStream::writable).
        ///
        /// # Errors
        /// As [`ByteStream::readable`](crate::ByteStream::readable).
        ///
        /// # Cancel safety
        /// Dropped, it is forgotten and nothing is lost.
        #[track_caller]
        pub fn writable(&self) -> ReadyFuture<'_> {
            self.$stream.writable()
        }

        /// As [`ByteStream::poll_write`](crate::ByteStream::poll_write).
        ///
        /// # Errors
        /// As [`ByteStream::poll_write`](crate::ByteStream::poll_write).
        #[track_caller]
        pub fn poll_write(
            &mut self,
            context: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            self.$stream.poll_write(context, bytes)
        }

        /// As [`ByteStream::poll_write_vectored`](crate::ByteStream::poll_write_vectored).
        ///
        /// # Errors
        /// As [`ByteStream::poll_write_vectored`](crate::ByteStream::poll_write_vectored).
        #[track_caller]
        pub fn poll_write_vectored(
            &mut self,
            context: &mut Context<'_>,
            bytes: &[IoSlice<'_>],
        ) -> Poll<io::Result<usize>> {
            self.$stream.poll_write_vectored(context, bytes)
        }

        /// As [`ByteStream::poll_write_all`](crate::ByteStream::poll_write_all).
        ///
        /// # Errors
        /// As [`ByteStream::poll_write_all`](crate::ByteStream::poll_write_all).
        ///
        /// # Panics
        /// As [`ByteStream::poll_write_all`](crate::ByteStream::poll_write_all).
        ///
        /// # Cancel safety
        /// It may be given up after any call: `written` says how far it came.
        #[track_caller]
        pub fn poll_write_all(
            &mut self,
            context: &mut Context<'_>,
            bytes: &[u8],
            written: &mut usize,
        ) -> Poll<io::Result<()>> {
            self.$stream.poll_write_all(context, bytes, written)
        }

        /// As [`ByteStream::poll_write_ready`](crate::ByteStream::poll_write_ready).
        ///
        /// # Errors
        /// As [`ByteStream::poll_write_ready`](crate::ByteStream::poll_write_ready).
        #[track_caller]
        pub fn poll_write_ready(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Ready>> {
            self.$stream.poll_write_ready(context)
        }

        /// The poll form of shutting down writing: always ready.
        ///
        /// # Errors
        /// As [`ByteStream::shutdown`](crate::ByteStream::shutdown).
        pub fn poll_shutdown(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
            self.$stream.poll_shutdown(context, Shutdown::Write)
        }

        /// Does nothing, as [`ByteStream::flush`](crate::ByteStream::flush).
        ///
        /// # Errors
        /// None.
        ///
        /// # Cancel safety
        /// It ends in its first poll: nothing is ever done by half.
        pub async fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }

        /// As [`ByteStream::poll_flush`](crate::ByteStream::poll_flush): always ready.
        ///
        /// # Errors
        /// None.
        pub fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
            self.$stream.poll_flush(context)
        }
    };
}

impl<S: Connection> WriteHalf<'_, S> {
    writes!(0);
}

impl<S: Connection> OwnedWriteHalf<S> {
    writes!(stream);
}
