//! What a runtime puts in place on a thread while its code runs there.
//!
//! Each mechanism keeps its own slot of the thread; this is the one guard that fills them all and
//! empties them in reverse order.

use std::rc::Rc;

use corio_base::clock::{ClockGuard, VirtualClock};
use corio_reactor::ReactorHandle;
use corio_timer::Timers;

/// What there is to put in place.
#[derive(Debug)]
pub(crate) struct Ambient {
    pub(crate) clock: Option<VirtualClock>,
    pub(crate) timers: Rc<Timers>,
    /// `None` where the program brought a driver of its own: descriptors then go to the fallback.
    pub(crate) reactor: Option<ReactorHandle>,
}

/// Takes it all away again when dropped.
#[derive(Debug)]
pub(crate) struct AmbientGuard {
    _reactor: Option<corio_reactor::current::InstallGuard>,
    _timers: corio_timer::current::InstallGuard,
    _clock: Option<ClockGuard>,
}

impl Ambient {
    pub(crate) fn enter(&self) -> AmbientGuard {
        let clock = self.clock.as_ref().map(VirtualClock::install);
        let timers = corio_timer::current::install(self.timers.clone());
        let reactor = self.reactor.clone().map(corio_reactor::current::install);
        AmbientGuard { _reactor: reactor, _timers: timers, _clock: clock }
    }
}
