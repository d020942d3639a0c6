//! [`Upgrade`]: puts another connection in the place of a transport's, over it, while the transport and its
//! protocol stay what they are. TLS is one.
//!
//! ```text
//!   begin_upgrade ──1 poll_sent: what was unsent is out──▶ shaking hands ──2 finish──▶ done
//!                        └──────────────────────────────────────┴──3 drop──▶ aborted
//! ```
//!
//! Meanwhile [`Held`] stands in the connection's place. It lets out the bytes that were unsent when the
//! upgrade began, and not one more: what is written later waits in the transport, with its flow control, and
//! goes out when edge 2 is taken. It reads nothing: what comes belongs to the upgrade. Whoever closes or
//! aborts the transport asks the connection for something, or drops it: so the one who upgrades is woken,
//! and takes edge 3.
//!
//! Everything happens on the loop's thread; what is atomic is so because a [`Connection`] has to be.

use std::any::Any;
use std::fmt;
use std::io::{self, IoSlice};
use std::os::fd::BorrowedFd;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use corio_base::WakerCell;

use super::transport::Transport;
use super::wire::Wire;
use crate::connection::{Address, Connection};

/// The right to put a connection over a transport's; who drops it before edge 2 ends the connection.
pub(crate) struct Upgrade {
    wire: Rc<Wire>,
    held: Arc<Held>,
    is_finished: bool,
}

/// Why there is no upgrade; nothing has changed.
#[derive(Debug)]
pub(crate) enum UpgradeRefused {
    /// There is one under way.
    UnderWay,
    /// Nothing can be written any more.
    Ended(io::Error),
}

impl Transport {
    /// Holds the connection: nothing is read, and nothing sent that is not unsent already.
    pub(crate) fn begin_upgrade(&self) -> Result<Upgrade, UpgradeRefused> {
        let wire = &self.0;
        if !wire.is_writable() {
            let message = "the connection was closed, or its direction out ended, on this side";
            let error = io::Error::new(io::ErrorKind::NotConnected, message);
            return Err(UpgradeRefused::Ended(error));
        }
        if wire.extra_info::<UnderWay>().is_some() {
            return Err(UpgradeRefused::UnderWay);
        }
        let mut place = None;
        wire.replace_connection(|below| {
            let held = Arc::new(Held {
                below: below.into(),
                left: AtomicUsize::new(wire.unsent()),
                upgrader: WakerCell::new(),
            });
            place = Some(held.clone());
            Box::new(HeldPlace(held))
        });
        let Some(held) = place else {
            return Err(UpgradeRefused::Ended(io::ErrorKind::NotConnected.into()));
        };
        Ok(Upgrade { wire: wire.clone(), held, is_finished: false })
    }
}

impl Upgrade {
    /// What is upgraded.
    pub(crate) fn below(&self) -> Arc<dyn Connection> {
        self.held.below.clone()
    }

    /// Edge 1: waits until what was unsent is out.
    pub(crate) fn poll_sent(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Poll::Ready(error) = self.poll_given_up(context) {
            return Poll::Ready(Err(error));
        }
        match self.held.left() {
            0 => Poll::Ready(Ok(())),
            _ => Poll::Pending,
        }
    }

    /// Ready when the transport was closed, or has ended: nobody waits for the upgrade any more.
    pub(crate) fn poll_given_up(&self, context: &mut Context<'_>) -> Poll<io::Error> {
        // The race, on one thread: none. The waker is there before the look in any case.
        self.held.upgrader.register(context.waker());
        if self.wire.is_writable() {
            return Poll::Pending;
        }
        let message = "the connection was closed on this side during its TLS handshake";
        Poll::Ready(io::Error::new(io::ErrorKind::ConnectionAborted, message))
    }

    /// Edge 2: from now on `connection` is read from and written to.
    pub(crate) fn finish(mut self, connection: Box<dyn Connection>) {
        self.is_finished = true;
        self.wire.replace_connection(|_| connection);
        self.wire.resume_reading();
    }

