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

use std::collections::BTreeSet;

use super::held::GuardId;
use super::reason::Reason;
use super::tree::{Ask, Kind, Node, NodeId, TASK, Tree, Waking};

/// A request within its tree; greater than those that came before it.
pub(crate) type RequestId = u64;

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

    /// Nobody has swallowed it, or somebody else goes on.
    fn go_on(self) -> bool {
        !self.any || self.resumed
    }
}

/// A request to unwind to its target.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) target: NodeId,
    pub(crate) reason: Reason,
    /// The same in every task that it is passed on to.
    pub(crate) origin: u64,
    /// Asks again in a later turn when it was swallowed.
    pub(crate) level: bool,
    /// `Task::cancelling` counts it.
    counted: bool,
    /// It no longer does, because all who were asked until now have suppressed it in the first pass;
    /// others may still be reached by that.
    uncounted_early: bool,
    /// The pass that showed it.
    shown: u64,
    /// A pass has begun since it was issued, and it does not rest.
    pub(crate) visible: bool,
    /// The stamp of its first delivery: younger scopes are not asked.
    pub(crate) delivered: Option<u64>,
    /// The task was quiet after that: scopes which nothing polled by then were not awaited.
    pub(crate) is_past_delivery: bool,
    /// The scopes that are asked.
    asked: BTreeSet<NodeId>,
    /// The guards that hold it.
    pub(crate) guards: BTreeSet<GuardId>,
    /// The holds that let it pass, and wait for it to go on.
    passed: Vec<NodeId>,
    /// What came up to the target.
    answers: Answers,
}

impl Tree {
    pub(crate) fn request(&mut self, id: RequestId) -> Option<&mut Request> {
        self.requests.get_mut(&id)
    }

    /// Whether a request of this origin to the task is under way.
    pub(crate) fn has(&self, origin: u64) -> bool {
        self.node(TASK).own.iter().any(|id| self.requests[id].origin == origin)
    }

    /// Edge 1.
    pub(crate) fn issue(&mut self, target: NodeId, reason: Reason, origin: u64, level: bool) {
        let id = self.next_id();
        let request = Request {
            target,
            reason,
            origin,
            level,
            counted: target == TASK,
            uncounted_early: false,
            shown: 0,
            visible: false,
            delivered: None,
            is_past_delivery: false,
            asked: BTreeSet::new(),
            guards: BTreeSet::new(),
            passed: Vec::new(),
            answers: Answers::default(),
        };
        self.requests.insert(id, request);
        self.node_mut(target).own.push(id);
        self.hidden.push(id);
        self.full_rounds = 0;
        self.cancelling += u32::from(target == TASK);
    }

    /// Edges 2 and 3, for all that are hidden. Wakes whom they concern.
    pub(crate) fn show_all(&mut self, wakers: &mut Waking) {
        for id in std::mem::take(&mut self.hidden) {
            let pass = self.pass;
            let Some(request) = self.request(id) else { continue };
            request.visible = true;
            request.shown = pass;
            let target = request.target;
            wakers.extend(self.node(target).waker.clone());
            let mut places = vec![target];
            while let Some(place) = places.pop() {
                let children: Vec<NodeId> = self.children(place).collect();
                for &child in &children {
                    self.ask(id, child);
                    wakers.extend(self.node(child).waker.clone());
                }
                // What is in a hold is not asked.
                let open = children.into_iter().filter(|&id| self.node(id).kind != Kind::Hold);
                places.extend(open.filter(|&id| self.node(id).has_children()));
            }
        }
    }

    /// Edge 3: the scope is waited for, if it does anything about requests, and unless it is too young.
    fn ask(&mut self, id: RequestId, at: NodeId) {
        let woken = self.next_tick();
        let (node, request) = (self.node(at), &self.requests[&id]);
        let is_awaited = match request.delivered {
            None => true,
            Some(_) if node.born == 0 => !request.is_past_delivery,
            Some(stamp) => node.born <= stamp,
        };
        if node.kind == Kind::Target || !is_awaited || node.ask(id).is_some() {
            return;
        }
        let ask = Ask { request: id, woken, forwarded: false, answers: Answers::default() };
        let parent = node.parent;
        self.node_mut(at).asks.push(ask);
        self.request(id).expect("looked at above").asked.insert(at);
        self.count_up(parent, id, 1);
        self.enlist(at);
    }

    /// Edge 3 for a scope that registers while requests are under way.
    pub(crate) fn ask_newcomer(&mut self, node: NodeId) {
        self.ask_for_those_around(node, |_| true);
    }

    /// Edge 3 for a scope that was passed over, and is polled after all before anybody has taken the
    /// request: it is awaited now.
    pub(crate) fn ask_again(&mut self, node: NodeId) {
        self.ask_for_those_around(node, |request| request.delivered.is_none());
    }

