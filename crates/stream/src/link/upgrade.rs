//! [`Upgrade`]: puts another connection in the place of a link's, over it, while everything else stays. What
//! is there may be an upgrade itself: TLS in TLS.
//!
//! ```text
//!   begin_upgrade ──1 take the right to write, when nothing is unsent──▶ Upgrade ──2 finish──▶ done
//!                                                                          └──3 drop──▶ aborted
//! ```
//!
//! Who upgrades holds the right to write: whatever is written meanwhile waits in the queue, and on edge 2
//! a pump goes on with all of it. Whoever closes the link meanwhile wakes the holder, which takes edge 3:
//! the peer may never answer, and nobody wants what it would say. Reading is the caller's to stop: it has
//! the reader.

use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};

use corio_executor::yield_now;

use super::Link;
use super::layers::Layers;
use super::phase::Phase;
use super::pump::Pump;
use crate::connection::Connection;
use crate::error::Sticky;

/// The right to put a connection over a link's.
#[derive(Debug)]
pub(crate) struct Upgrade {
    link: Arc<Link>,
    is_finished: bool,
}

impl Link {
    /// Edge 1: waits until nothing is unsent. An error, and nothing has changed: nothing can be written any
    /// more.
    pub(crate) async fn begin_upgrade(self: &Arc<Self>) -> io::Result<Upgrade> {
        loop {
            // Made before the look: a notification between the two is its own.
            let room = self.room.notified();
            if self.try_hold()? {
                return Ok(Upgrade { link: self.clone(), is_finished: false });
            }
            if self.unsent() > 0 {
                // The pump tells when it rests.
                room.await;
            } else {
                // Another thread writes in this moment.
                yield_now().await;
            }
        }
    }

    fn try_hold(&self) -> io::Result<bool> {
        let mut state = self.lock();
        if let Some(error) = &state.error {
            return Err(error.again());
        }
        if self.phase.get() != Phase::Open || state.has_eof() {
            let message = "the connection was closed, or its direction out ended, on this side";
            return Err(io::Error::new(io::ErrorKind::NotConnected, message));
        }
        Ok(state.try_take_right())
    }
}

impl Upgrade {
    /// What is upgraded.
    pub(crate) fn below(&self) -> Arc<dyn Connection> {
        self.link.layers.top().clone()
    }

    /// Ready when somebody has closed the link, or it has ended: nobody waits for the handshake any more.
    pub(crate) fn poll_given_up(&self, context: &mut Context<'_>) -> Poll<io::Error> {
        // The race: the link is closed between the look and the sleep. The waker is there before the
        // look, and whoever closes changes the phase before it wakes. The pump's place is free: who
        // upgrades has the pump's right.
        self.link.pump.register(context.waker());
        if self.link.is_open() {
            return Poll::Pending;
        }
        let message = "the connection was closed on this side during its TLS handshake";
        Poll::Ready(io::Error::new(io::ErrorKind::ConnectionAborted, message))
    }

    /// Edge 2: from now on `connection` is read from and written to.
    pub(crate) fn finish(mut self, connection: Arc<dyn Connection>) {
        self.is_finished = true;
        // Only the holder of the right upgrades, and there is one.
        let is_added = self.link.layers.add(connection);
        debug_assert!(is_added, "a link is upgraded by one at a time");
        Pump::new(self.link.clone()).start();
    }
}

impl Layers {
    /// Puts `connection` on top. `false`: somebody else did in this moment.
    fn add(&self, connection: Arc<dyn Connection>) -> bool {
        let mut layer = self;
        while let Some(above) = layer.above.get() {
            layer = above;
        }
        layer.above.set(Box::new(Layers::new(connection))).is_ok()
    }
}

impl Drop for Upgrade {
    /// Edge 3: given up half-way, or the handshake failed.
    fn drop(&mut self) {
        if !self.is_finished {
            let message = "the connection was aborted: its TLS handshake failed, or was given up";
            let error = io::Error::new(io::ErrorKind::ConnectionAborted, message);
            self.link.end(Phase::Lost, Some(Sticky::new(error)));
            self.link.connection().abort();
        }
    }
}
