//! [`shake`]: a handshake within its limit.

use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll};
use std::time::Duration;

use super::error::TlsError;
use super::session::{Fault, Session};

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
