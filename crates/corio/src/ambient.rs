//! What belongs to a runtime on its thread: its timers, its reactor, its pool of threads, its clock.
//!
//! Timers, reactor and pool are entered once in the tables of the crates that own them, under the loop's
//! number, and serve whenever the loop is the active one. A virtual clock is put over the thread's
//! readings for as long as the runtime's code runs.

use std::rc::Rc;

use corio_base::ambient::LoopId;
use corio_base::clock::{ClockGuard, VirtualClock};
use corio_blocking::Pool;
use corio_reactor::ReactorHandle;
use corio_timer::Timers;

/// The entries of one runtime, and of its asyncio view; taken out again when dropped.
#[derive(Debug)]
pub(crate) struct Ambient {
    id: LoopId,
    clock: Option<VirtualClock>,
    has_reactor: bool,
}

impl Ambient {
    /// Enters what belongs to the loop `id`. Without a reactor, where the program brought a driver of
    /// its own, descriptors go to the fallback.
    pub(crate) fn new(
        id: LoopId,
        clock: Option<VirtualClock>,
        timers: Rc<Timers>,
        reactor: Option<ReactorHandle>,
        pool: Pool,
    ) -> Self {
        corio_timer::current::put(id, timers);
        corio_blocking::current::put(id, pool);
        let has_reactor = reactor.is_some();
        if let Some(reactor) = reactor {
            corio_reactor::current::put(id, reactor);
        }
        Ambient { id, clock, has_reactor }
    }

    /// Whether there is a reactor of the runtime's own.
    pub(crate) fn has_reactor(&self) -> bool {
        self.has_reactor
    }

    /// Puts the runtime's clock over the thread's readings.
    #[inline]
    pub(crate) fn clock(&self) -> Option<ClockGuard> {
        self.clock.as_ref().map(VirtualClock::install)
    }
}

impl Drop for Ambient {
    fn drop(&mut self) {
        crate::event_loop::data::remove(self.id);
        corio_timer::current::remove(self.id);
        corio_blocking::current::remove(self.id);
        if self.has_reactor {
            corio_reactor::current::remove(self.id);
        }
    }
}
