//! [`shake`]: a handshake within its time; [`secure`]: one over a connection.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use super::Limits;
use super::connection::Over;
use super::error::TlsError;
use super::session::{Fault, Session};
use super::stream::TlsStream;
use crate::connection::Connection;

/// The time that a handshake has. What has to be sent before it, on a connection that goes on in TLS, is
/// sent within it, too: a peer that does not read would hold it up for ever.
#[derive(Debug)]
pub(super) struct Time {
    limit: Duration,
    sleep: corio_timer::Sleep,
}

impl Time {
    /// So much, from now on.
    pub(super) fn new(limit: Duration) -> Time {
        Time { limit, sleep: corio_timer::sleep(limit).unrecorded() }
    }

    /// Polls `poll` until it is ready. `None`: the time is over.
    pub(super) async fn within<T>(
        &mut self,
        mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Option<T> {
        poll_fn(|context| match poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending => Pin::new(&mut self.sleep).poll(context).map(|_| None),
        })
        .await
    }

    /// The error of a handshake with `peer` that the time was not enough for.
    #[cold]
    pub(super) fn is_over(&self, peer: &str) -> TlsError {
        TlsError::HandshakeTimeout { limit: self.limit, peer: peer.to_owned() }
    }
}

/// Polls `poll` until the handshake is done, has failed, or has taken too long.
pub(super) async fn shake(
    session: &mut Session,
    time: &mut Time,
    mut poll: impl FnMut(&mut Session, &mut Context<'_>) -> Poll<Result<(), Fault>>,
) -> Result<(), TlsError> {
    match time.within(|context| poll(session, context)).await {
        Some(shaken) => shaken.map_err(|fault| fault.into_error(session.peer().to_owned())),
        None => Err(time.is_over(session.peer())),
    }
}

/// Shakes hands over `below`, unless `poll_given_up` says that nobody waits for it any more.
pub(super) async fn secure(
    below: Arc<dyn Connection>,
    mut session: Box<Session>,
    limits: Limits,
    time: &mut Time,
    mut poll_given_up: impl FnMut(&mut Context<'_>) -> Poll<io::Error>,
) -> Result<TlsStream<Arc<dyn Connection>>, TlsError> {
    shake(&mut session, time, |session, context| {
        // First: who gives it up may have ended the connection, and that end is not the peer's.
        if let Poll::Ready(error) = poll_given_up(context) {
            return Poll::Ready(Err(Fault::Io(error)));
        }
        session.poll_handshake(&mut Over(&*below), context)
    })
    .await?;
    Ok(TlsStream::new(below, session, limits.shutdown))
}
