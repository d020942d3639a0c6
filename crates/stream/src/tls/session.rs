//! [`Session`]: one TLS connection's state, and the steps that move its bytes in and out.
//!
//! ```text
//!   Shaking ──1 poll_handshake──▶ Open ──2 poll_end──▶ Ended ──3 poll_finish──▶ Finished
//! ```
//!
//! Ended: our `close_notify` is under way or sent, the peer's bytes can still be read. Finished: the
//! peer has said its own, or has gone.
//!
//! Every step is given the stream, and is asked again when that wakes. Nothing is lost between two
//! steps: what rustls has encrypted stays with rustls until the stream has taken it, what was received
//! stays here until rustls has. **Back-pressure**: no plaintext is taken while ciphertext is unsent,
//! and no ciphertext is read while plaintext is unread, so a connection holds one write (64 KiB) and one
//! read at most.

use std::fmt;
use std::io::{self, BufRead, IoSlice, Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_io::{AsyncRead, AsyncWrite};
use rustls::Connection;

use super::error::TlsError;

/// Room of a read: one record at its largest, 16 KiB and what TLS puts around it.
const READ_ROOM: usize = 16 * 1024 + 2048 + 5;
/// So many reads in one poll throw away what a peer goes on sending after our end; then others have
/// their turn.
const DISCARDS_PER_POLL_MAX: u32 = 16;

/// Why a handshake has failed.
pub(super) enum Fault {
    Tls(rustls::Error),
    Ended,
    Io(io::Error),
}

impl Fault {
    pub(super) fn into_error(self, peer: String) -> TlsError {
        match self {
            Fault::Tls(source) => TlsError::Handshake { peer, source },
            Fault::Ended => TlsError::Ended { peer },
            Fault::Io(source) => TlsError::Io { peer, source },
        }
    }
}

pub(super) struct Session {
    pub(super) tls: Connection,
    peer: String,
    received: Received,
    /// Something was written to the stream since it was last flushed.
    is_unflushed: bool,
    /// Edge 2 was taken.
    is_ended: bool,
    /// So many bytes of the write that is asked again were taken already.
    taken: usize,
}

impl Session {
    /// `received`: bytes that came before and belong to TLS.
    pub(super) fn new(tls: impl Into<Connection>, peer: String, received: Vec<u8>) -> Box<Session> {
        Box::new(Session {
            tls: tls.into(),
            peer,
            received: Received { end: received.len(), bytes: received, start: 0 },
            is_unflushed: false,
            is_ended: false,
            taken: 0,
        })
    }

    pub(super) fn peer(&self) -> &str {
        &self.peer
    }

    /// Edge 1.
    ///
    /// A server is done when it knows the client: its last words go out with what it writes or reads
    /// next, since a client that sends first may not read before it has.
    pub(super) fn poll_handshake<S>(
        &mut self,
        io: &mut S,
        context: &mut Context<'_>,
    ) -> Poll<Result<(), Fault>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        loop {
            let sent = self.poll_send(io, context).map_err(Fault::Io)?;
            if !self.tls.is_handshaking() {
                return match self.tls {
                    Connection::Server(_) => Poll::Ready(Ok(())),
                    Connection::Client(_) => sent.map(Ok),
                };
            }
            if sent.is_pending() && !self.tls.wants_read() {
                return Poll::Pending;
            }
            if !ready!(self.poll_fill(io, context))? && self.tls.is_handshaking() {
                return Poll::Ready(Err(Fault::Ended));
            }
        }
    }

    /// Reads plaintext; 0 is the peer's `close_notify`.
    pub(super) fn poll_read<S>(
        &mut self,
        io: &mut S,
        context: &mut Context<'_>,
        room: &mut [u8],
    ) -> Poll<io::Result<usize>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        // A program that writes and then reads need not flush. If it cannot be sent, whoever writes
        // next is told; what the peer sent before can be read yet.
        let _ = self.poll_send(io, context);
        loop {
            match self.tls.reader().read(room) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                read => return Poll::Ready(read),
            }
            ready!(self.poll_fill(io, context)).map_err(|fault| self.read_error(fault))?;
        }
    }

    /// Waits until there is plaintext, the peer's end, or an error: what [`Session::poll_read`] gives.
    pub(super) fn poll_read_ready<S>(
        &mut self,
        io: &mut S,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let _ = self.poll_send(io, context);
        loop {
            match self.tls.reader().fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                plaintext => return Poll::Ready(plaintext.map(|_| ())),
            }
            ready!(self.poll_fill(io, context)).map_err(|fault| self.read_error(fault))?;
        }
    }

    #[cold]
    fn read_error(&self, fault: Fault) -> io::Error {
        match fault {
            Fault::Io(error) => error,
            Fault::Tls(source) => TlsError::Protocol { peer: self.peer.clone(), source }.into(),
            Fault::Ended => io::ErrorKind::UnexpectedEof.into(),
        }
    }

    /// Takes plaintext, up to rustls's 64 KiB; `poll_send` sends it.
    pub(super) fn poll_write<S>(
        &mut self,
        io: &mut S,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>>
    where
        S: AsyncWrite + Unpin,
    {
        if self.is_ended {
            let message = "the TLS direction out was ended by this side: write before that";
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::BrokenPipe, message)));
        }
        ready!(self.poll_send(io, context))?;
        let count = self.tls.writer().write_vectored(bytes)?;
        match self.poll_send(io, context) {
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            _ => Poll::Ready(Ok(count)),
        }
    }

    /// Takes plaintext and sends it: ready when the stream has all that was taken. While it is not, the
    /// same bytes are given again.
    pub(super) fn poll_write_through<S>(
        &mut self,
        io: &mut S,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>>
    where
        S: AsyncWrite + Unpin,
    {
        if self.taken == 0 {
            self.taken = ready!(self.poll_write(io, context, bytes))?;
        }
        ready!(self.poll_send(io, context))?;
        Poll::Ready(Ok(std::mem::take(&mut self.taken)))
    }

    /// Sends what rustls has encrypted.
    pub(super) fn poll_send<S>(
        &mut self,
        io: &mut S,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>>
    where
        S: AsyncWrite + Unpin,
    {
        while self.tls.wants_write() {
            match self.tls.write_tls(&mut Sink { io, context }) {
                Ok(0) => return Poll::Ready(Err(took_nothing())),
                Ok(_) => self.is_unflushed = true,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Poll::Pending,
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        if self.is_unflushed {
            ready!(Pin::new(io).poll_flush(context))?;
            self.is_unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    /// Edge 2: says that nothing follows, and sends that.
    pub(super) fn poll_end<S>(
        &mut self,
        io: &mut S,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>>
    where
        S: AsyncWrite + Unpin,
    {
        if !self.is_ended {
            self.is_ended = true;
            self.tls.send_close_notify();
        }
        self.poll_send(io, context)
    }

    /// Edge 3: waits for the peer's end, and throws away what comes before it.
    ///
    /// Once our end is sent nothing that the peer does is a failure of ours: a peer that goes without a
    /// word, or resets, is gone as well.
    pub(super) fn poll_finish<S>(&mut self, io: &mut S, context: &mut Context<'_>) -> Poll<()>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut discarded = [0; 4096];
        let mut fills = 0;
        loop {
            match self.tls.reader().read(&mut discarded) {
                Ok(1..) => continue,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Ok(0) | Err(_) => return Poll::Ready(()),
            }
            fills += 1;
            if fills > DISCARDS_PER_POLL_MAX {
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            match ready!(self.poll_fill(io, context)) {
                Ok(true) => {}
                Ok(false) | Err(_) => return Poll::Ready(()),
            }
        }
    }

    /// Gets ciphertext to rustls; `false` at the end.
    fn poll_fill<S>(&mut self, io: &mut S, context: &mut Context<'_>) -> Poll<Result<bool, Fault>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        if self.received.is_empty() {
            ready!(self.received.poll_read(io, context)).map_err(Fault::Io)?;
        }
        let mut bytes = self.received.waiting();
        // An empty slice tells rustls of the end. It takes nothing after the peer's `close_notify`.
        let count = self.tls.read_tls(&mut bytes).map_err(Fault::Io)?;
        self.received.skip(count);
        match self.tls.process_new_packets() {
            Ok(_) => Poll::Ready(Ok(count > 0)),
            Err(error) => {
                // The alert that tells the peer why; nobody waits for it.
                let _ = self.poll_send(io, context);
                Poll::Ready(Err(Fault::Tls(error)))
            }
        }
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("peer", &self.peer).finish_non_exhaustive()
    }
}

/// Ciphertext that rustls has not taken yet.
struct Received {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

impl Received {
    fn is_empty(&self) -> bool {
        self.start == self.end
    }

    fn waiting(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// `count` bytes were taken; 0 says that the rest is of no use.
    fn skip(&mut self, count: usize) {
        self.start = if count == 0 { self.end } else { self.start + count };
    }

    /// Reads once; nothing is there after that at the end. Without anything to read the room is freed,
    /// so that a connection at rest is small.
    fn poll_read<S: AsyncRead + Unpin>(
        &mut self,
        io: &mut S,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        (self.start, self.end) = (0, 0);
        if self.bytes.len() != READ_ROOM {
            self.bytes = vec![0; READ_ROOM];
        }
        match Pin::new(io).poll_read(context, &mut self.bytes) {
            Poll::Pending => {
                self.bytes = Vec::new();
                Poll::Pending
            }
            Poll::Ready(Ok(count)) => {
                let room = self.bytes.len();
                assert!(count <= room, "a stream says it read {count} bytes into room for {room}");
                self.end = count;
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
        }
    }
}

/// A stream as rustls writes to it: "not now" is `WouldBlock`.
struct Sink<'a, 'b, S> {
    io: &'a mut S,
    context: &'a mut Context<'b>,
}

impl<S: AsyncWrite + Unpin> Write for Sink<'_, '_, S> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        now(Pin::new(&mut *self.io).poll_write(self.context, bytes))
    }

    fn write_vectored(&mut self, bytes: &[IoSlice<'_>]) -> io::Result<usize> {
        now(Pin::new(&mut *self.io).poll_write_vectored(self.context, bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn now<T>(poll: Poll<io::Result<T>>) -> io::Result<T> {
    match poll {
        Poll::Ready(result) => result,
        Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
    }
}

#[cold]
fn took_nothing() -> io::Error {
    io::Error::new(io::ErrorKind::WriteZero, "the stream under TLS took none of the bytes to write")
}
