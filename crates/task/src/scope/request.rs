//! Requests to unwind, and what they do in a tree of scopes.
//!
//! ```text
//!            1 issue            2 show                 3 ask: catches and holds below the target
//!   (made) ────────▶ hidden ────────────▶ visible ──────────────────────────────┐
//!                      ▲                                                        ▼
//!                      │                         ┌───────────────────── asked scopes, innermost first
//!                      │                         │ 4 take: the body goes,         │
//!                      │                         ▼    a guard comes               │ 5 pass over: not
//!                      │                      guards ──6 release──▶ answers ◀─────┘   polled, or ended
//!                      │                                              │
//!                      │        postponed by all, resumed by none     │ 7 settle, nobody left to ask
//!                      └──────────────────────────────────────────────┤
//!                                                                     ├─ all suppressed: 8 swallow
//!                                                                     └─ else the target takes it
//! ```
//!
//! A scope that is asked takes the request when nothing in it is asked any more, no guard of the
//! request has its home in it, and what was answered from in it goes on. So answers go up from scope
//! to scope: each waits for all below it, takes what goes on and answers in its turn.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::task::Waker;

use super::reason::Reason;
use super::tree::{Answers, Ask, Kind, NodeId, TASK, Tree, Waking};

/// A request within its tree.
pub(crate) type RequestId = u64;

/// A request to unwind to its target.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) id: RequestId,
    pub(crate) target: NodeId,
    pub(crate) reason: Reason,
    /// The same in every task that it is passed on to.
    pub(crate) origin: u64,
    /// Asks again in a later turn when it was swallowed.
    pub(crate) level: bool,
    /// A pass has begun since it was issued.
    pub(crate) visible: bool,
    /// Swallowed, and to ask again (level): the run in which that was.
    pub(crate) rests_since: Option<u64>,
    /// The stamp of its first delivery: younger scopes are not asked.
    pub(crate) delivered: Option<u64>,
    /// How many scopes are asked.
    pub(crate) open: usize,
    /// The guards that hold it, and the scope each has its home in.
    pub(crate) guards: BTreeMap<u64, NodeId>,
    /// What came up to the target.
    pub(crate) answers: Answers,
}

impl Request {
    /// Nobody is left to ask and nobody holds it.
    fn is_settled(&self) -> bool {
        self.open == 0 && self.guards.is_empty()
    }
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
    pub(crate) guard: u64,
    /// The first request's; `None` if all have been withdrawn meanwhile.
    pub(crate) reason: Option<Reason>,
    /// To be dropped when the lock is free.
    pub(crate) waker: Option<Arc<Waker>>,
}

impl Tree {
    pub(crate) fn request(&mut self, id: RequestId) -> Option<&mut Request> {
        self.requests.iter_mut().find(|request| request.id == id)
    }

    /// Whether a request of this origin is under way here.
    pub(crate) fn has(&self, origin: u64) -> bool {
        self.requests.iter().any(|request| request.origin == origin)
    }

    /// Edge 1.
    pub(crate) fn issue(&mut self, target: NodeId, reason: Reason, origin: u64, level: bool) {
        let id = self.next_id();
        let request = Request {
            id,
            target,
            reason,
            origin,
            level,
            visible: false,
            rests_since: None,
            delivered: None,
            open: 0,
            guards: BTreeMap::new(),
            answers: Answers::default(),
        };
        // Outermost targets first; those of one target in the order they came.
        let depth = self.depth(target);
        let at = self.requests.partition_point(|other| self.depth(other.target) <= depth);
        self.requests.insert(at, request);
    }

    fn depth(&self, id: NodeId) -> usize {
        if id == TASK { 0 } else { 1 + self.around(id).count() }
    }

    /// Edges 2 and 3, for all that are hidden. Wakes whom they concern.
    pub(crate) fn show_all(&mut self, wakers: &mut Waking) {
        for at in 0..self.requests.len() {
            let request = &mut self.requests[at];
            if std::mem::replace(&mut request.visible, true) {
                continue;
            }
            let id = request.id;
            let target = request.target;
            let nodes: Vec<NodeId> = self.nodes.keys().copied().collect();
            for node in nodes {
                if self.concerns(id, node) {
                    self.open_ask(id, node);
                }
                if self.is_within(node, target) {
                    wakers.extend(self.nodes[&node].waker.clone());
                }
            }
        }
    }

