//! The operations of the halves that write, borrowed and owned.

use std::io::{self, IoSlice};
use std::net::Shutdown;
use std::task::{Context, Poll};

use corio_reactor::{Ready, ReadyFuture};

use super::{OwnedWriteHalf, WriteHalf};
use crate::stream::{Write, WriteAll, WriteVectored};

/// The operations of a half that writes. Cancel safety is the stream's.
macro_rules! writes {
    ($stream:tt) => {
        /// As [`TcpStream::write`](crate::TcpStream::write).
        ///
        /// # Errors
        /// As [`TcpStream::write`](crate::TcpStream::write).
        ///
        /// # Cancel safety
        /// Dropped before it was ready, it has written nothing.
        #[track_caller]
        pub fn write<'b>(&'b mut self, bytes: &'b [u8]) -> Write<'b> {
            self.$stream.write(bytes)
        }

        /// As [`TcpStream::write_vectored`](crate::TcpStream::write_vectored).
        ///
        /// # Errors
        /// As [`TcpStream::write`](crate::TcpStream::write).
        ///
        /// # Cancel safety
        /// Dropped before it was ready, it has written nothing.
        #[track_caller]
        pub fn write_vectored<'b, 's>(
            &'b mut self,
            bytes: &'b [IoSlice<'s>],
        ) -> WriteVectored<'b, 's> {
            self.$stream.write_vectored(bytes)
        }

        /// As [`TcpStream::write_all`](crate::TcpStream::write_all).
        ///
        /// # Errors
        /// As [`TcpStream::write_all`](crate::TcpStream::write_all).
        ///
        /// # Cancel safety
        /// None, as [`TcpStream::write_all`](crate::TcpStream::write_all).
        #[track_caller]
        pub fn write_all<'b>(&'b mut self, bytes: &'b [u8]) -> WriteAll<'b> {
            self.$stream.write_all(bytes)
        }

        /// As [`TcpStream::try_write`](crate::TcpStream::try_write).
        ///
        /// # Errors
        /// As [`TcpStream::try_write`](crate::TcpStream::try_write).
        pub fn try_write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.$stream.try_write(bytes)
        }

        /// As [`TcpStream::try_write_vectored`](crate::TcpStream::try_write_vectored).
        ///
        /// # Errors
        /// As [`TcpStream::try_write`](crate::TcpStream::try_write).
        pub fn try_write_vectored(&mut self, bytes: &[IoSlice<'_>]) -> io::Result<usize> {
            self.$stream.try_write_vectored(bytes)
        }

        /// Shuts down writing: the peer reads the end.
        ///
        /// # Errors
        /// As [`TcpStream::shutdown`](crate::TcpStream::shutdown).
        pub async fn shutdown(&mut self) -> io::Result<()> {
            self.$stream.shut_down(Shutdown::Write)
        }

        /// As [`TcpStream::writable`](crate::TcpStream::writable).
        ///
        /// # Errors
        /// As [`TcpStream::readable`](crate::TcpStream::readable).
        ///
        /// # Cancel safety
        /// Dropped, it is forgotten and nothing is lost.
        #[track_caller]
        pub fn writable(&self) -> ReadyFuture<'_> {
            self.$stream.writable()
        }

        /// As [`TcpStream::poll_write`](crate::TcpStream::poll_write).
        ///
        /// # Errors
        /// As [`TcpStream::poll_write`](crate::TcpStream::poll_write).
        #[track_caller]
        pub fn poll_write(
            &mut self,
            context: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            self.$stream.poll_write(context, bytes)
        }

        /// As [`TcpStream::poll_write_vectored`](crate::TcpStream::poll_write_vectored).
        ///
        /// # Errors
        /// As [`TcpStream::poll_write_vectored`](crate::TcpStream::poll_write_vectored).
        #[track_caller]
        pub fn poll_write_vectored(
            &mut self,
            context: &mut Context<'_>,
            bytes: &[IoSlice<'_>],
        ) -> Poll<io::Result<usize>> {
            self.$stream.poll_write_vectored(context, bytes)
        }

        /// As [`TcpStream::poll_write_all`](crate::TcpStream::poll_write_all).
        ///
        /// # Errors
        /// As [`TcpStream::poll_write_all`](crate::TcpStream::poll_write_all).
        ///
        /// # Panics
        /// As [`TcpStream::poll_write_all`](crate::TcpStream::poll_write_all).
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

        /// As [`TcpStream::poll_write_ready`](crate::TcpStream::poll_write_ready).
        ///
        /// # Errors
        /// As [`TcpStream::poll_write_ready`](crate::TcpStream::poll_write_ready).
        #[track_caller]
        pub fn poll_write_ready(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Ready>> {
            self.$stream.poll_write_ready(context)
        }

        /// The poll form of shutting down writing: always ready.
        ///
        /// # Errors
        /// As [`TcpStream::shutdown`](crate::TcpStream::shutdown).
        pub fn poll_shutdown(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
            self.$stream.poll_shutdown(context, Shutdown::Write)
        }

        /// Does nothing, as [`TcpStream::flush`](crate::TcpStream::flush).
        ///
        /// # Errors
        /// None.
        pub async fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }

        /// As [`TcpStream::poll_flush`](crate::TcpStream::poll_flush): always ready.
        ///
        /// # Errors
        /// None.
        pub fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
            self.$stream.poll_flush(context)
        }
    };
}

impl WriteHalf<'_> {
    writes!(0);
}

impl OwnedWriteHalf {
    writes!(stream);
}
