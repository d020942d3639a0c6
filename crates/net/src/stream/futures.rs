//! The operations of a stream as futures.
//!
//! The simple ones return the reactor's future itself instead of wrapping it in an `async fn`: a
//! server holds one of them per idle connection, and a wrapper would hold the arguments twice.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::Shutdown;
use std::pin::Pin;
use std::task::{Context, Poll};

use corio_reactor::{After, Direction, ReadyFuture};

use super::TcpStream;
use crate::ops;

/// An operation, unless there is nothing to move: that needs no readiness and waits for nothing. As
/// large as the operation.
struct UnlessNothing<F>(Option<F>);

impl<F> UnlessNothing<F> {
    #[inline]
    fn new(nothing: bool, operation: F) -> Self {
        UnlessNothing(if nothing { None } else { Some(operation) })
    }
}

impl<F, R> Future for UnlessNothing<F>
where
    F: Future<Output = io::Result<R>> + Unpin,
    R: Default,
{
    type Output = io::Result<R>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<R>> {
        match &mut self.0 {
            Some(operation) => Pin::new(operation).poll(context),
            None => Poll::Ready(Ok(R::default())),
        }
    }
}

/// What [`TcpStream::read_to_end`] asks for at least: a page's worth, two short messages.
const READ_TO_END_MIN: usize = 4096;

