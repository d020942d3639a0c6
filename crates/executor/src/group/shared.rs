//! What a group's handles, its children and its scope share.
//!
//! ```text
//!            1 close: an error, cancel(), the scope dropped          2 end
//!   Open ─────────────────────────────────────────────────▶ Closing ──────▶ Ended
//!     ├──────3 shut: a request from around has cut the body──▶              ▲
//!     └──────────────────────────────2 end──────────────────────────────────┘
//! ```
//!
//! Open, children may begin. Closing, those that are alive have been asked to unwind and none may
//! begin. Each child has a slot, so its beginning and its end cost the same however many there are:
//!
//! ```text
//!   Free ──reserve──▶ Reserved ──fill──▶ Alive ──leave──▶ Free
//!                         │      fill, late──▶ Asked ──leave──▶ Free
//!                         │                      ▲
//!                         │        Alive ──ask───┘
//!                         └──leave──▶ EndedEarly ──fill──▶ Free     (on another thread, before `fill`)
//! ```
//!
//! A child that was asked by a request from around, and answers it still, is not asked by the group
//! itself: its cleanup would be cut by what only says the same.
//!
//! **The race** of a child that begins while a request is passed on: both are under the lock. Reserved
//! first, the child is found by `ask` or, not filled yet, asked by `fill`; reserved later, it comes
//! after that request, and in a group that closes it is refused.

use std::any::Any;
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};

use corio_base::WakerCell;
use corio_task::{Forward, Reason, Task};
use corio_trace::WaitKind;
use corio_trace::book::Held;

use super::error::ChildError;
use crate::handle::Handle;

/// The shared part of a group.
pub(super) struct Shared<E> {
    state: Mutex<State<E>>,
    /// Who polls the scope.
    pub(super) awaiter: WakerCell,
    /// The loop that the scope was made on, if there was one.
    pub(super) home: Option<Handle>,
}

struct State<E> {
    phase: Phase,
    alive: usize,
    slots: Vec<Slot>,
    free: Vec<u32>,
    errors: Vec<ChildError<E>>,
    /// The group's own request, for children and body.
    request: Option<Forward>,
    /// In debug mode, by slot: that a child has what the group's awaiter waits for.
    held: Vec<Held>,
    /// What children that were reserved, and not filled yet, have missed.
    missed: Vec<(u32, Forward)>,
    /// Since the last request from around, a child has ended without a value.
    was_cut: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Open,
    Closing,
    Ended,
}

enum Slot {
    Free,
    Reserved,
    Alive(Task),
    /// A request was passed on to it.
    Asked(Task),
    EndedEarly,
}

impl Slot {
    fn is_of(&self, other: &Task) -> bool {
        matches!(self, Slot::Alive(task) | Slot::Asked(task) if task.id() == other.id())
    }
}

/// A request, and those who are to have it. Given to them when the lock is released.
struct Asking {
    request: Forward,
    tasks: Vec<Task>,
    /// Those who have had another one from the group, and may be answering it.
    asked_before: Vec<Task>,
}

impl Asking {
    /// To all.
    fn pass_on(self) {
        for task in self.tasks.iter().chain(&self.asked_before) {
            task.forward(&self.request);
        }
    }

    /// To all but those who unwind already.
    fn pass_on_gently(mut self) {
        self.asked_before.retain(|task| task.cancelling() == 0);
        self.pass_on();
    }
}

/// How a child ended.
pub(super) enum End<E> {
    Value,
    Failed(E),
    Panicked(Box<dyn Any + Send>),
    /// Dropped before it returned: cancelled, or aborted.
    Cut,
}

/// How things stand, for the scope.
pub(super) struct Look {
    pub(super) alive: usize,
    pub(super) was_cut: bool,
    pub(super) has_errors: bool,
}

impl<E> Shared<E> {
    pub(super) fn new(home: Option<Handle>) -> Self {
        Shared {
            state: Mutex::new(State {
                phase: Phase::Open,
                alive: 0,
                slots: Vec::new(),
                free: Vec::new(),
                errors: Vec::new(),
                request: None,
                held: Vec::new(),
                missed: Vec::new(),
                was_cut: false,
            }),
            awaiter: WakerCell::new(),
            home,
        }
    }

    /// Locks, also what a panic left locked: every change is whole.
    fn lock(&self) -> MutexGuard<'_, State<E>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a child. `None`: the group takes none in any more.
    pub(super) fn reserve(&self) -> Option<u32> {
        let mut state = self.lock();
        if state.phase != Phase::Open {
            return None;
        }
        state.alive += 1;
        let slot = match state.free.pop() {
            Some(slot) => slot,
            None => {
                state.slots.push(Slot::Free);
                // More children than that are more memory than there is.
                u32::try_from(state.slots.len() - 1).expect("a group has at most 2^32 children")
            }
        };
        state.slots[slot as usize] = Slot::Reserved;
        Some(slot)
    }

