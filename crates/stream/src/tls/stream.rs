//! [`TlsStream`]: plaintext over any byte stream.

use std::fmt;
use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use corio_timer::Sleep;
use corio_trace::action::Deed;
use futures_io::{AsyncRead, AsyncWrite};

use super::TlsError;
use super::deeds::TlsShutdownDeed;
use super::info::TlsInfo;
use super::lent::{Lent, Loan, Relay, Side};
use super::session::Session;

/// A byte stream inside TLS, made by [`TlsConnector`](super::TlsConnector) and
/// [`TlsAcceptor`](super::TlsAcceptor).
///
/// It is an `AsyncRead` and an `AsyncWrite`, so it can be split into halves by `futures::io`, and what
/// one half waits for never takes the other's place. Over a [`Connection`](crate::Connection) it is one
/// itself, and can be given to [`streams`](crate::streams).
///
/// What a write has taken is encrypted and sent as far as the stream below takes it; the rest, 64 KiB at
/// most, goes out with the next write, read, flush or close.
///
/// **At the end** await [`TlsStream::shutdown`], or close it as an `AsyncWrite`, which ends the direction
/// out alone. One that is dropped says nothing to the peer, which then sees a connection cut short.
///
/// # Cancel safety
/// Reads and writes have their effect in the poll in which they are ready, or none.
pub struct TlsStream<S> {
    pub(super) io: S,
    pub(super) session: Lent<Session>,
    pub(super) relay: Arc<Relay>,
    /// Wakes the relay: made once.
    pub(super) waker: Waker,
    info: TlsInfo,
    pub(super) shutdown: Duration,
    /// How long the end may yet take, once it has begun. Taken out while it is polled.
    pub(super) end_limit: Mutex<Option<Sleep>>,
}

impl<S> TlsStream<S> {
    /// The handshake is done.
    pub(super) fn new(io: S, session: Box<Session>, shutdown: Duration) -> Self {
        let relay = Relay::new();
        TlsStream {
            io,
            info: TlsInfo::of(&session.tls),
            session: Lent::new(session),
            waker: relay.clone().into(),
            relay,
            shutdown,
            end_limit: Mutex::new(None),
        }
    }

    /// What was agreed on in the handshake.
    pub fn info(&self) -> &TlsInfo {
        &self.info
    }

    /// The stream below. What is read from it or written to it is lost to TLS.
    pub fn get_ref(&self) -> &S {
        &self.io
    }
}

impl<S> TlsStream<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    /// Ends the connection: sends what is unsent and our `close_notify`, waits for the peer's, and throws
    /// away what comes before that.
    ///
    /// # Errors
    /// [`TlsError::ShutdownTimeout`] if that takes longer than the shutdown timeout, 30 s by default; or
    /// the stream's error. The stream is dropped in every case.
    ///
    /// # Cancel safety
    /// Dropped, the stream is dropped, and the peer may not have heard of the end.
    #[track_caller]
    pub fn shutdown(self) -> impl Future<Output = Result<(), TlsError>> {
        TlsShutdownDeed::doing(async move {
            let mut this = self;
            let limit = this.shutdown;
            let mut time = pin!(corio_timer::sleep(limit).unrecorded());
            let failed = poll_fn(|context| match this.poll_shutdown(context) {
                Poll::Ready(result) => Poll::Ready(result.err().map(Some)),
                Poll::Pending => time.as_mut().poll(context).map(|()| Some(None)),
            })
            .await;
            // Nobody else has it: the stream is ours.
            let session = this.session.lend(Side::Out, &this.relay);
            let peer = session.map(|session| session.peer().to_owned()).unwrap_or_default();
            match failed {
                None => Ok(()),
                Some(None) => Err(TlsError::ShutdownTimeout { limit, peer }),
                Some(Some(source)) => Err(TlsError::Io { peer, source }),
            }
        })
    }

    fn poll_shutdown(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some((mut session, io, mut context)) = self.step(Side::Out, context) else {
            return Poll::Pending;
        };
        ready!(session.poll_end(io, &mut context))?;
        ready!(session.poll_finish(io, &mut context));
        Pin::new(io).poll_close(&mut context)
    }

    /// Registers the caller and lends it the session. `None`: the other side has it.
    fn step<'a>(
        &'a mut self,
        side: Side,
        context: &mut Context<'_>,
    ) -> Option<(Loan<'a, Session>, &'a mut S, Context<'a>)> {
        self.relay.register(side, context.waker());
        let session = self.session.lend(side, &self.relay)?;
        Some((session, &mut self.io, Context::from_waker(&self.waker)))
    }
}

impl<S> AsyncRead for TlsStream<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        room: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let Some((mut session, io, mut context)) = this.step(Side::In, context) else {
            return Poll::Pending;
        };
        session.poll_read(io, &mut context, room)
    }
}

impl<S> AsyncWrite for TlsStream<S>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(context, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let Some((mut session, io, mut context)) = this.step(Side::Out, context) else {
            return Poll::Pending;
        };
        session.poll_write(io, &mut context, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let Some((mut session, io, mut context)) = this.step(Side::Out, context) else {
            return Poll::Pending;
        };
        session.poll_send(io, &mut context)
    }

    /// Ends the direction out: `close_notify`, then the end of the stream below. Reading goes on.
    fn poll_close(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let Some((mut session, io, mut context)) = this.step(Side::Out, context) else {
            return Poll::Pending;
        };
        ready!(session.poll_end(io, &mut context))?;
        Pin::new(io).poll_close(&mut context)
    }
}

/// `<TLSv1_3 over …>`
impl<S: fmt::Debug> fmt::Debug for TlsStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.info.version() {
            Some(version) => write!(f, "<{version:?} over {:?}>", self.io),
            None => write!(f, "<TLS over {:?}>", self.io),
        }
    }
}
