//! What a scope, its handles and whoever polls it share.
//!
//! ```text
//!          1 enter           2 expire              3 leave
//!   New ───────────▶ Active ──────────▶ Expiring ─────┬─────▶ Caught: no value
//!                      │                              └─────▶ Expired: the body returned one
//!                      └───────────────────3 leave──────────▶ Left
//! ```
//!
//! A node is cancelled at most once, and its children with it. Who polls the scope looks at `changes`,
//! one load a poll, and under the lock only when that has grown.
//!
//! **The race** of a cancel, or a moved deadline, with a poll of the scope: the poll registers its
//! waker first and then looks at `changes`; the other side changes first and then wakes. So either the
//! poll sees the change, or the change finds the waker.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::Waker;
use std::time::Instant;

use corio_base::WakerCell;
use corio_task::Reason;

/// Where a scope is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    New,
    Active,
    Expiring,
    Caught,
    Expired,
    Left,
}

/// The shared part of a scope.
#[derive(Debug)]
pub(crate) struct Node {
    state: Mutex<State>,
    /// How often the state was changed from outside the poll.
    changes: AtomicU32,
    /// Who polls the scope, or waits for the cancel.
    runner: WakerCell,
    /// Kept, because the parents know their children only weakly: what is cancelled two levels above
    /// reaches this one also when nobody else has the level between.
    parent: Option<Arc<Node>>,
}

impl Drop for Node {
    /// The parents that go with this one go one after the other, not one inside the other: there may be
    /// more levels than there is stack.
    fn drop(&mut self) {
        let mut parent = self.parent.take();
        while let Some(mut last) = parent.and_then(Arc::into_inner) {
            parent = last.parent.take();
        }
    }
}

#[derive(Debug)]
struct State {
    phase: Phase,
    reason: Option<Reason>,
    deadline: Option<Instant>,
    children: Vec<Weak<Node>>,
}

/// What a poll has to know.
#[derive(Debug)]
pub(crate) struct Look {
    pub(crate) reason: Option<Reason>,
    pub(crate) deadline: Option<Instant>,
}

impl Node {
    pub(crate) fn new(deadline: Option<Instant>) -> Arc<Node> {
        Node::make(None, deadline, None)
    }

    fn make(
        reason: Option<Reason>,
        deadline: Option<Instant>,
        parent: Option<Arc<Node>>,
    ) -> Arc<Node> {
        Arc::new(Node {
            state: Mutex::new(State { phase: Phase::New, reason, deadline, children: Vec::new() }),
            // Not 0, which a poll begins with: its first look is under the lock.
            changes: AtomicU32::new(1),
            runner: WakerCell::new(),
            parent,
        })
    }

    /// One that is cancelled when this one is.
    pub(crate) fn child(self: &Arc<Self>) -> Arc<Node> {
        let mut state = self.lock();
        // One that is born cancelled needs its parent no more.
        let parent = state.reason.is_none().then(|| Arc::clone(self));
        let child = Node::make(state.reason.clone(), None, parent);
        if state.reason.is_none() {
            if state.children.len() == state.children.capacity() {
                // Each time the list would grow, so that those that went do not pile up.
                state.children.retain(|child| child.strong_count() > 0);
            }
            state.children.push(Arc::downgrade(&child));
        }
        child
    }

    /// Locks, also what a panic left locked: every change is whole.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn changed(&self) {
        // Release: pairs with the Acquire in `look`. Followed by the wake, as the race above asks.
        self.changes.fetch_add(1, Ordering::Release);
        self.runner.wake();
    }

    /// Cancels it and all that is below it. `false`: it was cancelled before.
    pub(crate) fn cancel(self: &Arc<Self>, reason: &Reason) -> bool {
        let mut left = vec![Arc::clone(self)];
        let mut is_first = None;
        while let Some(node) = left.pop() {
            let children = {
                let mut state = node.lock();
                let fresh = state.reason.is_none();
                is_first.get_or_insert(fresh);
                if !fresh {
                    continue;
                }
                state.reason = Some(reason.clone());
                std::mem::take(&mut state.children)
            };
            node.changed();
            // The first child on top of the stack: they are cancelled in the order they were made.
            left.extend(children.iter().rev().filter_map(Weak::upgrade));
        }
        is_first.unwrap_or(false)
    }

    pub(crate) fn reason(&self) -> Option<Reason> {
        self.lock().reason.clone()
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.lock().reason.is_some()
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.lock().deadline
    }

    pub(crate) fn set_deadline(&self, deadline: Option<Instant>) {
        self.lock().deadline = deadline;
        self.changed();
    }

    /// Moves the deadline of a scope that is active; else says what it is.
    pub(crate) fn reschedule(&self, deadline: Option<Instant>) -> Result<(), Phase> {
        {
            let mut state = self.lock();
            if state.phase != Phase::Active {
                return Err(state.phase);
            }
            state.deadline = deadline;
        }
        self.changed();
        Ok(())
    }

    pub(crate) fn phase(&self) -> Phase {
        self.lock().phase
    }

    /// Edge 1. `false`: it was entered before.
    #[must_use]
    pub(crate) fn enter(&self) -> bool {
        let mut state = self.lock();
        let is_new = state.phase == Phase::New;
        if is_new {
            state.phase = Phase::Active;
        }
        is_new
    }

    /// Edge 2: it is being cancelled, by its deadline or by a handle; so is what is below it.
    pub(crate) fn expire(&self, reason: &Reason) {
        let children = {
            let mut state = self.lock();
            state.phase = Phase::Expiring;
            state.reason.get_or_insert_with(|| reason.clone());
            std::mem::take(&mut state.children)
        };
        for child in children.iter().filter_map(Weak::upgrade) {
            child.cancel(reason);
        }
    }

    /// Edge 3. `caught`: without a value, because it was cancelled.
    pub(crate) fn leave(&self, caught: bool) {
        let mut state = self.lock();
        state.phase = match state.phase {
            Phase::Expiring if caught => Phase::Caught,
            Phase::Expiring => Phase::Expired,
            Phase::New | Phase::Active => Phase::Left,
            ended => ended,
        };
    }

    /// Registers who polls, and says what has changed since `seen`.
    pub(crate) fn look(&self, waker: &Waker, seen: &mut u32) -> Option<Look> {
        self.runner.register(waker);
        // Acquire: pairs with the Release in `changed`.
        let changes = self.changes.load(Ordering::Acquire);
        if changes == *seen {
            return None;
        }
        *seen = changes;
        let state = self.lock();
        Some(Look { reason: state.reason.clone(), deadline: state.deadline })
    }
}
