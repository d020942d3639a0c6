//! The operations of the halves that read, borrowed and owned.

use std::io::{self, IoSliceMut};
use std::task::{Context, Poll};

use corio_reactor::{Ready, ReadyFuture};

use super::{OwnedReadHalf, ReadHalf};
use crate::stream::{Peek, Read, ReadBuf, ReadExact, ReadToEnd, ReadVectored};

/// The operations of a half that reads. Cancel safety is the stream's.
macro_rules! reads {
    ($stream:tt) => {
        /// As [`TcpStream::read`](crate::TcpStream::read).
        ///
        /// # Errors
        /// As [`TcpStream::read`](crate::TcpStream::read).
        ///
        /// # Cancel safety
        /// Dropped before it was ready, it has read nothing.
        #[track_caller]
        pub fn read<'b>(&'b mut self, buffer: &'b mut [u8]) -> Read<'b> {
            self.$stream.read(buffer)
        }

        /// As [`TcpStream::read_vectored`](crate::TcpStream::read_vectored).
        ///
        /// # Errors
        /// As [`TcpStream::read`](crate::TcpStream::read).
        ///
        /// # Cancel safety
        /// Dropped before it was ready, it has read nothing.
        #[track_caller]
        pub fn read_vectored<'b, 's>(
            &'b mut self,
            buffers: &'b mut [IoSliceMut<'s>],
        ) -> ReadVectored<'b, 's> {
            self.$stream.read_vectored(buffers)
        }

        /// As [`TcpStream::read_buf`](crate::TcpStream::read_buf).
        ///
        /// # Errors
        /// As [`TcpStream::read`](crate::TcpStream::read).
        ///
        /// # Cancel safety
        /// Dropped before it was ready, it has read nothing.
        #[track_caller]
        pub fn read_buf<'b>(&'b mut self, buffer: &'b mut Vec<u8>) -> ReadBuf<'b> {
            self.$stream.read_buf(buffer)
        }

        /// As [`TcpStream::read_exact`](crate::TcpStream::read_exact).
        ///
        /// # Errors
        /// As [`TcpStream::read_exact`](crate::TcpStream::read_exact).
        ///
        /// # Cancel safety
        /// None, as [`TcpStream::read_exact`](crate::TcpStream::read_exact).
        #[track_caller]
        pub fn read_exact<'b>(&'b mut self, buffer: &'b mut [u8]) -> ReadExact<'b> {
            self.$stream.read_exact(buffer)
        }

        /// As [`TcpStream::read_to_end`](crate::TcpStream::read_to_end).
        ///
        /// # Errors
        /// As [`TcpStream::read_to_end`](crate::TcpStream::read_to_end).
        ///
        /// # Cancel safety
        /// As [`TcpStream::read_to_end`](crate::TcpStream::read_to_end).
        #[track_caller]
        pub fn read_to_end<'b>(&'b mut self, buffer: &'b mut Vec<u8>) -> ReadToEnd<'b> {
            self.$stream.read_to_end(buffer)
        }

        /// As [`TcpStream::peek`](crate::TcpStream::peek).
        ///
        /// # Errors
        /// As [`TcpStream::read`](crate::TcpStream::read).
        ///
        /// # Cancel safety
        /// It takes nothing.
        #[track_caller]
        pub fn peek<'b>(&'b mut self, buffer: &'b mut [u8]) -> Peek<'b> {
            self.$stream.peek(buffer)
        }

        /// As [`TcpStream::try_read`](crate::TcpStream::try_read).
        ///
        /// # Errors
        /// As [`TcpStream::try_read`](crate::TcpStream::try_read).
        pub fn try_read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.$stream.try_read(buffer)
        }

        /// As [`TcpStream::try_read_vectored`](crate::TcpStream::try_read_vectored).
        ///
        /// # Errors
        /// As [`TcpStream::try_read`](crate::TcpStream::try_read).
        pub fn try_read_vectored(&mut self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
            self.$stream.try_read_vectored(buffers)
        }

        /// As [`TcpStream::try_peek`](crate::TcpStream::try_peek).
        ///
        /// # Errors
        /// As [`TcpStream::try_read`](crate::TcpStream::try_read).
        pub fn try_peek(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.$stream.try_peek(buffer)
        }

        /// As [`TcpStream::readable`](crate::TcpStream::readable).
        ///
        /// # Errors
        /// As [`TcpStream::readable`](crate::TcpStream::readable).
        ///
        /// # Cancel safety
        /// Dropped, it is forgotten and nothing is lost.
        #[track_caller]
        pub fn readable(&self) -> ReadyFuture<'_> {
            self.$stream.readable()
        }

        /// As [`TcpStream::poll_read`](crate::TcpStream::poll_read).
        ///
        /// # Errors
        /// As [`TcpStream::poll_read`](crate::TcpStream::poll_read).
        #[track_caller]
        pub fn poll_read(
            &mut self,
            context: &mut Context<'_>,
            buffer: &mut [u8],
        ) -> Poll<io::Result<usize>> {
            self.$stream.poll_read(context, buffer)
        }

        /// As [`TcpStream::poll_read_vectored`](crate::TcpStream::poll_read_vectored).
        ///
        /// # Errors
        /// As [`TcpStream::poll_read_vectored`](crate::TcpStream::poll_read_vectored).
        #[track_caller]
        pub fn poll_read_vectored(
            &mut self,
            context: &mut Context<'_>,
            buffers: &mut [IoSliceMut<'_>],
        ) -> Poll<io::Result<usize>> {
            self.$stream.poll_read_vectored(context, buffers)
        }

        /// As [`TcpStream::poll_read_buf`](crate::TcpStream::poll_read_buf).
        ///
        /// # Errors
        /// As [`TcpStream::poll_read_buf`](crate::TcpStream::poll_read_buf).
        #[track_caller]
        pub fn poll_read_buf(
            &mut self,
            context: &mut Context<'_>,
            buffer: &mut Vec<u8>,
        ) -> Poll<io::Result<usize>> {
            self.$stream.poll_read_buf(context, buffer)
        }

        /// As [`TcpStream::poll_read_exact`](crate::TcpStream::poll_read_exact).
        ///
        /// # Errors
        /// As [`TcpStream::poll_read_exact`](crate::TcpStream::poll_read_exact).
        ///
        /// # Panics
        /// As [`TcpStream::poll_read_exact`](crate::TcpStream::poll_read_exact).
        ///
        /// # Cancel safety
        /// It may be given up after any call: `filled` says how far it came.
        #[track_caller]
        pub fn poll_read_exact(
            &mut self,
            context: &mut Context<'_>,
            buffer: &mut [u8],
            filled: &mut usize,
        ) -> Poll<io::Result<()>> {
            self.$stream.poll_read_exact(context, buffer, filled)
        }

        /// As [`TcpStream::poll_read_to_end`](crate::TcpStream::poll_read_to_end).
        ///
        /// # Errors
        /// As [`TcpStream::poll_read_to_end`](crate::TcpStream::poll_read_to_end).
        ///
        /// # Cancel safety
        /// It may be given up after any call: what it has read is in `buffer`.
        #[track_caller]
        pub fn poll_read_to_end(
            &mut self,
            context: &mut Context<'_>,
            buffer: &mut Vec<u8>,
            appended: &mut usize,
        ) -> Poll<io::Result<usize>> {
            self.$stream.poll_read_to_end(context, buffer, appended)
        }

        /// As [`TcpStream::poll_peek`](crate::TcpStream::poll_peek).
        ///
        /// # Errors
        /// As [`TcpStream::poll_peek`](crate::TcpStream::poll_peek).
        #[track_caller]
        pub fn poll_peek(
            &mut self,
            context: &mut Context<'_>,
            buffer: &mut [u8],
        ) -> Poll<io::Result<usize>> {
            self.$stream.poll_peek(context, buffer)
        }

        /// As [`TcpStream::poll_read_ready`](crate::TcpStream::poll_read_ready).
        ///
        /// # Errors
        /// As [`TcpStream::poll_read_ready`](crate::TcpStream::poll_read_ready).
        #[track_caller]
        pub fn poll_read_ready(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Ready>> {
            self.$stream.poll_read_ready(context)
        }
    };
}

impl ReadHalf<'_> {
    reads!(0);
}

impl OwnedReadHalf {
    reads!(0);
}