    /// Edge 3, with what the protocol is to hear as the reason.
    pub(crate) fn fail(mut self, reason: io::Error) {
        self.is_finished = true;
        self.end(reason);
    }

    fn end(&self, reason: io::Error) {
        // A program that has closed it hears no error: that is what it asked for.
        let was_open = self.wire.is_writable();
        self.wire.abort(was_open.then_some(reason));
        self.held.below.abort();
    }
}

impl Drop for Upgrade {
    /// Edge 3: nobody waits for the handshake any more, in the midst of which no other can go on.
    fn drop(&mut self) {
        if !self.is_finished {
            let message = "the connection was aborted: its TLS handshake was given up";
            self.end(io::Error::new(io::ErrorKind::ConnectionAborted, message));
        }
    }
}

/// What stands in the connection's place during an upgrade.
struct Held {
    below: Arc<dyn Connection>,
    /// So many bytes were unsent when it began, and are so yet.
    left: AtomicUsize,
    upgrader: WakerCell,
}

impl Held {
    fn left(&self) -> usize {
        // Relaxed, here and below: one thread, whose own stores it sees in their order.
        self.left.load(Ordering::Relaxed)
    }
}

/// The transport's hold of it: that it is dropped says that the transport has ended.
struct HeldPlace(Arc<Held>);

impl Drop for HeldPlace {
    fn drop(&mut self) {
        self.0.upgrader.wake();
    }
}

impl fmt::Debug for HeldPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "shaking hands over {:?}", self.0.below)
    }
}

impl Connection for HeldPlace {
    fn poll_read(&self, _: &mut Context<'_>, _: &mut [u8]) -> Poll<io::Result<usize>> {
        Poll::Pending
    }

    fn poll_read_ready(&self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }

    /// Lets out what was unsent. Whoever upgrades looks at it each time: at how much is left, and whether
    /// this is on the way to the end.
    fn poll_write(
        &self,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.0.upgrader.wake();
        let left = self.0.left();
        if left == 0 {
            return Poll::Pending;
        }
        let count = ready!(self.0.below.poll_write(context, &first(bytes, left)))?.min(left);
        self.0.left.store(left - count, Ordering::Relaxed);
        Poll::Ready(Ok(count))
    }

    fn can_write_eof(&self) -> bool {
        false
    }

    fn poll_write_eof(&self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }

    fn poll_close(&self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.upgrader.wake();
        Poll::Ready(Ok(()))
    }

    fn abort(&self) {
        self.0.below.abort();
    }

    fn local_addr(&self) -> io::Result<Address> {
        self.0.below.local_addr()
    }

    fn peer_addr(&self) -> io::Result<Address> {
        self.0.below.peer_addr()
    }

    fn socket(&self) -> Option<BorrowedFd<'_>> {
        self.0.below.socket()
    }

    fn extra_info(&self) -> Option<&(dyn Any + Send + Sync)> {
        Some(&UnderWay)
    }
}

/// What there is to know of a connection in the midst of an upgrade.
#[derive(Clone, Copy, Debug)]
struct UnderWay;

/// The first `limit` bytes of `pieces`.
fn first<'a>(pieces: &'a [IoSlice<'a>], limit: usize) -> Vec<IoSlice<'a>> {
    let mut room = limit;
    let cut = |piece: &'a IoSlice<'a>| {
        let count = piece.len().min(room);
        room -= count;
        IoSlice::new(&piece[..count])
    };
    pieces.iter().map(cut).filter(|piece| !piece.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_cut_at_the_limit() {
        let pieces = [IoSlice::new(b"abc"), IoSlice::new(b"def")];
        let of = |limit| first(&pieces, limit).iter().flat_map(|piece| piece.to_vec()).collect();
        let (four, three, all): (Vec<u8>, Vec<u8>, Vec<u8>) = (of(4), of(3), of(9));
        assert_eq!((&*four, &*three, &*all), (&b"abcd"[..], &b"abc"[..], &b"abcdef"[..]));
        assert_eq!(first(&pieces, 3).len(), 1, "no empty piece is left");
    }
}