impl TcpStream {
    /// Waits until a read is worth trying ([`TcpStream::try_read`]).
    ///
    /// # Errors
    /// If the loop that the stream was registered with has ended.
    ///
    /// # Cancel safety
    /// Dropped, it is forgotten and nothing is lost.
    #[track_caller]
    pub fn readable(&self) -> ReadyFuture<'_> {
        self.io.readable()
    }

    /// Waits until a write is worth trying ([`TcpStream::try_write`]).
    ///
    /// # Errors
    /// As [`TcpStream::readable`].
    ///
    /// # Cancel safety
    /// Dropped, it is forgotten and nothing is lost.
    #[track_caller]
    pub fn writable(&self) -> ReadyFuture<'_> {
        self.io.writable()
    }

    /// Reads what there is, up to the buffer's length; 0 means the end. Into an empty buffer it reads
    /// nothing, at once.
    ///
    /// # Errors
    /// `ConnectionReset` and what else the system says; an error that says so if the loop has
    /// ended.
    ///
    /// # Cancel safety
    /// Dropped before it was ready, it has read nothing.
    #[track_caller]
    pub fn read<'a>(
        &'a self,
        buffer: &'a mut [u8],
    ) -> impl Future<Output = io::Result<usize>> + Send + Unpin + use<'a> {
        let nothing = buffer.is_empty();
        let read = self.io.with(Direction::Read, move |socket| ops::recv(socket, buffer));
        UnlessNothing::new(nothing, read)
    }

    /// Reads what there is into the buffers, one after the other; otherwise as [`TcpStream::read`].
    ///
    /// # Errors
    /// As [`TcpStream::read`].
    ///
    /// # Cancel safety
    /// Dropped before it was ready, it has read nothing.
    #[track_caller]
    pub fn read_vectored<'a, 's>(
        &'a self,
        buffers: &'a mut [IoSliceMut<'s>],
    ) -> impl Future<Output = io::Result<usize>> + Send + Unpin + use<'a, 's> {
        let nothing = buffers.iter().all(|buffer| buffer.is_empty());
        let read = self.io.with(Direction::Read, move |socket| ops::recv_vectored(socket, buffers));
        UnlessNothing::new(nothing, read)
    }

    /// Appends what there is to `buffer`, as far as it has room; a full one is first given more.
    /// 0 means the end.
    ///
    /// # Errors
    /// As [`TcpStream::read`].
    ///
    /// # Cancel safety
    /// Dropped before it was ready, it has read nothing.
    #[track_caller]
    pub fn read_buf<'a>(
        &'a self,
        buffer: &'a mut Vec<u8>,
    ) -> impl Future<Output = io::Result<usize>> + Send + Unpin + use<'a> {
        self.io.with(Direction::Read, move |socket| {
            if buffer.len() == buffer.capacity() {
                buffer.reserve(READ_TO_END_MIN);
            }
            ops::recv_spare(socket, buffer)
        })
    }

    /// Fills the buffer.
    ///
    /// # Errors
    /// `UnexpectedEof` if the end comes first; otherwise as [`TcpStream::read`]. What had been read
    /// by then is in the buffer.
    ///
    /// # Cancel safety
    /// None: dropped half-way, what it has read is in the buffer and nobody knows how much.
    pub async fn read_exact(&self, buffer: &mut [u8]) -> io::Result<()> {
        let wanted = buffer.len();
        let mut filled = 0;
        while filled < wanted {
            match self.read(&mut buffer[filled..]).await? {
                0 => {
                    let message = format!(
                        "the stream ended after {filled} of the {wanted} bytes that were expected"
                    );
                    return Err(io::Error::new(io::ErrorKind::UnexpectedEof, message));
                }
                n => filled += n,
            }
        }
        Ok(())
    }

    /// Appends everything up to the end to `buffer`, and says how much that was.
    ///
    /// The peer decides how much: bound it where the peer is not trusted.
    ///
    /// # Errors
    /// As [`TcpStream::read`]; what had been read by then is in the buffer.
    ///
    /// # Cancel safety
    /// Dropped half-way, what it has read is in the buffer, and it can be called again.
    pub async fn read_to_end(&self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        let begin = buffer.len();
        while self.read_buf(buffer).await? > 0 {}
        Ok(buffer.len() - begin)
    }

    /// Reads what there is and leaves it there to be read again; 0 means the end.
    ///
    /// # Errors
    /// As [`TcpStream::read`].
    ///
    /// # Cancel safety
    /// It takes nothing.
    #[track_caller]
    pub fn peek<'a>(
        &'a self,
        buffer: &'a mut [u8],
    ) -> impl Future<Output = io::Result<usize>> + Send + Unpin + use<'a> {
        let nothing = buffer.is_empty();
        let read = self.io.with(Direction::Read, move |socket| ops::peek(socket, buffer));
        UnlessNothing::new(nothing, read)
    }

    /// Writes as much as there is room for, and says how much that was. Where there are no
    /// bytes, it writes none, at once.
    ///
    /// # Errors
    /// `BrokenPipe`, `ConnectionReset` and what else the system says; an error that says so if the
    /// loop has ended.
    ///
    /// # Cancel safety
    /// Dropped before it was ready, it has written nothing.
    #[track_caller]
    pub fn write<'a>(
        &'a self,
        bytes: &'a [u8],
    ) -> impl Future<Output = io::Result<usize>> + Send + Unpin + use<'a> {
        let nothing = bytes.is_empty();
        let write = self.io.with(Direction::Write, move |socket| ops::send(socket, bytes));
        UnlessNothing::new(nothing, write)
    }

    /// Writes as much of the slices, one after the other, as there is room for; otherwise as
    /// [`TcpStream::write`].
    ///
    /// # Errors
    /// As [`TcpStream::write`].
    ///
    /// # Cancel safety
    /// Dropped before it was ready, it has written nothing.
    #[track_caller]
    pub fn write_vectored<'a, 's>(
        &'a self,
        bytes: &'a [IoSlice<'s>],
    ) -> impl Future<Output = io::Result<usize>> + Send + Unpin + use<'a, 's> {
        let nothing = bytes.iter().all(|slice| slice.is_empty());
        let write = self.io.with(Direction::Write, move |socket| ops::send_vectored(socket, bytes));
        UnlessNothing::new(nothing, write)
    }

    /// Writes all of `bytes`.
    ///
    /// # Errors
    /// As [`TcpStream::write`]; how much had been written by then is not known.
    ///
    /// # Cancel safety
    /// None: dropped half-way, nobody knows how much it has written.
    #[track_caller]
    pub fn write_all<'a>(
        &'a self,
        bytes: &'a [u8],
    ) -> impl Future<Output = io::Result<()>> + Send + Unpin + use<'a> {
        let mut rest = bytes;
        // One future for all attempts: `WouldBlock` half-way finds `rest` where it was left.
        let write = self.io.with(Direction::Write, move |socket| {
            let mut after = After::MaybeMore;
            while !rest.is_empty() {
                let (n, said) = ops::send(socket, rest)?;
                rest = &rest[n..];
                after = said;
            }
            Ok(((), after))
        });
        UnlessNothing::new(bytes.is_empty(), write)
    }

    /// Does nothing: what was written is with the system. For the sake of its name.
    ///
    /// # Errors
    /// None.
    pub async fn flush(&self) -> io::Result<()> {
        Ok(())
    }

    /// Shuts down reading, writing, or both. Shutting down writing is the end that the peer reads.
    ///
    /// # Errors
    /// What the system says; a connection that the peer has reset counts as shut down.
    pub async fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.shut_down(how)
    }

    /// Reads now, if there is something.
    ///
    /// # Errors
    /// `WouldBlock` if there is nothing; otherwise as [`TcpStream::read`].
    pub fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.try_op(Direction::Read, |socket| ops::recv(socket, buffer))
    }

    /// Reads into the buffers now, if there is something.
    ///
    /// # Errors
    /// As [`TcpStream::try_read`].
    pub fn try_read_vectored(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.try_op(Direction::Read, |socket| ops::recv_vectored(socket, buffers))
    }

    /// Writes now, if there is room.
    ///
    /// # Errors
    /// `WouldBlock` if there is none; otherwise as [`TcpStream::write`].
    pub fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.try_op(Direction::Write, |socket| ops::send(socket, bytes))
    }

    /// Writes from the slices now, if there is room.
    ///
    /// # Errors
    /// As [`TcpStream::try_write`].
    pub fn try_write_vectored(&self, bytes: &[IoSlice<'_>]) -> io::Result<usize> {
        self.try_op(Direction::Write, |socket| ops::send_vectored(socket, bytes))
    }

    fn try_op(
        &self,
        direction: Direction,
        mut op: impl FnMut(&std::net::TcpStream) -> ops::Attempt,
    ) -> io::Result<usize> {
        loop {
            match self.io.try_io(direction, &mut op) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result.map(|(n, _)| n),
            }
        }
    }
}
