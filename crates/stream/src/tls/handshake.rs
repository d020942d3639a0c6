//! [`shake`]: a handshake within its limit; [`secure`]: one over a connection.

use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use super::Limits;
use super::connection::Over;
use super::error::TlsError;
use super::session::{Fault, Session};
use super::stream::TlsStream;
use crate::connection::Connection;

/// Polls `poll` until the handshake is done, has failed, or has taken longer than `limit`.
pub(super) async fn shake(
    session: &mut Session,
    limit: Duration,
    mut poll: impl FnMut(&mut Session, &mut Context<'_>) -> Poll<Result<(), Fault>>,
) -> Result<(), TlsError> {
    let mut time = pin!(corio_timer::sleep(limit));
    poll_fn(|context| match poll(session, context) {
        Poll::Ready(result) => {
            Poll::Ready(result.map_err(|fault| fault.into_error(session.peer().to_owned())))
        }
        Poll::Pending => time
            .as_mut()
            .poll(context)
            .map(|()| Err(TlsError::HandshakeTimeout { limit, peer: session.peer().to_owned() })),
    })
    .await
}

/// Shakes hands over `below`, unless `poll_given_up` says that nobody waits for it any more.
pub(super) async fn secure(
    below: Arc<dyn Connection>,
    mut session: Box<Session>,
    limits: Limits,
    mut poll_given_up: impl FnMut(&mut Context<'_>) -> Poll<io::Error>,
) -> Result<TlsStream<Arc<dyn Connection>>, TlsError> {
    shake(&mut session, limits.handshake, |session, context| {
        // First: who gives it up may have ended the connection, and that end is not the peer's.
        if let Poll::Ready(error) = poll_given_up(context) {
            return Poll::Ready(Err(Fault::Io(error)));
        }
        session.poll_handshake(&mut Over(&*below), context)
    })
    .await?;
    Ok(TlsStream::new(below, session, limits.shutdown))
}
