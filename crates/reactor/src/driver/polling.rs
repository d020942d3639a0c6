//! The driver for every Unix: the `polling` crate.
//!
//! In edge mode (epoll, kqueue) a descriptor is registered once, for both directions. Where a system
//! knows no edges, or one asks for it, the one-shot mode arms a descriptor for each wait. `polling`
//! has no word for "the peer has stopped sending", so here nothing but `WouldBlock` counts as
//! drained.
#![expect(unsafe_code, reason = "polling asks for the promise that descriptors are deleted first")]

use std::io;
use std::num::NonZeroUsize;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::sync::Arc;

use corio_base::{Wait, clock};
use polling::{Event, Events, PollMode, Poller};

use super::{EVENTS_PER_TURN_MAX, Registrar, Selector};
use crate::ready::Ready;
use crate::registry::{Delivery, Key};
use crate::state::Drained;

/// Whether a descriptor is armed once or for each wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arming {
    Edge,
    Oneshot,
}

#[derive(Debug)]
struct PollingRegistrar {
    poller: Arc<Poller>,
    arming: Arming,
}

pub(crate) fn open(wanted: Arming) -> io::Result<(Arc<dyn Registrar>, Box<dyn Selector>)> {
    let poller = Arc::new(Poller::new()?);
    let arming = if poller.supports_edge() { wanted } else { Arming::Oneshot };
    let capacity = NonZeroUsize::new(EVENTS_PER_TURN_MAX).expect("it is not zero");
    let events = Events::with_capacity(capacity);
    let registrar = PollingRegistrar { poller: poller.clone(), arming };
    Ok((Arc::new(registrar), Box::new(PollingSelector { poller, events })))
}

impl Registrar for PollingRegistrar {
    fn add(&self, fd: BorrowedFd<'_>, key: Key) -> io::Result<()> {
        // The registry gives out only keys that fit.
        let key = key.0 as usize;
        let (event, mode) = match self.arming {
            Arming::Edge => (Event::all(key), PollMode::Edge),
            Arming::Oneshot => (Event::none(key), PollMode::Oneshot),
        };
        // SAFETY: `Registration` deletes the descriptor before its owner can close it.
        let added = unsafe { self.poller.add_with_mode(fd.as_raw_fd(), event, mode) };
        added.map_err(super::refused)
    }

    fn arm(&self, fd: BorrowedFd<'_>, key: Key, interest: Ready) -> io::Result<()> {
        let event = Event::new(key.0 as usize, interest.is_readable(), interest.is_writable());
        self.poller.modify_with_mode(fd, event, PollMode::Oneshot)
    }

    fn arms(&self) -> bool {
        self.arming == Arming::Oneshot
    }

    fn delete(&self, fd: BorrowedFd<'_>) {
        // It fails only if the descriptor is not registered, and that is what is wanted.
        let _ = self.poller.delete(fd);
    }

    fn drained(&self) -> Drained {
        Drained::AtWouldBlock
    }

    fn signal(&self) {
        // It fails only where the notifier's queue is full: then the wait ends for that.
        let _ = self.poller.notify();
    }
}

#[derive(Debug)]
struct PollingSelector {
    poller: Arc<Poller>,
    events: Events,
}

impl Selector for PollingSelector {
    fn select(&mut self, wait: Wait) -> io::Result<()> {
        self.events.clear();
        let timeout = match wait {
            Wait::Poll => Some(std::time::Duration::ZERO),
            Wait::Until(at) if !at.is_never() => Some(at.saturating_since(clock::now())),
            Wait::Until(_) | Wait::Forever => None,
        };
        self.poller.wait(&mut self.events, timeout).map(drop)
    }

    fn has_found(&self) -> bool {
        !self.events.is_empty()
    }

    fn drain(&mut self, delivery: &mut Delivery<'_>) {
        for event in self.events.iter() {
            let mut ready = Ready::EMPTY;
            if event.readable || event.is_interrupt() || event.is_priority() {
                ready |= Ready::READABLE;
            }
            if event.writable || event.is_interrupt() {
                ready |= Ready::WRITABLE;
            }
            if event.is_err() == Some(true) {
                ready |= Ready::READABLE | Ready::WRITABLE | Ready::ERROR;
            }
            delivery.put(Key(event.key as u64), ready);
        }
        self.events.clear();
    }
}
