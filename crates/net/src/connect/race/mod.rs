//! Attempts that begin one after the other, until one succeeds.
//!
//! ```text
//!               1 begin: its time has come, or one has failed
//!   waiting ──────▶ running ──2 poll_running: it has failed──▶ errors
//!                      └──────3 poll_running: it has succeeded──▶ the result; all others are dropped
//! ```
//!
//! The race knows no sockets and no clock: it is given a function that begins an attempt and one
//! that begins a pause. So its rules are tested with tables, in `tests`.

#[cfg(test)]
mod tests;

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The future of a race. An error is every attempt's, in the order in which they failed.
pub(super) struct Race<A, P, B, D> {
    waiting: std::vec::IntoIter<SocketAddr>,
    /// In the order in which they began.
    running: Vec<(SocketAddr, Pin<Box<A>>)>,
    errors: Vec<(SocketAddr, io::Error)>,
    /// Until the next one begins beside those that run; none if it has to wait for a failure.
    pause: Option<P>,
    begin: B,
    delay: D,
}

impl<A, P, B, D> Race<A, P, B, D> {
    /// Attempts at `addresses`, in this order, each made by `begin`; `delay` makes the pause after
    /// each, or none.
    pub(super) fn new(addresses: Vec<SocketAddr>, begin: B, delay: D) -> Self {
        Race {
            waiting: addresses.into_iter(),
            running: Vec::new(),
            errors: Vec::new(),
            pause: None,
            begin,
            delay,
        }
    }
}

/// Attempts are pinned on their own, nothing else is.
impl<A, P, B, D> Unpin for Race<A, P, B, D> {}

impl<A, P, B, D, T> Race<A, P, B, D>
where
    A: Future<Output = io::Result<T>>,
    P: Future<Output = ()> + Unpin,
    B: FnMut(SocketAddr) -> A,
    D: FnMut() -> Option<P>,
{
    /// Edge 1. `false`: none is left.
    fn begin(&mut self) -> bool {
        let Some(address) = self.waiting.next() else { return false };
        self.running.push((address, Box::pin((self.begin)(address))));
        // After the last one there is nothing to pause for.
        self.pause = if self.waiting.len() > 0 { (self.delay)() } else { None };
        true
    }

    /// Edges 2 and 3. Pending: whether one has failed.
    fn poll_running(&mut self, context: &mut Context<'_>) -> Result<T, bool> {
        let mut has_failed = false;
        let mut number = 0;
        while let Some((_, attempt)) = self.running.get_mut(number) {
            match attempt.as_mut().poll(context) {
                Poll::Pending => number += 1,
                Poll::Ready(Ok(value)) => return Ok(value),
                Poll::Ready(Err(error)) => {
                    let (address, _) = self.running.remove(number);
                    self.errors.push((address, error));
                    has_failed = true;
                }
            }
        }
        Err(has_failed)
    }

    fn is_due(&mut self, context: &mut Context<'_>) -> bool {
        self.pause.as_mut().is_some_and(|pause| Pin::new(pause).poll(context).is_ready())
    }
}

impl<A, P, B, D, T> Future for Race<A, P, B, D>
where
    A: Future<Output = io::Result<T>>,
    P: Future<Output = ()> + Unpin,
    B: FnMut(SocketAddr) -> A,
    D: FnMut() -> Option<P>,
{
    type Output = Result<T, Vec<(SocketAddr, io::Error)>>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        // Each round but the last begins an attempt.
        loop {
            match this.poll_running(context) {
                Ok(value) => {
                    // The losers go now, not when whoever awaits this drops it.
                    this.running.clear();
                    this.pause = None;
                    return Poll::Ready(Ok(value));
                }
                Err(has_failed) => {
                    let may_begin = has_failed || this.running.is_empty() || this.is_due(context);
                    if may_begin && this.begin() {
                        continue;
                    }
                }
            }
            if this.running.is_empty() {
                return Poll::Ready(Err(std::mem::take(&mut this.errors)));
            }
            return Poll::Pending;
        }
    }
}
