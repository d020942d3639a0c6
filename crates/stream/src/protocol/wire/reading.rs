//! The way in of a [`Wire`]: how much of what has come one turn reads, and who gets it.
//!
//! ```text
//!   read ──▶ read_once ──▶ fill: get_buffer, one read, data_received ──▶ MayGoOn: once more
//!                                         │                        └──▶ Full: after the others' turns
//!                                         ├── Nothing: the list, or the waker, will tell
//!                                         └── End: eof_received
//! ```

use std::io;
use std::task::{Context, Poll, Wake, Waker};

use corio_reactor::Tried;

use super::{Callbacks, Phase, Wire};
use crate::protocol::hub::{Hub, READ_BUFFER};

/// How many short reads a turn makes at most. A socket gives one, and says that it is empty; what wraps
/// one may give a record each time. A read that fills its buffer ends the turn by itself.
const READS_PER_TURN_MAX: usize = 16;

/// What a read says of the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Read {
    /// It is not worth trying yet.
    Nothing,
    /// It may bring something.
    MayGoOn,
    /// It will: this one filled its buffer.
    Full,
    /// There is none: the peer's end has come.
    End,
}

impl Wire {
    /// Reads until nothing is there, or it is the turn of others.
    #[inline]
    pub(super) fn read(&self, hub: &Hub, waker: &Waker) {
        for _ in 0..READS_PER_TURN_MAX {
            if !self.is_reading() || self.has_read_end.get() {
                return;
            }
            match self.read_once(hub, waker) {
                Read::Nothing => return,
                Read::MayGoOn => {}
                Read::Full => break,
                Read::End => return self.read_end(),
            }
            // Nearly always nothing is left: found out without the protocol, and the waker is stored.
            if self.is_reading() && !self.is_there_more(waker) {
                return;
            }
        }
        // There may be more: after the others.
        self.signal.wake_by_ref();
    }

    /// One read, and the callback that it brings.
    #[inline]
    fn read_once(&self, hub: &Hub, waker: &Waker) -> Read {
        match self.call("data_received", |callbacks| self.fill(callbacks, hub, waker)) {
            Some(Ok(read)) => read,
            Some(Err(error)) => {
                self.abort(Some(error));
                Read::Nothing
            }
            // The callback panicked, and there is nothing to read any more.
            None => Read::Nothing,
        }
    }

    #[inline]
    fn fill(&self, callbacks: &mut Callbacks, hub: &Hub, waker: &Waker) -> io::Result<Read> {
        match callbacks {
            Callbacks::Lent(protocol) => hub.with_buffer(|buffer| {
                let (count, read) = self.try_in(waker, buffer)?;
                if count > 0 {
                    protocol.data_received(&buffer[..count]);
                }
                Ok(read)
            }),
            Callbacks::Own(protocol) => {
                // Asked before, so that a buffer is asked for when there is something to put there.
                if !self.is_there_more(waker) {
                    return Ok(Read::Nothing);
                }
                let buffer = protocol.get_buffer(READ_BUFFER);
                if buffer.is_empty() {
                    return Err(no_buffer());
                }
                let (count, read) = self.try_in(waker, buffer)?;
                if count > 0 {
                    protocol.buffer_updated(count);
                }
                Ok(read)
            }
        }
    }

    /// One read, watched or polled: so many bytes.
    #[inline]
    fn try_in(&self, waker: &Waker, room: &mut [u8]) -> io::Result<(usize, Read)> {
        let poll = match &*self.connection.borrow() {
            Some(connection) if self.is_watched.get() => connection.try_read(room),
            Some(connection) => {
                let read = connection.poll_read(&mut Context::from_waker(waker), room);
                read.map_ok(Tried::MayGoOn)
            }
            None => Poll::Pending,
        };
        Ok(match poll {
            Poll::Pending => (0, Read::Nothing),
            Poll::Ready(Err(error)) => return Err(error),
            Poll::Ready(Ok(Tried::MayGoOn(0) | Tried::Last(0))) => (0, Read::End),
            Poll::Ready(Ok(Tried::Last(count))) => (count, Read::Nothing),
            Poll::Ready(Ok(Tried::MayGoOn(count))) if count < room.len() => (count, Read::MayGoOn),
            Poll::Ready(Ok(Tried::MayGoOn(count))) => (count, Read::Full),
        })
    }

    /// Whether a read is worth trying. An error is one that it will tell.
    #[inline]
    fn is_there_more(&self, waker: &Waker) -> bool {
        match &*self.connection.borrow() {
            Some(connection) if self.is_watched.get() => connection.try_read_ready().is_ready(),
            Some(connection) => {
                connection.poll_read_ready(&mut Context::from_waker(waker)).is_ready()
            }
            None => false,
        }
    }

    /// The peer's end has come.
    #[cold]
    fn read_end(&self) {
        self.has_read_end.set(true);
        let stays = self.call("eof_received", Callbacks::eof_received);
        if stays != Some(true) || !self.can_write_eof() {
            self.close();
        }
    }

    pub(in crate::protocol) fn is_reading(&self) -> bool {
        self.phase.get() == Phase::Open && !self.is_paused.get()
    }

    pub(in crate::protocol) fn pause_reading(&self) {
        self.is_paused.set(true);
    }

    pub(in crate::protocol) fn resume_reading(&self) {
        if self.is_paused.replace(false) && self.phase.get() == Phase::Open {
            // Also within a turn, which may have passed its reading.
            self.signal.wake_by_ref();
        }
    }
}

#[cold]
fn no_buffer() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidInput,
        "get_buffer() returned an empty buffer: it needs room for one byte at least; to read nothing \
         for a while, call pause_reading()",
    )
}