    fn ask_for_those_around(&mut self, node: NodeId, is_meant: impl Fn(&Request) -> bool) {
        if self.requests.is_empty() || self.node(node).kind == Kind::Target {
            return;
        }
        for id in self.requests_around(node) {
            let request = &self.requests[&id];
            if request.visible && is_meant(request) {
                self.ask(id, node);
            }
        }
    }

    /// The requests to what is around `node`, as far as the next hold around.
    fn requests_around(&self, node: NodeId) -> Vec<RequestId> {
        let mut all = Vec::new();
        for around in self.around(node) {
            let around = self.node(around);
            all.extend(&around.own);
            if around.kind == Kind::Hold {
                break;
            }
        }
        all
    }

    /// The requests that the catch `node` takes now.
    pub(crate) fn takeable_by_catch(&mut self, node: NodeId) -> Vec<RequestId> {
        let all = self.open_to_catch(node);
        if !all.is_empty() && self.goes_after_others(node) {
            return Vec::new();
        }
        all
    }

    /// The requests that nothing below the catch `node` has still to take.
    pub(crate) fn open_to_catch(&self, node: NodeId) -> Vec<RequestId> {
        let asks = self.node(node).asks.iter().filter(|ask| ask.answers.go_on());
        asks.map(|ask| ask.request).filter(|&request| !self.is_blocked(node, request)).collect()
    }

    /// Whether a scope in `node` was told of a request, and is still to be polled for that: whatever the
    /// request, the scope is asked before the body around it goes by another one. Most combinators poll
    /// it in this poll; one with a budget stops before, and wakes its task once more.
    ///
    /// That does not last: the scope is polled, in which case `node` decides at the end of that poll, or
    /// it is passed over, goes or is moved, or the request is withdrawn, and `node` looks again.
    fn goes_after_others(&mut self, node: NodeId) -> bool {
        let waits = !self.told.is_empty() && (node == TASK || self.has_told_in(node));
        if waits {
            self.deferred.insert(node);
        }
        waits
    }

    /// Looks at what is in `node`, which is little for most of ten thousand scopes, and not at all who
    /// were told, which is the others.
    fn has_told_in(&self, node: NodeId) -> bool {
        let mut places = vec![node];
        while let Some(place) = places.pop() {
            for child in self.children(place) {
                if self.told.contains(&child) {
                    return true;
                }
                if self.node(child).has_children() {
                    places.push(child);
                }
            }
        }
        false
    }

    /// Something may no longer be in the way of those who go after others.
    pub(crate) fn wake_deferred(&mut self, wakers: &mut Waking) {
        for at in std::mem::take(&mut self.deferred) {
            self.look_again(at, wakers);
        }
    }

    /// The request that the target `node` absorbs now, if there is one and no outer one can go on.
    pub(crate) fn takeable_by_target(&mut self, node: NodeId) -> Option<&Request> {
        let is_settled = |id: &&RequestId| {
            let request = &self.requests[id];
            request.visible && request.answers.go_on() && !self.is_blocked(node, **id)
        };
        let id = *self.node(node).own.iter().find(is_settled)?;
        if self.outer_goes_on(node) {
            self.waiting.insert(node);
            return None;
        }
        if self.goes_after_others(node) {
            return None;
        }
        self.requests.get(&id)
    }

    /// Whether a request to something around the target `node` may still unwind it.
    fn outer_goes_on(&self, node: NodeId) -> bool {
        let &Node { born, parent, .. } = self.node(node);
        // Held by a guard on the way in or out from here it does not go on. Waiting for it could be
        // for ever: this target may be what the guard's cleanup waits for.
        let is_held = |guard: &GuardId| {
            let home = self.guards[guard].home;
            self.is_within(home, parent) || self.is_within(parent, home)
        };
        self.requests_around(node).iter().any(|id| {
            let outer = &self.requests[id];
            !self.resting.contains(id)
                && outer.delivered.is_none_or(|stamp| born <= stamp)
                && (!outer.guards.iter().any(is_held) || self.is_taken_around(node, *id))
        })
    }

    /// Whether a catch between `node` and the request's target takes the request when its poll, the
    /// one that polls `node`, ends.
    fn is_taken_around(&self, node: NodeId, id: RequestId) -> bool {
        let target = self.requests[&id].target;
        let mut between = self.around(node).take_while(|at| *at != target);
        between.any(|at| {
            self.node(at).ask(id).is_some_and(|ask| ask.answers.go_on()) && !self.is_blocked(at, id)
        })
    }

