//! A TLS stream as a [`Connection`], and a [`Connection`] as what a TLS stream is over.

use std::any::Any;
use std::io::{self, IoSlice};
use std::os::fd::BorrowedFd;
use std::pin::Pin;
use std::sync::PoisonError;
use std::task::{Context, Poll, Waker, ready};

use futures_io::{AsyncRead, AsyncWrite};

use super::TlsError;
use super::lent::{Lent, Loan, Side};
use super::session::Session;
use super::stream::TlsStream;
use crate::connection::{Address, Connection};

/// A connection as a byte stream; what a session is asked to read from and write to.
pub(super) struct Over<'a, C: ?Sized>(pub(super) &'a C);

impl<C: Connection + ?Sized> AsyncRead for Over<'_, C> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        room: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.0.poll_read(context, room)
    }
}

impl<C: Connection + ?Sized> AsyncWrite for Over<'_, C> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.0.poll_write(context, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.0.poll_write(context, bytes)
    }

    /// A connection sends what it has taken.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll_close(context)
    }
}

impl<S: Connection> TlsStream<S> {
    fn lend<'a>(&'a self, side: Side, waker: &Waker) -> Option<Loan<'a, Session>> {
        self.relay.register(side, waker);
        Lent::lend(&self.session, side, &self.relay)
    }

    fn poll_finish(
        &self,
        session: &mut Session,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(session.poll_end(&mut Over(&self.io), context))?;
        ready!(session.poll_finish(&mut Over(&self.io), context));
        self.io.poll_close(context)
    }

    #[cold]
    fn took_too_long(&self, session: &Session) -> io::Error {
        let peer = session.peer().to_owned();
        TlsError::ShutdownTimeout { limit: self.shutdown, peer }.into()
    }

    /// Whether the end has taken too long. It counts from the first call.
    fn poll_end_limit(&self, context: &mut Context<'_>) -> Poll<()> {
        let place = || self.end_limit.lock().unwrap_or_else(PoisonError::into_inner);
        // Taken out, so that no waker is dropped under the lock; only who closes comes here.
        let taken = place().take();
        let mut time = taken.unwrap_or_else(|| corio_timer::sleep(self.shutdown).unrecorded());
        let poll = Pin::new(&mut time).poll(context);
        *place() = Some(time);
        poll
    }
}

/// One direction alone cannot be ended, as with asyncio: whether the peer goes on is not ours to say.
impl<S: Connection> Connection for TlsStream<S> {
    fn poll_read(&self, context: &mut Context<'_>, room: &mut [u8]) -> Poll<io::Result<usize>> {
        let Some(mut session) = self.lend(Side::In, context.waker()) else { return Poll::Pending };
        let context = &mut Context::from_waker(&self.waker);
        session.poll_read(&mut Over(&self.io), context, room)
    }

    fn poll_read_ready(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(mut session) = self.lend(Side::In, context.waker()) else { return Poll::Pending };
        let context = &mut Context::from_waker(&self.waker);
        session.poll_read_ready(&mut Over(&self.io), context)
    }

    fn poll_write(
        &self,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let Some(mut session) = self.lend(Side::Out, context.waker()) else { return Poll::Pending };
        let context = &mut Context::from_waker(&self.waker);
        session.poll_write_through(&mut Over(&self.io), context, bytes)
    }

    fn can_write_eof(&self) -> bool {
        false
    }

    fn poll_write_eof(&self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let message = "a TLS connection ends both directions: close it";
        Poll::Ready(Err(io::Error::new(io::ErrorKind::Unsupported, message)))
    }

    /// `close_notify` both ways, then the end of the connection below; all within the shutdown timeout,
    /// after which the connection is aborted.
    fn poll_close(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(mut session) = self.lend(Side::Out, context.waker()) else { return Poll::Pending };
        let mut through = Context::from_waker(&self.waker);
        if let Poll::Ready(result) = self.poll_finish(&mut session, &mut through) {
            return Poll::Ready(result);
        }
        ready!(self.poll_end_limit(&mut through));
        self.io.abort();
        Poll::Ready(Err(self.took_too_long(&session)))
    }

    /// The shutdown timeout counts from the close.
    fn poll_overdue(&self, context: &mut Context<'_>) -> Poll<io::Error> {
        ready!(self.poll_end_limit(context));
        // Whoever closes is the one who writes, and asks at no other time.
        match self.lend(Side::Out, context.waker()) {
            Some(session) => Poll::Ready(self.took_too_long(&session)),
            None => Poll::Pending,
        }
    }

    fn abort(&self) {
        self.io.abort();
    }

    fn local_addr(&self) -> io::Result<Address> {
        self.io.local_addr()
    }

    fn peer_addr(&self) -> io::Result<Address> {
        self.io.peer_addr()
    }

    fn socket(&self) -> Option<BorrowedFd<'_>> {
        self.io.socket()
    }

    fn extra_info(&self) -> Option<&(dyn Any + Send + Sync)> {
        Some(self.info())
    }
}
