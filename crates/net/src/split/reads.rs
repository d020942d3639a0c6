//! The operations of the halves that read, borrowed and owned.

use std::io::{self, IoSliceMut};
use std::task::{Context, Poll};

use corio_reactor::{Ready, ReadyFuture};

use super::{OwnedReadHalf, ReadHalf};
use crate::kind::Connection;
use crate::stream::{Peek, Read, ReadBuf, ReadExact, ReadToEnd, ReadVectored};

/// The operations of a half that reads. Cancel safety is the stream's.
macro_rules! reads {
    ($stream:tt) => {
        /// As [`ByteStream::read`](crate::ByteStream::read).
        ///
        /// # Errors
        /// As [`ByteStream::read`](crate::ByteStream::read).
        ///
        /// # Cancel safety
        /// Dropped before it was ready, it has read nothing.
        #[track_caller]
        pub fn read<'b>(&'b mut self, buffer: &'b mut [u8]) -> Read<'b, S> {
            self.$stream.read(buffer)
        }

        /// As [`ByteStream::read_vectored`](crate::ByteStream::read_vectored).
        ///
        /// # Errors
        /// As [`ByteStream::read`](crate::ByteStream::read).
        ///
        /// # Cancel safety
        /// Dropped before it was ready, it has read nothing.
        #[track_caller]
        pub fn read_vectored<'b, 's>(
            &'b mut self,
            buffers: &'b mut [IoSliceMut<'s>],
        ) -> ReadVectored<'b, 's, S> {
            self.$stream.read_vectored(buffers)
        }

        /// As [`ByteStream::read_buf`](crate::ByteStream::read_buf).
        ///
        /// # Errors
        /// As [`ByteStream::read`](crate::ByteStream::read).
        ///
        /// # Cancel safety
        /// Dropped before it was ready, it has read nothing.
        #[track_caller]
        pub fn read_buf<'b>(&'b mut self, buffer: &'b mut Vec<u8>) -> ReadBuf<'b, S> {
            self.$stream.read_buf(buffer)
        }

        /// As [`ByteStream::read_exact`](crate::ByteStream::read_exact).
        ///
        /// # Errors
        /// As [`ByteStream::read_exact`](crate::ByteStream::read_exact).
        ///
        /// # Cancel safety
        /// None, as [`ByteStream::read_exact`](crate::ByteStream::read_exact).
        #[track_caller]
        pub fn read_exact<'b>(&'b mut self, buffer: &'b mut [u8]) -> ReadExact<'b, S> {
            self.$stream.read_exact(buffer)
        }

        /// As [`ByteStream::read_to_end`](crate::ByteStream::read_to_end).
        ///
        /// # Errors
        /// As [`ByteStream::read_to_end`](crate::ByteStream::read_to_end).
        ///
        /// # Cancel safety
        /// As [`ByteStream::read_to_end`](crate::ByteStream::read_to_end).
        #[track_caller]
        pub fn read_to_end<'b>(&'b mut self, buffer: &'b mut Vec<u8>) -> ReadToEnd<'b, S> {
            self.$stream.read_to_end(buffer)
        }

        /// As [`ByteStream::peek`](crate::ByteStream::peek).
        ///
        /// # Errors
        /// As [`ByteStream::read`](crate::ByteStream::read).
        ///
        /// # Cancel safety
        /// It takes nothing.
        #[track_caller]
        pub fn peek<'b>(&'b mut self, buffer: &'b mut [u8]) -> Peek<'b, S> {
            self.$stream.peek(buffer)
        }

        /// As [`ByteStream::try_read`](crate::ByteStream::try_read).
        ///
        /// # Errors
        /// As [`ByteStream::try_read`](crate::ByteStream::try_read).
        pub fn try_read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.$stream.try_read(buffer)
        }

        /// As [`ByteStream::try_read_vectored`](crate::ByteStream::try_read_vectored).
        ///
        /// # Errors
        /// As [`ByteStream::try_read`](crate::ByteStream::try_read).
        pub fn try_read_vectored(&mut self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
            self.$stream.try_read_vectored(buffers)
        }

        /// As [`ByteStream::try_peek`](crate::ByteStream::try_peek).
        ///
        /// # Errors
        /// As [`ByteStream::try_read`](crate::ByteStream::try_read).
        pub fn try_peek(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.$stream.try_peek(buffer)
        }

        /// As [`ByteStream::readable`](crate::ByteStream::readable).
        ///
        /// # Errors
        /// As [`ByteStream::readable`](crate::ByteStream::readable).
        ///
        /// # Cancel safety
        /// Dropped, it is forgotten and nothing is lost.
        #[track_caller]
        pub fn readable(&self) -> ReadyFuture<'_> {
            self.$stream.readable()
        }

        /// As [`ByteStream::poll_read`](crate::ByteStream::poll_read).
        ///
        /// # Errors
        /// As [`ByteStream::poll_read`](crate::ByteStream::poll_read).
        #[track_caller]
        pub fn poll_read(
            &mut self,
            context: &mut Context<'_>,
            buffer: &mut [u8],
        ) -> Poll<io::Result<usize>> {
            self.$stream.poll_read(context, buffer)
        }

        /// As [`ByteStream::poll_read_vectored`](crate::ByteStream::poll_read_vectored).
        ///
        /// # Errors
        /// As [`ByteStream::poll_read_vectored`](crate::ByteStream::poll_read_vectored).
        #[track_caller]
        pub fn poll_read_vectored(
            &mut self,
            context: &mut Context<'_>,
            buffers: &mut [IoSliceMut<'_>],
        ) -> Poll<io::Result<usize>> {
            self.$stream.poll_read_vectored(context, buffers)
        }

        /// As [`ByteStream::poll_read_buf`](crate::ByteStream::poll_read_buf).
        ///
        /// # Errors
        /// As [`ByteStream::poll_read_buf`](crate::ByteStream::poll_read_buf).
        #[track_caller]
        pub fn poll_read_buf(
            &mut self,
            context: &mut Context<'_>,
            buffer: &mut Vec<u8>,
        ) -> Poll<io::Result<usize>> {
            self.$stream.poll_read_buf(context, buffer)
        }

        /// As [`ByteStream::poll_read_exact`](crate::ByteStream::poll_read_exact).
        ///
        /// # Errors
        /// As [`ByteStream::poll_read_exact`](crate::ByteStream::poll_read_exact).
        ///
        /// # Panics
        /// As [`ByteStream::poll_read_exact`](crate::ByteStream::poll_read_exact).
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

        /// As [`ByteStream::poll_read_to_end`](crate::ByteStream::poll_read_to_end).
        ///
        /// # Errors
        /// As [`ByteStream::poll_read_to_end`](crate::ByteStream::poll_read_to_end).
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

        /// As [`ByteStream::poll_peek`](crate::ByteStream::poll_peek).
        ///
        /// # Errors
        /// As [`ByteStream::poll_peek`](crate::ByteStream::poll_peek).
        #[track_caller]
        pub fn poll_peek(
            &mut self,
            context: &mut Context<'_>,
            buffer: &mut [u8],
        ) -> Poll<io::Result<usize>> {
            self.$stream.poll_peek(context, buffer)
        }

        /// As [`ByteStream::poll_read_ready`](crate::ByteStream::poll_read_ready).
        ///
        /// # Errors
        /// As [`ByteStream::poll_read_ready`](crate::ByteStream::poll_read_ready).
        #[track_caller]
        pub fn poll_read_ready(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Ready>> {
            self.$stream.poll_read_ready(context)
        }
    };
}

impl<S: Connection> ReadHalf<'_, S> {
    reads!(0);
}

impl<S: Connection> OwnedReadHalf<S> {
    reads!(0);
}