    /// Whether a scope that returns a value has been unwound: its request was delivered, and not
    /// suppressed.
    pub(crate) fn is_unwinding(&self, target: NodeId) -> Option<&Request> {
        let own = self.node(target).own.iter().map(|id| (id, &self.requests[id]));
        let mut own = own.filter(|(_, request)| request.delivered.is_some());
        let unwinding = own.find(|(id, request)| {
            let said_to = |at: &NodeId| self.node(*at).ask(**id).is_some_and(|a| a.answers.resumed);
            !request.guards.is_empty()
                || request.answers.resumed
                || request.asked.iter().any(said_to)
        });
        unwinding.map(|(_, request)| request)
    }

    /// The request has reached somebody.
    pub(crate) fn deliver(&mut self, id: RequestId) {
        let stamp = self.next_stamp();
        let Some(request) = self.request(id) else { return };
        if request.delivered.is_none() {
            request.delivered = Some(stamp);
            self.delivering.push(id);
        }
    }

    /// Something at `place` or below has said its last about a request: the nearest scope around that
    /// is asked, or the target, hears of it.
    pub(crate) fn answer(
        &mut self,
        id: RequestId,
        place: NodeId,
        answers: Answers,
        wakers: &mut Waking,
    ) {
        let Some(target) = self.requests.get(&id).map(|request| request.target) else { return };
        let mut place = place;
        let mut answers = answers;
        // Each round closes one ask, or is the last.
        while place != target {
            let node = self.node_mut(place);
            let parent = node.parent;
            let Some(ask) = node.ask_mut(id) else {
                if place == TASK {
                    break;
                }
                place = parent;
                continue;
            };
            ask.answers.add(answers);
            answers = ask.answers;
            if self.is_blocked(place, id) {
                return;
            }
            if answers.go_on() {
                // It can take the request, if it is polled.
                let now = self.next_tick();
                let node = self.node_mut(place);
                node.ask_mut(id).expect("found above").woken = now;
                wakers.extend(node.waker.clone());
                self.enlist(place);
                self.changed.push(place);
                return;
            }
            if self.is_first_pass(id) {
                return self.early_asks.push((id, place));
            }
            self.take_ask(place, id);
            place = parent;
        }
        if let Some(request) = self.request(id) {
            request.answers.add(answers);
        }
        self.settle(id, target, wakers);
    }

    /// The scope is no longer asked by the request.
    pub(crate) fn take_ask(&mut self, at: NodeId, id: RequestId) -> Option<Ask> {
        let node = self.node_mut(at);
        let index = node.asks.iter().position(|ask| ask.request == id)?;
        let ask = node.asks.remove(index);
        let parent = node.parent;
        if let Some(request) = self.request(id) {
            request.asked.remove(&at);
        }
        self.count_up(parent, id, -1);
        self.enlist(at);
        Some(ask)
    }

    /// The scope is no longer asked by anybody; what it has heard is to be [answered](Tree::answer).
    pub(crate) fn take_asks(&mut self, at: NodeId) -> Vec<Ask> {
        let ids: Vec<RequestId> = self.node(at).asks.iter().map(|ask| ask.request).collect();
        ids.into_iter().filter_map(|id| self.take_ask(at, id)).collect()
    }

    /// Edge 5: a scope that is asked by the request is not awaited.
    pub(crate) fn pass_over(&mut self, at: NodeId, id: RequestId, wakers: &mut Waking) {
        let parent = self.node(at).parent;
        if let Some(ask) = self.take_ask(at, id) {
            self.answer(id, parent, ask.answers, wakers);
            self.wake_deferred(wakers);
        }
    }

    /// The requests that the hold `node` has not passed on yet.
    pub(crate) fn forward(&mut self, node: NodeId) -> Vec<(Reason, u64)> {
        let mut new = Vec::new();
        for ask in &mut self.node_mut(node).asks {
            if !std::mem::replace(&mut ask.forwarded, true) {
                new.push(ask.request);
            }
        }
        let requests = new.iter().map(|id| &self.requests[id]);
        requests.map(|request| (request.reason.clone(), request.origin)).collect()
    }

    /// Edge 5: unwinding goes on past the hold `node`, for which its child has answered. `false`: no
    /// request waits for it.
    pub(crate) fn stand_aside(&mut self, node: NodeId, wakers: &mut Waking) -> bool {
        let parent = self.node(node).parent;
        for mut ask in self.take_asks(node) {
            let id = ask.request;
            ask.answers.add(Answers { any: true, resumed: true, postponed: false });
            self.deliver(id);
            if let Some(request) = self.request(id) {
                request.passed.push(node);
                self.node_mut(node).let_pass.push(id);
            }
            self.answer(id, parent, ask.answers, wakers);
        }
        self.node(node).let_pass.iter().any(|id| self.requests.contains_key(id))
    }