    /// Whether the request has to ask `node`.
    fn concerns(&self, id: RequestId, node: NodeId) -> bool {
        let Some(request) = self.requests.iter().find(|request| request.id == id) else {
            return false;
        };
        let scope = &self.nodes[&node];
        scope.kind != Kind::Target
            && node != request.target
            && request.delivered.is_none_or(|stamp| scope.born <= stamp)
            && self.is_within(node, request.target)
            && !self.is_shielded(node, request.target)
    }

    fn open_ask(&mut self, request: RequestId, node: NodeId) {
        let woken = self.pass;
        let answers = Answers::default();
        if let (Some(node), Some(index)) =
            (self.nodes.get_mut(&node), self.requests.iter().position(|other| other.id == request))
        {
            node.asks.push(Ask { request, woken, forwarded: false, answers });
            self.requests[index].open += 1;
        }
    }

    /// Edge 3 for a scope that registers while requests are under way.
    pub(crate) fn ask_newcomer(&mut self, node: NodeId) {
        for at in 0..self.requests.len() {
            let Request { id, visible, rests_since, .. } = self.requests[at];
            if visible && rests_since.is_none() && self.concerns(id, node) {
                self.open_ask(id, node);
            }
        }
    }

    /// Whether something in `node` (not `node` itself) is asked, or holds the request by a guard.
    fn is_blocked(&self, node: NodeId, request: &Request) -> bool {
        let own =
            self.nodes.get(&node).is_some_and(|n| n.asks.iter().any(|a| a.request == request.id));
        if request.guards.values().any(|&home| self.is_within(home, node)) {
            return true;
        }
        if request.open == usize::from(own) {
            return false;
        }
        self.nodes.iter().any(|(&id, other)| {
            id != node
                && other.asks.iter().any(|ask| ask.request == request.id)
                && self.is_within(id, node)
        })
    }

    /// The requests that the catch `node` takes now: outermost target first.
    pub(crate) fn takeable_by_catch(&self, node: NodeId) -> Vec<RequestId> {
        let Some(scope) = self.nodes.get(&node) else { return Vec::new() };
        let goes_on = |ask: &&Ask| !ask.answers.any || ask.answers.resumed;
        let asks: Vec<&Ask> = scope.asks.iter().filter(goes_on).collect();
        self.requests
            .iter()
            .filter(|request| asks.iter().any(|ask| ask.request == request.id))
            .filter(|request| !self.is_blocked(node, request))
            .map(|request| request.id)
            .collect()
    }

    /// The request that the target `node` absorbs now, if there is one and no outer one can go on.
    pub(crate) fn takeable_by_target(&self, node: NodeId) -> Option<&Request> {
        self.requests.iter().find(|request| {
            request.target == node
                && request.visible
                && request.rests_since.is_none()
                && request.is_settled()
                && (!request.answers.any || request.answers.resumed)
                && !self.outer_goes_on(node)
        })
    }

    /// Whether a request to something around the target `node` may still unwind it.
    fn outer_goes_on(&self, node: NodeId) -> bool {
        let Some(scope) = self.nodes.get(&node) else { return false };
        self.requests.iter().any(|outer| {
            outer.target != node
                && self.is_within(node, outer.target)
                && !self.is_shielded(node, outer.target)
                && outer.rests_since.is_none()
                && outer.delivered.is_none_or(|stamp| scope.born <= stamp)
                // In the cleanup of a guard around it, the node is not in the request's way.
                && !outer.guards.values().any(|&home| self.is_within(scope.parent, home))
        })
    }

    /// Whether a scope that returns a value has been unwound: its request was delivered, and not
    /// suppressed.
    pub(crate) fn is_unwinding(&self, target: NodeId) -> Option<&Request> {
        self.requests.iter().find(|request| {
            let goes_on = || {
                self.nodes
                    .values()
                    .flat_map(|node| &node.asks)
                    .any(|ask| ask.request == request.id && ask.answers.resumed)
            };
            request.target == target
                && request.delivered.is_some()
                && (!request.guards.is_empty() || request.answers.resumed || goes_on())
        })
    }

