//! What a loop has for its asyncio view, and how its thread finds that.
//!
//! One is made with each runtime and entered under its loop's number. It holds the runtime weakly: the
//! views that a program keeps do not keep the loop open.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::{Rc, Weak};

use corio_base::ambient::{self, LoopId, Table};
use corio_executor::{CallPanic, Core, Unseen};

use crate::handle::Handle;
use crate::runtime::Inner;

use super::EventLoop;
use super::exceptions::{ExceptionContext, ExceptionHandler};
use super::signals::Signals;
use super::timer::Timers;
use super::watcher::Watchers;

std::thread_local! {
    static LOOPS: Table<Rc<LoopData>> = const { Table::new() };
}

pub(crate) struct LoopData {
    pub(super) core: Rc<Core>,
    pub(super) runtime: RefCell<Weak<Inner>>,
    handle: Handle,
    /// Asked to stop after this turn, or, if it does not run, after the first one of its next run.
    pub(super) stopping: Cell<bool>,
    /// The run that is under way may be stopped.
    pub(super) by_hand: Cell<bool>,
    pub(super) exception_handler: RefCell<Option<ExceptionHandler>>,
    pub(super) timers: Timers,
    pub(super) watchers: Watchers,
    pub(super) signals: Signals,
}

impl LoopData {
    /// Makes it, and enters it among those of this thread.
    pub(crate) fn enter(core: &Rc<Core>, handle: Handle) -> Rc<LoopData> {
        let data = Rc::new(LoopData {
            core: core.clone(),
            runtime: RefCell::default(),
            handle,
            stopping: Cell::new(false),
            by_hand: Cell::new(false),
            exception_handler: RefCell::default(),
            timers: Timers::default(),
            watchers: Watchers::default(),
            signals: Signals::default(),
        });
        let weak = Rc::downgrade(&data);
        core.set_panic_hook(Rc::new(move |panic| report(&weak, panic)));
        let weak = Rc::downgrade(&data);
        core.set_unseen_hook(Rc::new(move |unseen| report_unseen(&weak, unseen)));
        LOOPS.with(|table| table.put(core.id(), data.clone()));
        data
    }

    pub(crate) fn set_runtime(&self, runtime: &Rc<Inner>) {
        self.runtime.replace(Rc::downgrade(runtime));
    }

    /// Asks the loop to stop after this turn.
    pub(crate) fn stop(&self) {
        self.stopping.set(true);
    }

    pub(crate) fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Calls `f` with this loop as the active one, and by its clock.
    pub(super) fn within<R>(&self, f: impl FnOnce() -> R) -> R {
        let runtime = self.runtime.borrow().upgrade();
        let _clock = runtime.as_ref().and_then(|runtime| runtime.clock());
        let _active = ambient::activate(self.core.id());
        f()
    }

    #[track_caller]
    pub(super) fn must_be_open(&self, who: &str) {
        assert!(
            !self.core.is_closed(),
            "EventLoop::{who} was called on a loop that is closed: call it before `close`, or before \
             the runtime ends; `EventLoop::is_closed` asks",
        );
    }

    /// Drops what the loop keeps for others. They may come back to it meanwhile.
    pub(crate) fn clear(&self) {
        self.timers.clear();
        self.watchers.clear();
        self.signals.clear();
        let handler = self.exception_handler.take();
        drop(handler);
    }
}

/// That of this thread's active loop.
pub(crate) fn active() -> Option<Rc<LoopData>> {
    LOOPS.try_with(Table::active).ok().flatten()
}

/// Takes that of the loop `id` out.
pub(crate) fn remove(id: LoopId) {
    let data = LOOPS.try_with(|table| table.take(id)).ok().flatten();
    if let Some(data) = data {
        data.clear();
    }
}

/// A call has panicked.
fn report(data: &Weak<LoopData>, panic: CallPanic) {
    if let Some(data) = data.upgrade() {
        EventLoop::of(data).call_exception_handler(&ExceptionContext::of_call(panic));
    }
}

/// Nobody has retrieved what a task ended with.
fn report_unseen(data: &Weak<LoopData>, unseen: &Unseen<'_>) {
    match data.upgrade() {
        Some(data) => {
            EventLoop::of(data).call_exception_handler(&ExceptionContext::of_unseen(unseen));
        }
        None => unseen.log(),
    }
}

impl fmt::Debug for LoopData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoopData").field("core", &self.core).finish_non_exhaustive()
    }
}
