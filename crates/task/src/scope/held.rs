//! Guards, as the tree of their task knows them.
//!
//! A guard holds the requests that a catch took, all at once, and has its home in the scope around
//! that catch: there, and further out, its requests wait for it. When the scope goes, the home moves
//! outwards.

use std::sync::Arc;
use std::task::Waker;

use super::reason::Reason;
use super::request::{Answers, RequestId};
use super::tree::{NodeId, Tree, Waking};

/// A guard within its tree.
pub(crate) type GuardId = u64;

/// What a guard holds, and where.
#[derive(Debug)]
pub(crate) struct Guard {
    pub(crate) home: NodeId,
    pub(crate) requests: Vec<RequestId>,
}

/// How a guard went.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Exit {
    Suppress,
    Postpone,
    Resume,
}

/// What a catch gets for its body.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) guard: GuardId,
    /// The first request's.
    pub(crate) reason: Option<Reason>,
}

impl Tree {
    /// `node` takes `requests`: their guard has its home in the node's parent. Guards that go while
    /// the node's body is dropped, from now until [`Tree::leave_taken`], come together in this one.
    pub(crate) fn take(
        &mut self,
        node: NodeId,
        requests: &[RequestId],
        wakers: &mut Waking,
    ) -> Taken {
        let guard = self.next_id();
        let home = self.node(node).parent;
        self.guards.insert(guard, Guard { home, requests: Vec::new() });
        self.node_mut(home).guards.insert(guard);
        self.collecting.push(guard);
        for &id in requests {
            self.take_one(node, id, guard);
        }
        self.wake_waiting(wakers);
        let first = requests.iter().min().and_then(|id| self.requests.get(id));
        Taken { guard, reason: first.map(|request| request.reason.clone()) }
    }

    fn take_one(&mut self, node: NodeId, id: RequestId, guard: GuardId) {
        // What came up to this scope was about its body; from now on the guard's word counts.
        self.take_ask(node, id);
        self.deliver(id);
        self.hold(guard, id);
    }

    /// The body is gone: what it stood in the way of comes to the guard, too, and the node goes.
    pub(crate) fn leave_taken(
        &mut self,
        node: NodeId,
        guard: GuardId,
        wakers: &mut Waking,
    ) -> Option<Arc<Waker>> {
        for id in self.open_to_catch(node) {
            self.take_one(node, id, guard);
        }
        self.collecting.retain(|other| *other != guard);
        self.remove(node, wakers)
    }

    /// The guard holds the request from now on. `false`: it cannot, its home is outside the target.
    fn hold(&mut self, guard: GuardId, id: RequestId) -> bool {
        let Some(held) = self.guards.get(&guard) else { return false };
        let home = held.home;
        let Some(request) = self.requests.get(&id) else { return false };
        if !self.is_within(home, request.target) {
            return false;
        }
        if self.request(id).is_some_and(|request| request.guards.insert(guard)) {
            self.guards.get_mut(&guard).expect("looked at above").requests.push(id);
            self.count_up(home, id, 1);
        }
        true
    }

    /// The guard no longer holds the request.
    pub(crate) fn let_go(&mut self, guard: GuardId, id: RequestId) {
        let Some(held) = self.guards.get_mut(&guard) else { return };
        let home = held.home;
        held.requests.retain(|other| *other != id);
        if self.request(id).is_some_and(|request| request.guards.remove(&guard)) {
            self.count_up(home, id, -1);
        }
    }

    /// The guard goes. `in_poll`: in a poll of its own task, where a body may be being dropped whose
    /// catch collects what was in it.
    pub(crate) fn release(
        &mut self,
        guard: GuardId,
        exit: Exit,
        in_poll: bool,
        wakers: &mut Waking,
    ) {
        self.collecting.retain(|other| *other != guard);
        let Some(held) = self.guards.get(&guard) else { return };
        let home = held.home;
        let is_collected = in_poll && exit == Exit::Resume;
        let into = self.collecting.last().copied().filter(|_| is_collected);
        for id in held.requests.clone() {
            self.let_go(guard, id);
            let answers = if into.is_some_and(|into| self.hold(into, id)) {
                Answers::default()
            } else {
                Answers {
                    any: true,
                    resumed: exit == Exit::Resume,
                    postponed: exit == Exit::Postpone,
                }
            };
            self.answer(id, home, answers, wakers);
        }
        // Home may have moved by what the answers set off.
        if let Some(held) = self.guards.remove(&guard) {
            self.node_mut(held.home).guards.remove(&guard);
        }
    }

    /// Whether a request that the guard holds has its target among `around`.
    pub(crate) fn holds_for(&self, guard: GuardId, is_around: impl Fn(NodeId) -> bool) -> bool {
        self.guards
            .get(&guard)
            .is_some_and(|held| held.requests.iter().any(|id| is_around(self.requests[id].target)))
    }
}