    /// What the records of who waits for the group, and of its children, name it by.
    pub(super) fn object(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// The child of a reserved place is there.
    pub(super) fn fill(&self, slot: u32, task: &Task) {
        let task = task.clone();
        let missed: Vec<_> = {
            let mut state = self.lock();
            let missed = state.missed.extract_if(.., |(of, _)| *of == slot).collect();
            state.slots[slot as usize] = match &state.slots[slot as usize] {
                Slot::EndedEarly => {
                    state.free.push(slot);
                    Slot::Free
                }
                _ if Vec::is_empty(&missed) => Slot::Alive(task.clone()),
                _ => Slot::Asked(task.clone()),
            };
            missed
        };
        if corio_trace::enabled() {
            self.note_child(slot, &task);
        }
        for (_, request) in &missed {
            task.forward(request);
        }
    }

    /// In debug mode: a child has what the group's awaiter waits for.
    #[cold]
    #[inline(never)]
    fn note_child(&self, slot: u32, task: &Task) {
        let held = Held::take_for(task.id(), WaitKind::Group, self.object(), task.location());
        let mut state = self.lock();
        // One that has ended by now has nothing, and its place may be another one's.
        if state.slots[slot as usize].is_of(task) {
            state.hold(slot, held);
        }
    }

    /// A child has ended; nothing of its future is left.
    pub(super) fn leave(&self, slot: u32, end: End<E>) {
        let mut state = self.lock();
        state.alive -= 1;
        let was = mem::replace(&mut state.slots[slot as usize], Slot::Free);
        let task = match was {
            Slot::Alive(task) | Slot::Asked(task) => {
                state.free.push(slot);
                Some(task)
            }
            _ => {
                state.slots[slot as usize] = Slot::EndedEarly;
                corio_task::current()
            }
        };
        if !state.held.is_empty() {
            state.let_go(slot);
        }
        let error = match end {
            End::Value => None,
            End::Cut => {
                state.was_cut = true;
                None
            }
            End::Failed(error) => Some(ChildError::failed(task.clone(), error)),
            End::Panicked(payload) => Some(ChildError::panicked(task.clone(), payload)),
        };
        let is_last = state.alive == 0;
        let others = error.map(|error| {
            let who = error.task().map_or_else(|| "a child".into(), |task| task.info().name());
            state.errors.push(error);
            state.close(|| format!("{who}, a sibling, failed").into())
        });
        drop(state);
        drop(task);
        let failed = others.is_some();
        if let Some(others) = others.flatten() {
            others.pass_on_gently();
        }
        if is_last || failed {
            self.awaiter.wake();
        }
    }

    /// The body's error, or nothing of it, but the children are to unwind.
    pub(super) fn close(&self, reason: impl FnOnce() -> Reason) {
        let others = self.lock().close(reason);
        if let Some(others) = others {
            others.pass_on_gently();
        }
        self.awaiter.wake();
    }

    /// As [`Shared::close`], where nobody waits any more: those are asked again who clean up because of
    /// a request from around.
    pub(super) fn abandon(&self, reason: impl FnOnce() -> Reason) {
        let others = self.lock().close(reason);
        if let Some(others) = others {
            others.pass_on();
        }
    }

    /// A request from around goes to the children.
    pub(super) fn pass_on(&self, request: &Forward) {
        let asking = {
            let mut state = self.lock();
            state.was_cut = false;
            state.ask(request)
        };
        asking.pass_on();
    }

    /// Edge 3. A request from around was passed on, and there is no body to start more children: none
    /// begins any more, and those that began since are asked, too.
    pub(super) fn shut(&self, request: &Forward) {
        let mut asking = {
            let mut state = self.lock();
            if state.phase != Phase::Open {
                return;
            }
            state.phase = Phase::Closing;
            state.ask(request)
        };
        asking.asked_before.clear();
        asking.pass_on();
    }

    /// The group's own request, if it closes.
    pub(super) fn request(&self) -> Option<Forward> {
        self.lock().request.clone()
    }

    pub(super) fn look(&self) -> Look {
        let state = self.lock();
        Look { alive: state.alive, was_cut: state.was_cut, has_errors: !state.errors.is_empty() }
    }

    /// Nothing begins from now on. The errors so far.
    pub(super) fn end(&self) -> Vec<ChildError<E>> {
        let mut state = self.lock();
        state.phase = Phase::Ended;
        mem::take(&mut state.errors)
    }

    pub(super) fn alive(&self) -> usize {
        self.lock().alive
    }

    pub(super) fn is_open(&self) -> bool {
        self.lock().phase == Phase::Open
    }

    /// What is said to a child that comes too late.
    pub(super) fn refusal(&self) -> Reason {
        match self.lock().phase {
            Phase::Ended => "its task group has ended".into(),
            Phase::Open | Phase::Closing => "its task group is shutting down".into(),
        }
    }
}

impl<E> State<E> {
    /// A child has begun.
    fn hold(&mut self, slot: u32, held: Held) {
        let slot = slot as usize;
        if self.held.len() <= slot {
            self.held.resize_with(slot + 1, Held::new);
        }
        self.held[slot] = held;
    }

    /// A child ends, and its record with it.
    #[cold]
    #[inline(never)]
    fn let_go(&mut self, slot: u32) {
        if let Some(held) = self.held.get_mut(slot as usize) {
            *held = Held::new();
        }
    }

    /// Edge 1, also where edge 3 was taken. Whom to ask, the first time.
    fn close(&mut self, reason: impl FnOnce() -> Reason) -> Option<Asking> {
        if self.phase == Phase::Ended || self.request.is_some() {
            return None;
        }
        self.phase = Phase::Closing;
        let request = Forward::new(reason());
        self.request = Some(request.clone());
        Some(self.ask(&request))
    }

    /// Who is to have `request`: all who have begun.
    fn ask(&mut self, request: &Forward) -> Asking {
        let (mut tasks, mut asked_before) = (Vec::new(), Vec::new());
        for (at, slot) in (0_u32..).zip(&mut self.slots) {
            match slot {
                Slot::Alive(task) => {
                    tasks.push(task.clone());
                    *slot = Slot::Asked(task.clone());
                }
                Slot::Asked(task) => asked_before.push(task.clone()),
                Slot::Reserved => self.missed.push((at, request.clone())),
                Slot::Free | Slot::EndedEarly => {}
            }
        }
        Asking { request: request.clone(), tasks, asked_before }
    }
}
