//! Callbacks at a moment.
//!
//! ```text
//!   begin ──not due──▶ Waiting: a sleep whose waker is this timer ──2 fire──▶ Queued: a call
//!     │                   │ 3 cancel: sleep and callback are dropped               │ 3 cancel
//!     └──────due──────────┼──────────1 queue──────────────────────────────────────▶│
//!                         ▼                                                        ▼
//!                     Cancelled                                        called, or Cancelled
//! ```
//!
//! A timer that is due is put into the queue between two turns, after what was ready then, as asyncio
//! does it. Its handle may be dropped: the loop keeps what waits.

use std::any::type_name;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, Wake, Waker};
use std::time::Instant;

use corio_base::ambient::LoopId;
use corio_base::clock::now_instant;
use corio_executor::{Call, Spawn};
use corio_task::Context;
use corio_timer::Sleep;
use corio_trace::disarm;

use crate::handle::Handle;

use super::boxed;
use super::data::{self, LoopData};

type TimerId = u64;
type Callback = Box<dyn FnOnce()>;

/// The timers of a loop that wait for their moment.
#[derive(Default)]
pub(super) struct Timers {
    last_id: Cell<TimerId>,
    waiting: RefCell<BTreeMap<TimerId, Rc<Timer>>>,
}

impl Timers {
    fn next_id(&self) -> TimerId {
        self.last_id.set(self.last_id.get() + 1);
        self.last_id.get()
    }

    fn take(&self, id: TimerId) -> Option<Rc<Timer>> {
        self.waiting.borrow_mut().remove(&id)
    }

    /// Cancels all of them.
    pub(super) fn clear(&self) {
        let waiting = self.waiting.take();
        // What the callbacks would have begun goes with them.
        let _disarmed = disarm::guard();
        waiting.into_values().for_each(|timer| drop(timer.cancel()));
    }
}

struct Timer {
    id: TimerId,
    when: Option<Instant>,
    place: &'static Location<'static>,
    /// The type of the callback.
    name: &'static str,
    home: Weak<LoopData>,
    state: RefCell<State>,
}

enum State {
    Waiting {
        callback: Callback,
        context: Context,
        /// Kept to be dropped; `None` while it is polled for the first time.
        _sleep: Option<Sleep>,
    },
    Queued(Call),
    Cancelled,
}

impl Timer {
    /// Edge 3. What was dropped is user code's: the caller drops it where nothing is borrowed.
    fn cancel(&self) -> Option<State> {
        let mut state = self.state.borrow_mut();
        match &*state {
            State::Waiting { .. } => Some(std::mem::replace(&mut *state, State::Cancelled)),
            State::Queued(call) => {
                let call = call.clone();
                drop(state);
                call.cancel();
                None
            }
            State::Cancelled => None,
        }
    }
}

/// A timer of `data`'s loop; `when` is `None` if it never comes.
pub(super) fn begin<F: FnOnce() + 'static>(
    data: &Rc<LoopData>,
    when: Option<Instant>,
    place: &'static Location<'static>,
    callback: F,
) -> TimerHandle {
    begin_boxed(data, when, place, type_name::<F>(), Box::new(callback))
}

fn begin_boxed(
    data: &Rc<LoopData>,
    when: Option<Instant>,
    place: &'static Location<'static>,
    name: &'static str,
    callback: Callback,
) -> TimerHandle {
    let id = data.timers.next_id();
    let context = Context::copy();
    let timer = Rc::new(Timer {
        id,
        when,
        place,
        name,
        home: Rc::downgrade(data),
        state: RefCell::new(State::Waiting { callback, context, _sleep: None }),
    });
    data.timers.waiting.borrow_mut().insert(id, timer.clone());
    if let Some(when) = when {
        start(data, &timer, when);
    }
    TimerHandle { timer }
}

