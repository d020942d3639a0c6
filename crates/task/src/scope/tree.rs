//! The scopes of one task that requests have to do with, as plain data.
//!
//! Only scopes that a request could not find by polling stand here ([`super::site`]), so the tree of
//! a task that nobody cancels is empty, or small. A node is a scope, its parent the scope around it;
//! the task itself is the node 0. What a request does in the tree is in [`super::request`], what a
//! guard does in [`super::held`].
//!
//! ```text
//!   task 0 ─┬─ Target 1 ──── Catch 2 ──── Catch 5
//!           └─ Hold 3 ────── Catch 4        (a request to the task stops at the hold)
//! ```
//!
//! Nothing here looks through all nodes for one of them: ten thousand scopes in one task are
//! cancelled in time that grows with their number. To that end each node counts what is below it in a
//! request's way, and a change walks from its place up to the request's target.
//!
//! Everything here runs under the task's lock, so nothing here wakes, drops a waker or calls out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::task::Waker;

use super::held::{Guard, GuardId};
use super::request::{Answers, Request, RequestId};

/// Whom a change concerns, to be woken when the lock is free. Shared pointers, because the clone of a
/// waker is foreign code.
pub(crate) type Waking = Vec<Arc<Waker>>;

/// A scope's place in its task's tree; used again when the scope has left it.
pub(crate) type NodeId = u32;

/// The task itself.
pub(crate) const TASK: NodeId = 0;

/// No node.
const NONE: NodeId = NodeId::MAX;

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
    /// The tick of the wake for it, or for a change below it.
    pub(crate) woken: u64,
    /// A hold has passed it on.
    pub(crate) forwarded: bool,
    /// What those below it have answered.
    pub(crate) answers: Answers,
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
    /// The tick of its last poll.
    pub(crate) polled: u64,
    first: NodeId,
    last: NodeId,
    before: NodeId,
    after: NodeId,
    /// The requests that wait for it.
    pub(crate) asks: Vec<Ask>,
    /// The requests whose target it is.
    pub(crate) own: Vec<RequestId>,
    /// The guards that have their home here.
    pub(crate) guards: BTreeSet<GuardId>,
    /// Of each request that has its target around, or here: how many scopes below are asked, and how
    /// many guards have their home here or below.
    in_the_way: Vec<(RequestId, u32)>,
    /// The requests that a hold has let pass.
    pub(crate) let_pass: Vec<RequestId>,
}

impl Node {
    fn new(parent: NodeId, kind: Kind) -> Node {
        Node {
            parent,
            kind,
            waker: None,
            born: 0,
            polled: 0,
            first: NONE,
            last: NONE,
            before: NONE,
            after: NONE,
            asks: Vec::new(),
            own: Vec::new(),
            guards: BTreeSet::new(),
            in_the_way: Vec::new(),
            let_pass: Vec::new(),
        }
    }

    pub(crate) fn ask(&self, request: RequestId) -> Option<&Ask> {
        self.asks.iter().find(|ask| ask.request == request)
    }

    pub(crate) fn ask_mut(&mut self, request: RequestId) -> Option<&mut Ask> {
        self.asks.iter_mut().find(|ask| ask.request == request)
    }

