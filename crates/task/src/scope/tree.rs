//! The scopes of one task that requests have to do with, as plain data.
//!
//! Only scopes that a request could not find by polling stand here ([`super::site`]), so the tree of
//! a task that nobody cancels is empty, or small. A node is a scope, its parent the scope around it;
//! the task itself is the node 0. What a request does in the tree is in [`super::request`].
//!
//! ```text
//!   task 0 ─┬─ Target 1 ──── Catch 2 ──── Catch 5
//!           └─ Hold 3 ────── Catch 4        (a request to the task stops at the hold)
//! ```
//!
//! Everything here runs under the task's lock, so nothing here wakes, drops a waker or calls out.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::task::Waker;

use super::request::{Request, RequestId};

/// Whom a change concerns, to be woken when the lock is free. Shared pointers, because the clone of a
/// waker is foreign code.
pub(crate) type Waking = Vec<Arc<Waker>>;

/// A scope in its task's tree; greater than those of the scopes that registered before it.
pub(crate) type NodeId = u64;

/// The task itself.
pub(crate) const TASK: NodeId = 0;

/// What a scope does about requests.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// Drops its body and yields a guard.
    Catch,
    /// Absorbs its own requests, lets others' through.
    Target,
    /// Unwinding waits for it; requests to what is around it do not reach what is in it.
    Hold,
}

/// What a scope still has to do about a request.
#[derive(Debug)]
pub(crate) struct Ask {
    pub(crate) request: RequestId,
    /// The pass that woke the scope for it, or for a change below it.
    pub(crate) woken: u64,
    /// A hold has passed it on.
    pub(crate) forwarded: bool,
    /// What those below it have answered.
    pub(crate) answers: Answers,
}

/// What guards below a place said when they went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answers {
    pub(crate) any: bool,
    pub(crate) resumed: bool,
    pub(crate) postponed: bool,
}

impl Answers {
    pub(crate) fn add(&mut self, other: Answers) {
        self.any |= other.any;
        self.resumed |= other.resumed;
        self.postponed |= other.postponed;
    }
}

/// One scope.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) parent: NodeId,
    pub(crate) kind: Kind,
    /// How a combinator is told to poll it; `None` where every poll of the task reaches it.
    pub(crate) waker: Option<Arc<Waker>>,
    /// The stamp of its first poll, if there were requests then; 0: it is older than all of them.
    pub(crate) born: u64,
    /// The last pass that polled it.
    pub(crate) polled: u64,
    pub(crate) children: u32,
    /// How many guards have their home here.
    pub(crate) guards: u32,
    /// The requests that wait for it.
    pub(crate) asks: Vec<Ask>,
}

impl Node {
    pub(crate) fn ask(&mut self, request: RequestId) -> Option<&mut Ask> {
        self.asks.iter_mut().find(|ask| ask.request == request)
    }
}

/// Where a scope is to stand, and how it is reached.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) parent: NodeId,
    pub(crate) kind: Kind,
    pub(crate) waker: Option<Arc<Waker>>,
    /// Its first poll was while there were requests.
    pub(crate) fresh: bool,
}

/// The scopes and requests of one task.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    pub(crate) nodes: BTreeMap<NodeId, Node>,
    pub(crate) requests: Vec<Request>,
    /// Numbers for nodes and guards.
    last_id: u64,
    /// Grows with each registration and each first delivery: orders the two.
    stamp: u64,
    /// The number of the pass under way, or the last one.
    pub(crate) pass: u64,
    /// The number of the run under way (one turn, some passes), or the last one.
    pub(crate) run: u64,
    /// Requests to the task itself that nobody took back: `Task::cancelling`.
    pub(crate) cancelling: u32,
}

impl Tree {
    pub(crate) fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    pub(crate) fn next_stamp(&mut self) -> u64 {
        self.stamp += 1;
        self.stamp
    }

    /// Enters a scope; requests that are under way and concern it wait for it from now on.
    pub(crate) fn insert(&mut self, place: Place) -> NodeId {
        let id = self.next_id();
        let stamp = self.next_stamp();
        if let Some(parent) = self.nodes.get_mut(&place.parent) {
            parent.children += 1;
        }
        let node = Node {
            parent: place.parent,
            kind: place.kind,
            waker: place.waker,
            born: if place.fresh { stamp } else { 0 },
            polled: self.pass,
            children: 0,
            guards: 0,
            asks: Vec::new(),
        };
        self.nodes.insert(id, node);
        self.ask_newcomer(id);
        id
    }

    /// Takes a scope out. What was in it, children and guards, is its parent's from now on. Hands its
    /// waker out, to be dropped when the lock is free.
    pub(crate) fn remove(&mut self, id: NodeId, wakers: &mut Waking) -> Option<Arc<Waker>> {
        self.withdraw_requests_of(id, wakers);
        let mut node = self.nodes.remove(&id)?;
        if let Some(parent) = self.nodes.get_mut(&node.parent) {
            parent.children = parent.children - 1 + node.children;
            parent.guards += node.guards;
        }
        if node.children > 0 {
            for child in self.nodes.values_mut().filter(|child| child.parent == id) {
                child.parent = node.parent;
            }
        }
        if node.guards > 0 {
            for request in &mut self.requests {
                for home in request.guards.values_mut().filter(|home| **home == id) {
                    *home = node.parent;
                }
            }
        }
        for ask in std::mem::take(&mut node.asks) {
            self.close_ask(node.parent, ask, wakers);
        }
        node.waker
    }

    /// The scope is polled within `parent` from now on.
    pub(crate) fn move_to(&mut self, id: NodeId, parent: NodeId) {
        let Some(node) = self.nodes.get_mut(&id) else { return };
        let before = std::mem::replace(&mut node.parent, parent);
        if before == parent {
            return;
        }
        for (place, change) in [(before, -1), (parent, 1)] {
            if let Some(place) = self.nodes.get_mut(&place) {
                place.children = place.children.saturating_add_signed(change);
            }
        }
    }

    /// The scopes around `id`, from the innermost; not the task itself.
    pub(crate) fn around(&self, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        std::iter::successors(self.nodes.get(&id), |node| self.nodes.get(&node.parent))
            .map(|node| node.parent)
            .filter(|&parent| parent != TASK)
    }

    /// Whether `inner` is `outer` or in it.
    pub(crate) fn is_within(&self, inner: NodeId, outer: NodeId) -> bool {
        outer == TASK || inner == outer || self.around(inner).any(|id| id == outer)
    }

    /// Whether a hold stands between `id` and the scope `outer` around it.
    pub(crate) fn is_shielded(&self, id: NodeId, outer: NodeId) -> bool {
        self.around(id)
            .take_while(|&around| around != outer)
            .any(|around| self.nodes[&around].kind == Kind::Hold)
    }
}