/// Begins to wait for `when`, or goes over edge 1 if that has passed.
fn start(data: &Rc<LoopData>, timer: &Rc<Timer>, when: Instant) {
    if when <= data.within(now_instant) {
        return queue(data, timer.id);
    }
    let waker = TimerWaker { id: timer.id, of: data.core.id(), home: data.handle() };
    let waker = Waker::from(Arc::new(waker));
    // The loop waits for it, and no task.
    let mut sleep = corio_timer::sleep_until(when).unrecorded();
    let polled = data.within(|| Pin::new(&mut sleep).poll(&mut TaskContext::from_waker(&waker)));
    match polled {
        Poll::Ready(()) => queue(data, timer.id),
        Poll::Pending => {
            if let State::Waiting { _sleep, .. } = &mut *timer.state.borrow_mut() {
                *_sleep = Some(sleep);
            }
        }
    }
}

/// Edges 1 and 2: the timer's callback goes into the queue.
fn queue(data: &Rc<LoopData>, id: TimerId) {
    let Some(timer) = data.timers.take(id) else { return };
    let waiting = timer.state.replace(State::Cancelled);
    if let State::Waiting { callback, context, _sleep } = waiting {
        let mut spawn = Spawn::from(timer.place);
        // Where neither has variables, it makes no difference in which of them it is called.
        if !context.is_empty() || !Context::copy().is_empty() {
            spawn = spawn.context(context);
        }
        let call = data.core.call_with(spawn, boxed::named(timer.name, callback));
        timer.state.replace(State::Queued(call));
    }
}

/// Wakes a timer, from whatever thread drives its sleep.
struct TimerWaker {
    id: TimerId,
    of: LoopId,
    home: Handle,
}

impl TimerWaker {
    /// Edge 2, if this thread works for the timer's loop.
    fn fire(id: TimerId, of: LoopId) -> bool {
        match data::active() {
            Some(data) if data.core.id() == of => {
                queue(&data, id);
                true
            }
            _ => false,
        }
    }
}

impl Wake for TimerWaker {
    fn wake(self: Arc<Self>) {
        let (id, of) = (self.id, self.of);
        if !Self::fire(id, of) {
            self.home.call(Location::caller(), move || {
                Self::fire(id, of);
            });
        }
    }
}

/// A callback at a moment, to be cancelled. Dropped, it changes nothing.
pub struct TimerHandle {
    timer: Rc<Timer>,
}

impl TimerHandle {
    /// Sees to it that the callback is not called, if it was not yet, and drops it.
    pub fn cancel(&self) {
        let cancelled = self.timer.cancel();
        let listed = self.timer.home.upgrade().and_then(|data| data.timers.take(self.timer.id));
        // What the callback would have begun goes with it.
        let _disarmed = disarm::guard();
        drop(cancelled);
        drop(listed);
    }

    /// Whether it was cancelled before it was called; also by the end of its loop.
    pub fn is_cancelled(&self) -> bool {
        match &*self.timer.state.borrow() {
            State::Waiting { .. } => false,
            State::Queued(call) => call.is_cancelled(),
            State::Cancelled => true,
        }
    }

    /// When it is, or was, to be called; `None` if that is too far away to be counted.
    pub fn when(&self) -> Option<Instant> {
        self.timer.when
    }

    /// Where it was asked for.
    pub fn location(&self) -> &'static Location<'static> {
        self.timer.place
    }
}

impl Clone for TimerHandle {
    fn clone(&self) -> Self {
        TimerHandle { timer: self.timer.clone() }
    }
}

impl PartialEq for TimerHandle {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.timer, &other.timer)
    }
}

impl Eq for TimerHandle {}

impl PartialOrd for TimerHandle {
    /// By their moments, and equal ones by when they were asked for.
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for TimerHandle {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        // Those that never come are the last.
        let of = |handle: &Self| (handle.when().is_none(), handle.when(), handle.timer.id);
        of(self).cmp(&of(other))
    }
}

impl fmt::Debug for TimerHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.is_cancelled() { "cancelled " } else { "" };
        write!(f, "<TimerHandle {state}when={:?} made at {}>", self.when(), self.location())
    }
}