    pub(crate) fn has_children(&self) -> bool {
        self.first != NONE
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
#[derive(Debug)]
pub(crate) struct Tree {
    nodes: Vec<Option<Node>>,
    vacant: Vec<NodeId>,
    pub(crate) requests: BTreeMap<RequestId, Request>,
    pub(crate) guards: BTreeMap<GuardId, Guard>,
    /// Guards that were made for a body which is being dropped; the last one is innermost.
    pub(crate) collecting: Vec<GuardId>,
    /// Requests that no pass has shown yet.
    pub(crate) hidden: Vec<RequestId>,
    /// Requests that all have suppressed, or postponed, who were asked in the first pass until now.
    pub(crate) early: Vec<RequestId>,
    /// The same of all below a scope that is asked itself.
    pub(crate) early_asks: Vec<(RequestId, NodeId)>,
    /// Level-triggered requests that were swallowed and ask again in a later turn.
    pub(crate) resting: Vec<RequestId>,
    /// Requests that were first delivered since the task was last quiet.
    pub(crate) delivering: Vec<RequestId>,
    /// Targets that would absorb a request if an outer one did not go first.
    pub(crate) waiting: BTreeSet<NodeId>,
    /// Scopes that would take a request if others in them had not still to be polled for another one.
    pub(crate) deferred: BTreeSet<NodeId>,
    /// Scopes that a change concerns which came when they may have been polled in this pass already.
    pub(crate) changed: Vec<NodeId>,
    /// Asked scopes that every poll of the task reaches.
    pub(crate) near: BTreeSet<NodeId>,
    /// Asked scopes that have to be woken to be polled.
    pub(crate) far: BTreeSet<NodeId>,
    /// Those of them that were woken and not polled since.
    pub(crate) told: BTreeSet<NodeId>,
    /// How far the asking for signs of life has come: the next place in `far`.
    pub(crate) next_sign: Option<NodeId>,
    /// How many rounds of that took several turns, since the last request came.
    pub(crate) full_rounds: u32,
    /// For how many turns more a task that is awake is not taken, because handles were woken which it may
    /// not have polled yet.
    pub(crate) far_turns: u32,
    /// The pass under way was begun for signs of life.
    pub(crate) verifying: bool,
    last_id: u64,
    /// Grows with each registration and each first delivery: orders the two.
    stamp: u64,
    /// Grows with each wake and each poll: the number of the pass cannot tell what came first.
    tick: u64,
    /// The number of the pass under way, or the last one.
    pub(crate) pass: u64,
    /// A pass is under way.
    pub(crate) is_polling: bool,
    /// The tick of its begin.
    pub(crate) pass_began: u64,
    /// The tick at which a task that is never quiet was last searched for unpolled scopes.
    pub(crate) searched: u64,
    /// Requests to the task itself that nobody took back: `Task::cancelling`.
    pub(crate) cancelling: u32,
}

impl Default for Tree {
    fn default() -> Self {
        Tree {
            nodes: vec![Some(Node::new(NONE, Kind::Target))],
            vacant: Vec::new(),
            requests: BTreeMap::new(),
            guards: BTreeMap::new(),
            collecting: Vec::new(),
            hidden: Vec::new(),
            early: Vec::new(),
            early_asks: Vec::new(),
            resting: Vec::new(),
            delivering: Vec::new(),
            waiting: BTreeSet::new(),
            deferred: BTreeSet::new(),
            changed: Vec::new(),
            near: BTreeSet::new(),
            far: BTreeSet::new(),
            told: BTreeSet::new(),
            next_sign: None,
            full_rounds: 0,
            far_turns: 0,
            verifying: false,
            last_id: 0,
            stamp: 0,
            tick: 0,
            pass: 0,
            is_polling: false,
            pass_began: 0,
            searched: 0,
            cancelling: 0,
        }
    }
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

    pub(crate) fn next_tick(&mut self) -> u64 {
        self.tick += 1;
        self.tick
    }

    pub(crate) fn get(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(id as usize)?.as_ref()
    }

    /// A node that is known to be there: the task, a parent, or one that a list of this tree names.
    pub(crate) fn node(&self, id: NodeId) -> &Node {
        self.get(id).expect("nodes that are named stand in the tree")
    }

    pub(crate) fn node_mut(&mut self, id: NodeId) -> &mut Node {
        let node = self.nodes.get_mut(id as usize).and_then(Option::as_mut);
        node.expect("nodes that are named stand in the tree")
    }

    /// How many scopes stand here.
    pub(crate) fn scopes(&self) -> usize {
        self.nodes.len() - self.vacant.len() - 1
    }

    /// Enters a scope; requests that are under way and concern it wait for it from now on.
    pub(crate) fn insert(&mut self, place: Place) -> NodeId {
        let stamp = self.next_stamp();
        let node = Node {
            waker: place.waker,
            born: if place.fresh { stamp } else { 0 },
            polled: self.next_tick(),
            ..Node::new(place.parent, place.kind)
        };
        let id = match self.vacant.pop() {
            Some(id) => {
                self.nodes[id as usize] = Some(node);
                id
            }
            None => {
                self.nodes.push(Some(node));
                NodeId::try_from(self.nodes.len() - 1).expect("fewer scopes than bytes of memory")
            }
        };
        self.link(id, place.parent);
        self.ask_newcomer(id);
        id
    }

    /// Takes a scope out. What was in it, children and guards, is its parent's from now on. Hands its
    /// waker out, to be dropped when the lock is free.
    pub(crate) fn remove(&mut self, id: NodeId, wakers: &mut Waking) -> Option<Arc<Waker>> {
        for request in std::mem::take(&mut self.node_mut(id).own) {
            self.withdraw(request, wakers);
        }
        let asks = self.take_asks(id);
        let parent = self.node(id).parent;
        let guards = std::mem::take(&mut self.node_mut(id).guards);
        for guard in &guards {
            self.guards.get_mut(guard).expect("named by its home").home = parent;
        }
        self.node_mut(parent).guards.extend(guards);
        while self.node(id).first != NONE {
            let child = self.node(id).first;
            self.unlink(child);
            self.link(child, parent);
        }
        self.unlink(id);
        let node = self.nodes[id as usize].take().expect("it stood here");
        self.vacant.push(id);
        self.deferred.remove(&id);
        if self.vacant.len() + 1 == self.nodes.len() {
            // A task that had ten thousand scopes once does not keep the room for them.
            self.nodes.truncate(1);
            self.vacant = Vec::new();
        }
        for ask in asks {
            self.answer(ask.request, parent, ask.answers, wakers);
        }
        self.wake_deferred(wakers);
        node.waker
    }

    fn link(&mut self, id: NodeId, parent: NodeId) {
        let last = std::mem::replace(&mut self.node_mut(parent).last, id);
        match last {
            NONE => self.node_mut(parent).first = id,
            last => self.node_mut(last).after = id,
        }
        let node = self.node_mut(id);
        node.parent = parent;
        node.before = last;
        node.after = NONE;
    }

    fn unlink(&mut self, id: NodeId) {
        let &Node { parent, before, after, .. } = self.node(id);
        match before {
            NONE => self.node_mut(parent).first = after,
            before => self.node_mut(before).after = after,
        }
        match after {
            NONE => self.node_mut(parent).last = before,
            after => self.node_mut(after).before = before,
        }
    }

    /// The scope is polled within `parent` from now on. Requests whose target it leaves in that way
    /// have nothing more to do with it.
    pub(crate) fn move_to(&mut self, id: NodeId, parent: NodeId, wakers: &mut Waking) {
        let before = self.node(id).parent;
        // A scope that is moved into itself is polled by its own body: not by any safe future.
        if before == parent || self.is_within(parent, id) {
            return;
        }
        let node = self.node(id);
        let mut load = node.in_the_way.clone();
        load.extend(node.asks.iter().map(|ask| (ask.request, 1)));
        load.retain(|(request, _)| !self.is_within(self.requests[request].target, id));
        for &(request, count) in &load {
            self.count_up(before, request, -i64::from(count));
        }
        self.unlink(id);
        self.link(id, parent);
        for &(request, count) in &load {
            self.count_up(parent, request, i64::from(count));
        }
        for (request, _) in load {
            let Some(known) = self.requests.get(&request) else { continue };
            if !self.is_within(parent, known.target) {
                self.orphan(id, request);
            }
            self.answer(request, before, Answers::default(), wakers);
        }
        self.wake_deferred(wakers);
    }

    /// What is in `top` has left the target of `request`.
    fn orphan(&mut self, top: NodeId, request: RequestId) {
        for id in self.subtree(top) {
            self.take_ask(id, request);
            for guard in self.node(id).guards.clone() {
                self.let_go(guard, request);
            }
            self.node_mut(id).in_the_way.retain(|(other, _)| *other != request);
        }
    }

    /// `top` and all that is in it, each before what is in it.
    fn subtree(&self, top: NodeId) -> Vec<NodeId> {
        let mut all = vec![top];
        let mut next = 0;
        while let Some(&id) = all.get(next) {
            all.extend(self.children(id));
            next += 1;
        }
        all
    }

    pub(crate) fn children(&self, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        let existing = |id: NodeId| (id != NONE).then_some(id);
        std::iter::successors(existing(self.node(id).first), move |&id| {
            existing(self.node(id).after)
        })
    }

    /// The scopes around `id`, from the innermost, and the task.
    pub(crate) fn around(&self, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        let outer = |id: NodeId| Some(self.node(id).parent).filter(|&parent| parent != NONE);
        std::iter::successors(outer(id), move |&id| outer(id))
    }

    /// Whether `inner` is `outer` or in it.
    pub(crate) fn is_within(&self, inner: NodeId, outer: NodeId) -> bool {
        outer == TASK || inner == outer || self.around(inner).any(|id| id == outer)
    }

    /// Something at `place` stands in the way of a request, or no longer: so it does for all up to the
    /// target.
    pub(crate) fn count_up(&mut self, place: NodeId, request: RequestId, change: i64) {
        let Some(target) = self.requests.get(&request).map(|request| request.target) else {
            return;
        };
        if !self.is_within(place, target) {
            return;
        }
        let mut at = place;
        loop {
            let node = self.node_mut(at);
            let counts = &mut node.in_the_way;
            let index =
                counts.iter().position(|(other, _)| *other == request).unwrap_or_else(|| {
                    counts.push((request, 0));
                    counts.len() - 1
                });
            let count = i64::from(counts[index].1) + change;
            debug_assert!(count >= 0, "counted out more than in");
            match u32::try_from(count) {
                Ok(count) if count > 0 => counts[index].1 = count,
                _ => drop(counts.swap_remove(index)),
            }
            if at == target {
                return;
            }
            at = node.parent;
        }
    }

    /// Whether something below `node` is asked, or a guard there holds the request.
    pub(crate) fn is_blocked(&self, node: NodeId, request: RequestId) -> bool {
        self.node(node).in_the_way.iter().any(|(other, _)| *other == request)
    }

    /// Keeps the lists of asked scopes right, after `id` was asked, answered, or is reached in another
    /// way.
    pub(crate) fn enlist(&mut self, id: NodeId) {
        let node = self.node(id);
        let is_asked = !node.asks.is_empty();
        let is_far = node.waker.is_some();
        let is_told = node.asks.iter().any(|ask| ask.woken > node.polled);
        for (list, is_in) in [
            (&mut self.near, is_asked && !is_far),
            (&mut self.far, is_asked && is_far),
            (&mut self.told, is_asked && is_far && is_told),
        ] {
            if is_in {
                list.insert(id);
            } else {
                list.remove(&id);
            }
        }
    }
}