    /// Edge 4: `node`, whose body is gone, takes `requests`; their guard has its home in the node's
    /// parent.
    pub(crate) fn take(
        &mut self,
        node: NodeId,
        requests: &[RequestId],
        wakers: &mut Waking,
    ) -> Taken {
        let guard = self.next_id();
        let stamp = self.next_stamp();
        let home = self.nodes.get(&node).map_or(TASK, |node| node.parent);
        let mut first: Option<(RequestId, Reason)> = None;
        for &id in requests {
            // What came up to this scope was about its body; from now on the guard's word counts.
            let asks = self.nodes.get_mut(&node).map(|node| &mut node.asks);
            let before = asks.as_ref().map_or(0, |asks| asks.len());
            let left = asks.map_or(0, |asks| {
                asks.retain(|ask| ask.request != id);
                asks.len()
            });
            let Some(request) = self.request(id) else { continue };
            request.open -= before - left;
            request.delivered.get_or_insert(stamp);
            request.guards.insert(guard, home);
            if first.as_ref().is_none_or(|(earlier, _)| id < *earlier) {
                first = Some((id, request.reason.clone()));
            }
            if let Some(scope) = self.nodes.get_mut(&home) {
                scope.guards += 1;
            }
        }
        let waker = self.remove(node, wakers);
        Taken { guard, reason: first.map(|(_, reason)| reason), waker }
    }

    /// Edge 6: the guard goes.
    pub(crate) fn release(&mut self, guard: u64, exit: Exit, wakers: &mut Waking) {
        let held: Vec<RequestId> = self
            .requests
            .iter()
            .filter(|request| request.guards.contains_key(&guard))
            .map(|request| request.id)
            .collect();
        let answers =
            Answers { any: true, resumed: exit == Exit::Resume, postponed: exit == Exit::Postpone };
        for id in held {
            let Some(home) = self.request(id).and_then(|r| r.guards.remove(&guard)) else {
                continue;
            };
            if let Some(scope) = self.nodes.get_mut(&home) {
                scope.guards -= 1;
            }
            self.answer(id, home, answers, wakers);
        }
    }

    /// Something at `place` or below has said its last about a request: the nearest scope around that
    /// is asked, or the target, hears of it.
    fn answer(&mut self, id: RequestId, place: NodeId, answers: Answers, wakers: &mut Waking) {
        let mut place = place;
        let mut answers = answers;
        // Each round closes one ask, or is the last.
        while let Some(node) = self.asked_from(id, place) {
            let heard = self.hear(node, id, answers);
            let Some(at) = self.requests.iter().position(|request| request.id == id) else {
                return;
            };
            if self.is_blocked(node, &self.requests[at]) {
                return;
            }
            let next_pass = self.pass + 1;
            let Some(scope) = self.nodes.get_mut(&node) else { return };
            if !heard.any || heard.resumed {
                // It can take the request, if it is polled.
                wakers.extend(scope.waker.clone());
                if let Some(ask) = scope.ask(id) {
                    ask.woken = next_pass;
                }
                return;
            }
            scope.asks.retain(|ask| ask.request != id);
            place = scope.parent;
            self.requests[at].open -= 1;
            answers = heard;
        }
        if let Some(request) = self.request(id) {
            request.answers.add(answers);
        }
        self.settle(id, wakers);
    }

    /// Adds to what `node` has heard about a request, and says what that is by now.
    fn hear(&mut self, node: NodeId, id: RequestId, answers: Answers) -> Answers {
        match self.nodes.get_mut(&node).and_then(|node| node.ask(id)) {
            Some(ask) => {
                ask.answers.add(answers);
                ask.answers
            }
            None => answers,
        }
    }

    /// The nearest scope at or around `place`, below the target, that is asked.
    fn asked_from(&self, id: RequestId, place: NodeId) -> Option<NodeId> {
        let is_asked = |node: &NodeId| {
            self.nodes.get(node).is_some_and(|node| node.asks.iter().any(|ask| ask.request == id))
        };
        std::iter::once(place).chain(self.around(place)).find(is_asked)
    }

    /// An ask of a scope that took nothing is over; what it had heard goes up to `parent`.
    pub(crate) fn close_ask(&mut self, parent: NodeId, ask: Ask, wakers: &mut Waking) {
        if let Some(request) = self.request(ask.request) {
            request.open -= 1;
            self.answer(ask.request, parent, ask.answers, wakers);
        }
    }

