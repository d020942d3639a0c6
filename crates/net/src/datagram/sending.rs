//! The futures that send, by name: what the methods of [`UdpSocket`](crate::UdpSocket) and
//! [`UnixDatagram`](crate::UnixDatagram) return.
//!
//! **A queue that nobody tells of.** A Unix socket sends into the receiver's queue. To an address that is
//! not its peer's it is not told when there is room again; Linux instead says "writable" after each
//! attempt that found the queue full (the attempt's own buffer was freed), so who waited for that would
//! try for ever, at each turn of the loop. So sending to an address does not wait for readiness there but
//! pauses, longer each time, and tries again.

use std::fmt;
use std::io;
use std::net;
use std::ops::RangeInclusive;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use corio_reactor::{ActionWaiter, After, Waiter};

use super::ops;
use crate::deeds::{SendDeed, SendToDeed};
use crate::kind::Datagrams;
use crate::pause::Pause;

/// How long to wait for room in a queue that tells nobody: at first what a busy receiver takes for a few
/// messages, at last what costs nothing beside a receiver that does not read.
const PAUSES: RangeInclusive<Duration> = Duration::from_micros(50)..=Duration::from_millis(20);

/// Sends a message to the peer; made by [`DatagramSocket::send`](crate::DatagramSocket::send).
///
/// # Cancel safety
/// Dropped before it was ready, it has sent nothing.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct SendDatagram<'a, S = net::UdpSocket> {
    pub(super) waiter: ActionWaiter<'a, S, SendDeed>,
    pub(super) bytes: &'a [u8],
}

impl<S: Datagrams> Future for SendDatagram<'_, S> {
    type Output = io::Result<usize>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        this.waiter.begun().poll_with(context, |socket| ops::send(socket, this.bytes))
    }
}

/// Sends a message to an address; made by [`UdpSocket::send_to`](crate::UdpSocket::send_to) and
/// [`UnixDatagram::send_to`](crate::UnixDatagram::send_to).
///
/// # Cancel safety
/// Dropped before it was ready, it has sent nothing.
#[must_use = "futures do nothing unless polled"]
pub struct SendTo<'a, S: Datagrams = net::UdpSocket> {
    pub(super) waiter: ActionWaiter<'a, S, SendToDeed>,
    pub(super) bytes: &'a [u8],
    /// Where to, unless that is no address.
    pub(super) to: Result<S::Destination, Option<io::Error>>,
    pub(super) pause: Option<Pause>,
}

impl<S: Datagrams> Future for SendTo<'_, S> {
    type Output = io::Result<usize>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let waiter = this.waiter.begun();
        match &mut this.to {
            Ok(to) => {
                let message = Message { bytes: this.bytes, to };
                poll_send_to(waiter, &message, &mut this.pause, context)
            }
            Err(error) => Poll::Ready(Err(error.take().expect("it gave its result before"))),
        }
    }
}

impl<S: Datagrams> fmt::Debug for SendTo<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendTo").field("to", &self.to).finish_non_exhaustive()
    }
}

/// What is to be sent, and where to.
pub(super) struct Message<'a, S: Datagrams> {
    pub(super) bytes: &'a [u8],
    pub(super) to: &'a S::Destination,
}

impl<S: Datagrams> Message<'_, S> {
    /// One attempt; nothing where there is no room and nobody will say when there is.
    fn attempt(&self, socket: &S) -> ops::Attempt<Option<usize>> {
        match ops::send_to(socket, self.bytes, self.to) {
            Ok((n, after)) => Ok((Some(n), after)),
            Err(error) if S::FULL_IN_SILENCE && error.kind() == io::ErrorKind::WouldBlock => {
                Ok((None, After::MaybeMore))
            }
            Err(error) => Err(error),
        }
    }
}

/// One step of sending to an address, for the future and the poll form alike; `pause` is the caller's
/// progress.
pub(super) fn poll_send_to<S: Datagrams>(
    waiter: &mut Waiter<'_, S>,
    message: &Message<'_, S>,
    pause: &mut Option<Pause>,
    context: &mut Context<'_>,
) -> Poll<io::Result<usize>> {
    loop {
        let mut paused = Duration::ZERO;
        if let Some(pause) = pause {
            paused = ready!(pause.poll(context));
        }
        *pause = None;
        let sent = ready!(waiter.poll_with(context, |socket| message.attempt(socket)))?;
        if let Some(n) = sent {
            return Poll::Ready(Ok(n));
        }
        *pause = Some(Pause::after(paused, &PAUSES));
    }
}