    /// Whether the request's first pass is under way. Scopes that every poll reaches register in it, so
    /// when all who were asked have suppressed it, others may still come.
    fn is_first_pass(&self, id: RequestId) -> bool {
        self.is_polling && self.requests.get(&id).is_some_and(|r| r.shown == self.pass)
    }

    /// Edge 7, for what could not be said while the first pass was going from scope to scope.
    pub(crate) fn settle_early(&mut self, wakers: &mut Waking) {
        for (id, at) in std::mem::take(&mut self.early_asks) {
            // The scope may have gone, and its place be another's by now: one that has heard nothing, and
            // would count as not polled if it was told of something at the end of the pass.
            let ask = self.get(at).and_then(|node| node.ask(id));
            if ask.is_some_and(|ask| !ask.answers.go_on()) {
                self.answer(id, at, Answers::default(), wakers);
            }
        }
        for id in std::mem::take(&mut self.early) {
            let Some(request) = self.request(id) else { continue };
            let target = request.target;
            if std::mem::take(&mut request.uncounted_early) {
                request.counted = true;
                self.cancelling += 1;
            }
            self.settle(id, target, wakers);
        }
    }

    /// Edge 7.
    fn settle(&mut self, id: RequestId, target: NodeId, wakers: &mut Waking) {
        if self.is_blocked(target, id) {
            return;
        }
        let Some(request) = self.request(id) else { return };
        if request.answers.go_on() {
            // The target decides.
            self.look_again(target, wakers);
        } else if self.is_first_pass(id) {
            if !self.requests[&id].answers.postponed && self.requests[&id].counted {
                self.uncount(id);
                self.request(id).expect("looked at above").uncounted_early = true;
            }
            self.early.push(id);
        } else if self.requests[&id].answers.postponed || self.requests[&id].level {
            let Some(request) = self.request(id) else { return };
            let rests = !request.answers.postponed;
            request.visible = false;
            request.delivered = None;
            request.is_past_delivery = false;
            request.answers = Answers::default();
            if rests {
                self.resting.push(id);
            } else {
                self.hidden.push(id);
            }
        } else {
            self.uncount(id);
            if let Some(at) = self.node(target).own.iter().position(|own| *own == id) {
                self.node_mut(target).own.remove(at);
            }
            self.withdraw(id, wakers);
        }
        self.wake_waiting(wakers);
    }

    /// An outer request no longer goes first, or may not: the inner targets look again.
    pub(crate) fn wake_waiting(&mut self, wakers: &mut Waking) {
        for target in std::mem::take(&mut self.waiting) {
            self.look_again(target, wakers);
        }
    }

    /// The scope has something to decide anew, if it is still there.
    fn look_again(&mut self, at: NodeId, wakers: &mut Waking) {
        if let Some(node) = self.get(at) {
            wakers.extend(node.waker.clone());
            self.changed.push(at);
        }
    }

    /// `Task::cancelling` no longer counts the request.
    fn uncount(&mut self, id: RequestId) {
        if self.request(id).is_some_and(|r| std::mem::replace(&mut r.counted, false)) {
            self.cancelling = self.cancelling.saturating_sub(1);
        }
    }

    /// Takes one request to the task back; see `Task::uncancel`.
    pub(crate) fn uncancel(&mut self, wakers: &mut Waking) -> u32 {
        let own = self.node(TASK).own.clone();
        match own.iter().find(|id| self.requests[id].counted) {
            Some(&id) => self.uncount(id),
            // Of one that ended the task.
            None => self.cancelling = self.cancelling.saturating_sub(1),
        }
        if self.cancelling == 0 {
            for id in own {
                if self.requests.get(&id).is_some_and(|request| request.delivered.is_none()) {
                    self.node_mut(TASK).own.retain(|other| *other != id);
                    self.withdraw(id, wakers);
                }
            }
        }
        self.cancelling
    }

    /// Takes out a request that its target no longer names. Its guards do nothing from now on; holds
    /// that have let it pass are told that it does not go on.
    pub(crate) fn withdraw(&mut self, id: RequestId, wakers: &mut Waking) {
        let Some(request) = self.requests.get(&id) else { return };
        for guard in request.guards.clone() {
            self.let_go(guard, id);
        }
        for at in self.requests[&id].asked.clone() {
            self.take_ask(at, id);
        }
        let request = self.requests.remove(&id).expect("looked at above");
        self.hidden.retain(|other| *other != id);
        self.resting.retain(|other| *other != id);
        for at in request.passed {
            if self.get(at).is_some_and(|node| node.let_pass.contains(&id)) {
                self.look_again(at, wakers);
            }
        }
        self.wake_waiting(wakers);
        self.wake_deferred(wakers);
    }
}
