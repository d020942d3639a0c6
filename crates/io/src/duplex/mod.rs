//! A pair of byte streams in memory: what is written to one is read from the other.
//!
//! Two pipes, one for each direction; an end writes into one and reads from the other.
//!
//! ```text
//!   one end  ──write──▶ pipe ──read──▶  other end
//!            ◀──read─── pipe ◀─write──
//! ```
//!
//! `pipe` is one direction, with its lock and its waiters; `waiters` says who waits; `futures` are the
//! operations' futures, `traits` the `futures_io` traits.

mod futures;
mod pipe;
#[cfg(feature = "tokio-io")]
mod tokio_io;
mod traits;
mod waiters;

use std::fmt;
use std::io;
use std::net::Shutdown;
use std::panic::Location;
use std::sync::Arc;

use corio_trace::action::{Action, Deed};

pub use futures::{Read, Write, WriteAll};
use pipe::{Pipe, Ticket};

use crate::deeds::ShutdownDeed;

/// A pair of connected streams in memory; each direction holds up to `capacity` bytes.
///
/// It behaves as a connection does: a writer waits while the pipe is full, what was written can be read
/// after the writer's end has gone, then comes the end (0 bytes), and writing to an end that is gone is a
/// `BrokenPipe`. So it stands in for a socket where a protocol is tested.
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// # corio_base::park::block_on(async {
/// let (client, server) = corio_io::duplex(64);
/// client.write_all(b"ping").await?;
/// let mut buffer = [0; 16];
/// let n = server.read(&mut buffer).await?;
/// assert_eq!(&buffer[..n], b"ping");
/// drop(client);
/// assert_eq!(server.read(&mut buffer).await?, 0);
/// # Ok(())
/// # })
/// # }
/// ```
///
/// # Panics
/// If `capacity` is 0: nothing could ever be written.
#[track_caller]
pub fn duplex(capacity: usize) -> (DuplexStream, DuplexStream) {
    assert!(capacity > 0, "a duplex needs room for at least one byte, and was given 0");
    let (there, back) = (Arc::new(Pipe::new(capacity)), Arc::new(Pipe::new(capacity)));
    let near = DuplexStream { incoming: Arc::clone(&back), outgoing: Arc::clone(&there) };
    (near, DuplexStream { incoming: there, outgoing: back })
}

/// One end of a [`duplex`].
///
/// Operations take `&self`, and any number of them may wait side by side. The `futures_io` traits, which
/// it and `&DuplexStream` implement, are poll forms: all of one direction are one waiter, and the
/// last waker wins. Dropped, it closes both directions.
pub struct DuplexStream {
    incoming: Arc<Pipe>,
    outgoing: Arc<Pipe>,
}

impl DuplexStream {
    /// Reads what there is, up to the buffer's length; 0 means the end. Into an empty buffer it reads
    /// nothing, at once.
    ///
    /// # Errors
    /// None.
    ///
    /// # Cancel safety
    /// Dropped before it was ready, it has read nothing.
    pub fn read<'a>(&'a self, buffer: &'a mut [u8]) -> Read<'a> {
        Read { pipe: &self.incoming, ticket: Ticket::default(), buffer }
    }

    /// Writes as much as there is room for, and says how much that was.
    ///
    /// # Errors
    /// `BrokenPipe` if the other end is gone or reads no more, or this one's writing was shut down.
    ///
    /// # Cancel safety
    /// Dropped before it was ready, it has written nothing.
    #[track_caller]
    pub fn write<'a>(&'a self, bytes: &'a [u8]) -> Write<'a> {
        let action = Action::new(Location::caller());
        Write { pipe: &self.outgoing, ticket: Ticket::default(), bytes, action }
    }

    /// Writes all of `bytes`.
    ///
    /// # Errors
    /// As [`DuplexStream::write`].
    ///
    /// # Cancel safety
    /// None: dropped half-way, some of the bytes are written, and only the future knew which
    /// ([`WriteAll::rest`](crate::future::WriteAll::rest)).
    #[track_caller]
    pub fn write_all<'a>(&'a self, bytes: &'a [u8]) -> WriteAll<'a> {
        let action = Action::new(Location::caller());
        WriteAll { pipe: &self.outgoing, ticket: Ticket::default(), rest: bytes, action }
    }

    /// Shuts down reading, writing, or both, at once. Shutting down writing is the end that the peer
    /// reads; after a shutdown of reading the peer's writes are a `BrokenPipe`.
    ///
    /// # Errors
    /// None.
    ///
    /// # Cancel safety
    /// It ends in its first poll: nothing is ever done by half.
    #[track_caller]
    pub fn shutdown(&self, how: Shutdown) -> impl Future<Output = io::Result<()>> {
        ShutdownDeed::doing(async move {
            self.shut_down(how);
            Ok(())
        })
    }

    fn shut_down(&self, how: Shutdown) {
        if how != Shutdown::Write {
            self.incoming.refuse();
        }
        if how != Shutdown::Read {
            self.outgoing.end();
        }
    }
}

impl Drop for DuplexStream {
    fn drop(&mut self) {
        self.shut_down(Shutdown::Both);
    }
}

impl fmt::Debug for DuplexStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DuplexStream")
            .field("incoming", &self.incoming)
            .field("outgoing", &self.outgoing)
            .finish()
    }
}