    /// The requests that the hold `node` has not passed on yet.
    pub(crate) fn forward(&mut self, node: NodeId) -> Vec<(Reason, u64)> {
        let Some(scope) = self.nodes.get_mut(&node) else { return Vec::new() };
        let new = |ask: &mut &mut Ask| !std::mem::replace(&mut ask.forwarded, true);
        let ids: Vec<RequestId> = scope
            .asks
            .iter_mut()
            .filter_map(|mut ask| new(&mut ask).then_some(ask.request))
            .collect();
        let requests = self.requests.iter().filter(|request| ids.contains(&request.id));
        requests.map(|request| (request.reason.clone(), request.origin)).collect()
    }

    /// Whether a request is under way that unwinds `node`, if it goes on.
    pub(crate) fn is_concerned(&self, node: NodeId) -> bool {
        self.requests.iter().any(|request| {
            request.visible
                && request.target != node
                && self.is_within(node, request.target)
                && !self.is_shielded(node, request.target)
        })
    }

    /// Edge 5: unwinding goes on past the hold `node`, for which its child has answered.
    pub(crate) fn stand_aside(&mut self, node: NodeId, wakers: &mut Waking) {
        let stamp = self.next_stamp();
        let Some(scope) = self.nodes.get_mut(&node) else { return };
        let parent = scope.parent;
        for mut ask in std::mem::take(&mut scope.asks) {
            ask.answers.add(Answers { any: true, resumed: true, postponed: false });
            if let Some(request) = self.request(ask.request) {
                request.delivered.get_or_insert(stamp);
            }
            self.close_ask(parent, ask, wakers);
        }
    }

    /// Edge 7.
    fn settle(&mut self, id: RequestId, wakers: &mut Waking) {
        let run = self.run;
        let Some(request) = self.request(id) else { return };
        let target = request.target;
        if request.is_settled() && request.answers.any && !request.answers.resumed {
            if request.answers.postponed {
                request.visible = false;
                request.delivered = None;
                request.answers = Answers::default();
            } else if request.level {
                request.rests_since = Some(run);
                request.delivered = None;
                request.answers = Answers::default();
            } else {
                self.swallow(id, wakers);
            }
        }
        // The target decides, or an inner one whom the outer request kept waiting.
        let waiting = self.nodes.iter().filter(|(id, node)| {
            **id == target || (node.kind == Kind::Target && node.waker.is_some())
        });
        wakers.extend(waiting.filter_map(|(_, node)| node.waker.clone()));
    }

    /// Edge 8: takes a request out, from `Task::cancelling`, too.
    pub(crate) fn swallow(&mut self, id: RequestId, wakers: &mut Waking) {
        if self.request(id).is_some_and(|request| request.target == TASK) {
            self.cancelling = self.cancelling.saturating_sub(1);
        }
        self.withdraw(id, wakers);
    }

    /// Takes one request to the task back; see `Task::uncancel`.
    pub(crate) fn uncancel(&mut self, wakers: &mut Waking) -> u32 {
        self.cancelling = self.cancelling.saturating_sub(1);
        let is_undelivered = |r: &&Request| r.target == TASK && r.delivered.is_none();
        while self.cancelling == 0
            && let Some(id) = self.requests.iter().find(is_undelivered).map(|r| r.id)
        {
            self.withdraw(id, wakers);
        }
        self.cancelling
    }

    /// Takes a request out. Its guards do nothing from now on; scopes that wait for it are woken.
    pub(crate) fn withdraw(&mut self, id: RequestId, wakers: &mut Waking) {
        let Some(at) = self.requests.iter().position(|request| request.id == id) else { return };
        let request = self.requests.remove(at);
        for home in request.guards.values() {
            if let Some(scope) = self.nodes.get_mut(home) {
                scope.guards -= 1;
            }
        }
        for node in self.nodes.values_mut() {
            node.asks.retain(|ask| ask.request != id);
            if node.kind != Kind::Catch {
                wakers.extend(node.waker.clone());
            }
        }
    }

    /// The target `node` goes, and its requests with it.
    pub(crate) fn withdraw_requests_of(&mut self, node: NodeId, wakers: &mut Waking) {
        while let Some(id) = self.requests.iter().find(|r| r.target == node).map(|r| r.id) {
            self.withdraw(id, wakers);
        }
    }

    /// Level-triggered requests that were swallowed in an earlier turn ask again.
    pub(crate) fn revive(&mut self) {
        let run = self.run;
        for request in &mut self.requests {
            if request.rests_since.is_some_and(|since| since < run) {
                request.rests_since = None;
                request.visible = false;
            }
        }
    }
}
