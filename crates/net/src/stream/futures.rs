//! The operations of a stream as futures.
//!
//! Each returns a future with a name instead of being an `async fn`: a server holds one of them per
//! idle connection, and a wrapper would hold the arguments twice; and who writes futures by hand can
//! keep it in a field. Those that do something, as opposed to waiting for something, say so in debug mode if
//! nobody awaits them.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::Shutdown;

use corio_reactor::{Direction, ReadyFuture};
use corio_trace::action::Deed;

use super::ByteStream;
use super::reading::{Peek, Read, ReadBuf, ReadExact, ReadToEnd, ReadVectored};
use super::writing::{Write, WriteAll, WriteVectored};
use crate::deeds::ShutdownDeed;
use crate::kind::{Connection, Reads, Writes};

impl<S: Reads> ByteStream<S> {
    /// Waits until a read is worth trying ([`Self::try_read`]).
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
    #[inline]
    pub fn read<'a>(&'a self, buffer: &'a mut [u8]) -> Read<'a, S> {
        Read { waiter: self.io.waiter(Direction::Read), buffer }
    }

    /// Reads what there is into the buffers, one after the other; otherwise as [`Self::read`].
    ///
    /// # Errors
    /// As [`Self::read`].
    ///
    /// # Cancel safety
    /// Dropped before it was ready, it has read nothing.
    #[track_caller]
    pub fn read_vectored<'a, 's>(
        &'a self,
        buffers: &'a mut [IoSliceMut<'s>],
    ) -> ReadVectored<'a, 's, S> {
        ReadVectored { waiter: self.io.waiter(Direction::Read), buffers }
    }

    /// Appends what there is to `buffer`, as far as it has room; a full one is first given more.
    /// 0 means the end.
    ///
    /// # Errors
    /// As [`Self::read`].
    ///
    /// # Cancel safety
    /// Dropped before it was ready, it has read nothing.
    #[track_caller]
    pub fn read_buf<'a>(&'a self, buffer: &'a mut Vec<u8>) -> ReadBuf<'a, S> {
        ReadBuf { waiter: self.io.waiter(Direction::Read), buffer }
    }

    /// Fills the buffer.
    ///
    /// # Errors
    /// `UnexpectedEof` if the end comes first, which says after how many bytes; otherwise as
    /// [`Self::read`]. What had been read by then is in the buffer.
    ///
    /// # Cancel safety
    /// None: dropped half-way, what it has read is in the buffer, and only the future knew how much
    /// ([`ReadExact::filled`]).
    #[track_caller]
    pub fn read_exact<'a>(&'a self, buffer: &'a mut [u8]) -> ReadExact<'a, S> {
        ReadExact { waiter: self.io.waiter(Direction::Read), buffer, filled: 0 }
    }

    /// Appends everything up to the end to `buffer`, and says how much that was.
    ///
    /// The peer decides how much: bound it where the peer is not trusted.
    ///
    /// # Errors
    /// As [`Self::read`]; what had been read by then is in the buffer.
    ///
    /// # Cancel safety
    /// Dropped half-way, what it has read is in the buffer, and it can be called again.
    #[track_caller]
    pub fn read_to_end<'a>(&'a self, buffer: &'a mut Vec<u8>) -> ReadToEnd<'a, S> {
        ReadToEnd { waiter: self.io.waiter(Direction::Read), buffer, appended: 0 }
    }
}

impl<S: Connection> ByteStream<S> {
    /// Reads what there is and leaves it there to be read again; 0 means the end.
    ///
    /// # Errors
    /// As [`Self::read`].
    ///
    /// # Cancel safety
    /// It takes nothing.
    #[track_caller]
    pub fn peek<'a>(&'a self, buffer: &'a mut [u8]) -> Peek<'a, S> {
        Peek { waiter: self.io.waiter(Direction::Read), buffer }
    }

    /// Shuts down reading, writing, or both. Shutting down writing is the end that the peer reads.
    ///
    /// # Errors
    /// What the system says; a connection that the peer has reset counts as shut down.
    ///
    /// # Cancel safety
    /// It ends in its first poll: nothing is ever done by half.
    #[track_caller]
    pub fn shutdown(&self, how: Shutdown) -> impl Future<Output = io::Result<()>> {
        ShutdownDeed::doing(async move { self.shut_down(how) })
    }
}

impl<S: Writes> ByteStream<S> {
    /// Waits until a write is worth trying ([`Self::try_write`]).
    ///
    /// # Errors
    /// As [`Self::readable`].
    ///
    /// # Cancel safety
    /// Dropped, it is forgotten and nothing is lost.
    #[track_caller]
    pub fn writable(&self) -> ReadyFuture<'_> {
        self.io.writable()
    }

    /// Writes as much as there is room for, and says how much that was. Where there are no
    /// bytes, it writes none, at once.
    ///
    /// It is 256 KiB at most, so that a peer that reads as fast as this writes does not make the other
    /// tasks wait; [`Self::write_all`] writes any number of bytes.
    ///
    /// # Errors
    /// `BrokenPipe`, `ConnectionReset` and what else the system says; an error that says so if the
    /// loop has ended.
    ///
    /// # Cancel safety
    /// Dropped before it was ready, it has written nothing.
    #[track_caller]
    #[inline]
    pub fn write<'a>(&'a self, bytes: &'a [u8]) -> Write<'a, S> {
        Write { waiter: self.io.action_waiter(Direction::Write), bytes }
    }

    /// Writes as much of the slices, one after the other, as there is room for; otherwise as
    /// [`Self::write`].
    ///
    /// # Errors
    /// As [`Self::write`].
    ///
    /// # Cancel safety
    /// Dropped before it was ready, it has written nothing.
    #[track_caller]
    pub fn write_vectored<'a, 's>(&'a self, bytes: &'a [IoSlice<'s>]) -> WriteVectored<'a, 's, S> {
        WriteVectored { waiter: self.io.action_waiter(Direction::Write), bytes }
    }

    /// Writes all of `bytes`.
    ///
    /// # Errors
    /// As [`Self::write`], and `WriteZero` if the system takes nothing. What had not been
    /// written by then the future knows ([`WriteAll::rest`]).
    ///
    /// # Cancel safety
    /// None: dropped half-way, some of the bytes are on their way, and only the future knew which
    /// ([`WriteAll::rest`]).
    #[track_caller]
    #[inline]
    pub fn write_all<'a>(&'a self, bytes: &'a [u8]) -> WriteAll<'a, S> {
        WriteAll { waiter: self.io.action_waiter(Direction::Write), rest: bytes }
    }

    /// Does nothing: what was written is with the system. For the sake of its name.
    ///
    /// # Errors
    /// None.
    ///
    /// # Cancel safety
    /// It ends in its first poll: nothing is ever done by half.
    pub async fn flush(&self) -> io::Result<()> {
        Ok(())
    }
}
