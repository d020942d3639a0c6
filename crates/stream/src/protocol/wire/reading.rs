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

use corio_net::recv_now;
use corio_reactor::{After, Direction, Tried};

use super::{Callbacks, Doing, Phase, Wire};
use crate::protocol::hub::READ_BUFFER;
use crate::protocol::traits::Protocol;

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
    /// The turn of a connection that is steady: one read, which nearly always brings all that there is. In
    /// every other case the rest is done as in any turn.
    #[inline(always)]
    pub(super) fn read_steady(&self, room: &mut [u8]) {
        if self.is_paused.get() {
            return;
        }
        let mut otherwise = None;
        self.protocol.call_uncaught(|callbacks| {
            let Callbacks::Lent(protocol) = callbacks else {
                return otherwise = Some(Ok(Read::MayGoOn));
            };
            let read = match &*self.connection.borrow() {
                Some(connection) if self.edges.is_worth_a_try(Direction::Read) => {
                    connection.bare_socket().map(|socket| recv_now(socket, room))
                }
                _ => None,
            };
            match read {
                Some(Ok((count, After::Drained))) if self.edges.used_up(Direction::Read) => {
                    protocol.data_received(&room[..count]);
                }
                read => {
                    let read = read.map(|read| read.map(|(count, _)| count));
                    otherwise = Some(self.receive(read, &mut **protocol, room));
                }
            }
        });
        if let Some(read) = otherwise {
            self.read_on(read, room);
        }
    }

    /// Gives the protocol what a read has brought that did not bring just all that there is.
    #[cold]
    #[inline(never)]
    fn receive(
        &self,
        read: Option<io::Result<usize>>,
        protocol: &mut dyn Protocol,
        room: &[u8],
    ) -> io::Result<Read> {
        match read {
            None => Ok(Read::Nothing),
            Some(Err(error)) => {
                self.edges.failed(Direction::Read, error)?;
                Ok(Read::MayGoOn)
            }
            Some(Ok(count)) => give(Poll::Ready(Ok(Tried::MayGoOn(count))), protocol, room),
        }
    }

    /// What comes after a read that did not bring just all that there is.
    #[cold]
    fn read_on(&self, read: io::Result<Read>, room: &mut [u8]) {
        match read {
            Ok(Read::Nothing) => {}
            Ok(Read::MayGoOn) => self.read(Waker::noop(), room),
            Ok(Read::Full) => self.signal.wake_by_ref(),
            Ok(Read::End) => self.read_end(),
            Err(error) => self.abort(Some(error)),
        }
    }

    /// Reads until nothing is there, or it is the turn of others.
    #[inline]
    pub(super) fn read(&self, waker: &Waker, room: &mut [u8]) {
        self.doing.set(Doing::Reading);
        self.read_all(waker, room);
        self.doing.set(Doing::Turn);
    }

    #[inline]
    fn read_all(&self, waker: &Waker, room: &mut [u8]) {
        for _ in 0..READS_PER_TURN_MAX {
            self.tell_pause();
            if !self.is_reading() || self.has_read_end.get() {
                return;
            }
            match self.read_once(waker, room) {
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
    fn read_once(&self, waker: &Waker, room: &mut [u8]) -> Read {
        // A panic ends the turn, and the hub says so (`turn_panicked`).
        let call = |callbacks: &mut Callbacks| self.fill(callbacks, waker, room);
        match self.protocol.call_uncaught(call) {
            Some(Ok(read)) => read,
            Some(Err(error)) => {
                self.abort(Some(error));
                Read::Nothing
            }
            None => Read::Nothing,
        }
    }

    #[inline]
    fn fill(&self, callbacks: &mut Callbacks, waker: &Waker, room: &mut [u8]) -> io::Result<Read> {
        match callbacks {
            Callbacks::Lent(protocol) => {
                let poll = self.try_in(waker, room);
                give(poll, &mut **protocol, room)
            }
            Callbacks::Own(protocol) => {
                // Asked before, so that a buffer is asked for when there is something to put there.
                if !self.is_there_more(waker) {
                    return Ok(Read::Nothing);
                }
                let buffer = protocol.get_buffer(READ_BUFFER);
                if buffer.is_empty() {
                    return Err(no_buffer());
                }
                let (count, read) = judge(self.try_in(waker, buffer), buffer.len())?;
                if count > 0 {
                    protocol.buffer_updated(count);
                }
                Ok(read)
            }
        }
    }

    /// One read, watched or polled.
    #[inline]
    fn try_in(&self, waker: &Waker, room: &mut [u8]) -> Poll<io::Result<Tried<usize>>> {
        match (&*self.connection.borrow(), self.edges()) {
            (Some(connection), Some(edges)) => connection.try_read(edges, room),
            (Some(connection), None) => {
                let read = connection.poll_read(&mut Context::from_waker(waker), room);
                read.map_ok(Tried::MayGoOn)
            }
            (None, _) => Poll::Pending,
        }
    }

    /// Whether a read is worth trying. An error is one that it will tell.
    #[inline]
    fn is_there_more(&self, waker: &Waker) -> bool {
        match (&*self.connection.borrow(), self.edges()) {
            (Some(connection), Some(edges)) => connection.try_read_ready(edges).is_ready(),
            (Some(connection), None) => {
                connection.poll_read_ready(&mut Context::from_waker(waker)).is_ready()
            }
            (None, _) => false,
        }
    }

    /// The peer's end has come.
    #[cold]
    fn read_end(&self) {
        self.has_read_end.set(true);
        self.is_steady.set(false);
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

/// Gives the protocol what a read has brought.
fn give(
    poll: Poll<io::Result<Tried<usize>>>,
    protocol: &mut dyn Protocol,
    room: &[u8],
) -> io::Result<Read> {
    let (count, read) = judge(poll, room.len())?;
    if count > 0 {
        protocol.data_received(&room[..count]);
    }
    Ok(read)
}

/// How many bytes a read has brought, of as many as there was room for, and what it says of the next one.
fn judge(poll: Poll<io::Result<Tried<usize>>>, room: usize) -> io::Result<(usize, Read)> {
    Ok(match poll {
        Poll::Pending => (0, Read::Nothing),
        Poll::Ready(Err(error)) => return Err(error),
        Poll::Ready(Ok(Tried::MayGoOn(0) | Tried::Last(0))) => (0, Read::End),
        Poll::Ready(Ok(Tried::Last(count))) => (count, Read::Nothing),
        Poll::Ready(Ok(Tried::MayGoOn(count))) if count < room => (count, Read::MayGoOn),
        Poll::Ready(Ok(Tried::MayGoOn(count))) => (count, Read::Full),
    })
}

#[cold]
fn no_buffer() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidInput,
        "get_buffer() returned an empty buffer: it needs room for one byte at least; to read nothing \
         for a while, call pause_reading()",
    )
}
