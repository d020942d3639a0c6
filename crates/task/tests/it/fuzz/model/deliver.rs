//! What a request does in a tree: whom it asks, who takes it, who answers.

use std::collections::BTreeSet;

use super::node::*;
use super::{Answers, World};
use crate::fuzz::program::Exit;

/// What a request met below a place.
#[derive(Clone, Copy, Default)]
pub(super) struct Met {
    pub(super) blocked: bool,
}

impl World {
    /// `true`: its task takes the request.
    pub(super) fn deliver(&mut self, task: usize, id: u64, root: &mut Node, settles: bool) -> bool {
        let target = self.tasks[task].requests[&id].target;
        let met = match target {
            None => self.meet(task, id, root, &mut Path::new(), true),
            Some(_) => self.meet(task, id, root, &mut Path::new(), false),
        };
        if met.blocked || self.moved || !settles {
            return false;
        }
        let request = self.tasks[task].requests.get_mut(&id).expect("nothing has moved");
        let answers = request.answers.get(&target).copied().unwrap_or_default();
        if answers.go_on() {
            let Some(scope) = target else { return true };
            if !self.outer_goes_on(task, scope, root) {
                // One that is parked absorbs nothing.
                self.absorb(task, scope, root, &mut Path::new());
            }
            return false;
        }
        self.moved = true;
        if answers.postponed || request.level {
            request.hidden = true;
            request.rests = !answers.postponed;
            request.delivered = None;
            request.closed.clear();
            request.forwarded.clear();
            request.passed.clear();
            request.answers.clear();
        } else {
            let request = self.tasks[task].requests.remove(&id).expect("looked at above");
            self.tasks[task].cancelling -= u32::from(request.counted);
        }
        false
    }

    /// The request comes to `node`; `inside`: its target is around.
    pub(super) fn meet(
        &mut self,
        task: usize,
        id: u64,
        node: &mut Node,
        path: &mut Path,
        inside: bool,
    ) -> Met {
        // Who takes it runs on first: a select may end by that.
        let Some(request) = self.tasks[task].requests.get(&id).filter(|_| !self.moved) else {
            return Met { blocked: self.moved };
        };
        let is_asked = |scope: Scope| {
            inside
                && request.delivered.is_none_or(|stamp| scope < stamp)
                && !request.closed.contains(&scope)
        };
        match node {
            Node::Catch { scope, body, .. } => {
                let (scope, asked) = (*scope, is_asked(*scope));
                path.push(Around { scope, kind: Kind::Catch });
                let met = self.meet(task, id, body, path, inside);
                path.pop();
                if !asked || met.blocked || self.moved {
                    return met;
                }
                self.take_or_pass(task, id, node, path);
                Met { blocked: self.moved }
            }
            Node::Cleanup { guard, body, .. } => {
                if self.tasks[task].guards[guard].contains(&id) {
                    return Met { blocked: true };
                }
                self.meet(task, id, body, path, inside)
            }
            Node::Mask { scope, body, .. } => {
                if is_asked(*scope) {
                    return Met { blocked: true };
                }
                let scope = *scope;
                path.push(Around { scope, kind: Kind::Hold });
                let met = self.meet(task, id, body, path, inside);
                path.pop();
                met
            }
            Node::Target { scope, body, .. } => {
                let scope = *scope;
                let inside = inside || request.target == Some(scope);
                path.push(Around { scope, kind: Kind::Target });
                let met = self.meet(task, id, body, path, inside);
                path.pop();
                met
            }
            Node::Await { scope, task: child, .. } => {
                if !is_asked(*scope) {
                    return Met::default();
                }
                let (scope, child) = (*scope, *child);
                self.meet_await(task, id, scope, child, path)
            }
            _ => {
                let mut blocked = false;
                if let Node::Seq { parked, .. } = node {
                    blocked = parked.iter_mut().any(|lost| self.is_held_in(task, id, lost));
                }
                awaited(node, &mut |inner| {
                    blocked |= self.meet(task, id, inner, path, inside).blocked;
                });
                Met { blocked }
            }
        }
    }

    pub(super) fn meet_await(
        &mut self,
        task: usize,
        id: u64,
        scope: Scope,
        child: usize,
        path: &Path,
    ) -> Met {
        let request = self.tasks[task].requests.get_mut(&id).expect("it is being delivered");
        if request.forwarded.insert(scope) {
            let (message, origin) = (request.message.clone(), request.origin);
            let has = self.tasks[child].requests.values().any(|other| other.origin == origin);
            let is_passing = self.tasks[task].requests.values().any(|r| r.passed.contains(&scope));
            if is_passing {
                // What was awaited has ended by an earlier request: this one passes, too.
                self.moved = true;
                return Met { blocked: true };
            }
            if has || self.tasks[child].ended.is_some() {
                let request = self.tasks[task].requests.get_mut(&id).expect("as above");
                request.closed.insert(scope);
                return Met::default();
            }
            self.issue(child, None, message, origin, false);
            return Met { blocked: true };
        }
        if self.tasks[child].ended == Some(true) {
            self.stand_aside(task, scope, path);
        }
        Met { blocked: true }
    }

    /// What was awaited has been unwound: what it was told of is delivered, and goes on.
    pub(super) fn stand_aside(&mut self, task: usize, scope: Scope, path: &Path) {
        let stamp = self.next();
        let ids: Vec<u64> = self.tasks[task].requests.keys().copied().collect();
        for id in ids {
            let request = self.tasks[task].requests.get_mut(&id).expect("listed above");
            if request.forwarded.contains(&scope) && request.closed.insert(scope) {
                self.is_unclear |= request.delivered.is_none() && self.begun > 0;
                request.delivered.get_or_insert(stamp);
                request.passed.insert(scope);
                self.answer(task, id, Answers::RESUMED, path);
            }
        }
        self.moved = true;
    }

    /// Whether a guard in what is parked holds the request.
    pub(super) fn is_held_in(&self, task: usize, id: u64, node: &mut Node) -> bool {
        let mut guards = Vec::new();
        guards_in(node, &mut guards);
        guards.iter().any(|guard| self.tasks[task].guards[guard].contains(&id))
    }

    /// Whether the catch `node`, in whose body a handle has just let a request go on, takes one.
    pub(super) fn takes_in_poll(&mut self, task: usize, node: &mut Node, path: &mut Path) -> bool {
        let Node::Catch { scope, .. } = *node else { return false };
        let before = std::mem::take(&mut self.moved);
        for id in self.asking(task, scope, path) {
            self.meet(task, id, node, path, true);
            if self.moved {
                self.took = true;
                break;
            }
        }
        self.moved |= before;
        matches!(node, Node::Cleanup { .. })
    }

    /// Nothing below the catch has still to take the request.
    pub(super) fn take_or_pass(&mut self, task: usize, id: u64, node: &mut Node, path: &mut Path) {
        let Node::Catch { scope, id: op, body, cleanup, exit } = node else { return };
        let request = self.tasks[task].requests.get_mut(&id).expect("it is being delivered");
        let answers = request.answers.get(&Some(*scope)).copied().unwrap_or_default();
        if !answers.go_on() {
            request.closed.insert(*scope);
            request.answers.remove(&Some(*scope));
            self.answer(task, id, answers, path);
            return;
        }
        let mut held = self.others_for(task, id, *scope, body, path);
        if self.moved {
            // Others reach scopes in the body before it goes, those to what is in it, too.
            return;
        }
        held.insert(id);
        let stamp = self.next();
        let guard = self.next();
        for id in &held {
            let request = self.tasks[task].requests.get_mut(id).expect("it goes on here");
            self.is_unclear |= request.delivered.is_none() && self.begun > 0;
            request.delivered.get_or_insert(stamp);
            request.answers.remove(&Some(*scope));
        }
        let first = held.first().expect("inserted above");
        self.log.push(format!("catch {op} {}", self.tasks[task].requests[first].message));
        // What guards in the body hold comes to this one, unless it ends here.
        let mut guards = Vec::new();
        guards_in(body, &mut guards);
        for inner in guards {
            held.extend(self.tasks[task].guards.remove(&inner).unwrap_or_default());
        }
        self.tasks[task].guards.insert(guard, held);
        self.drop_node(task, body, path);
        // Nothing is in anybody's way now.
        for id in self.asking(task, *scope, path) {
            if !self.goes_on_at(task, id, *scope) {
                continue;
            }
            let request = self.tasks[task].requests.get_mut(&id).expect("it asks");
            request.delivered.get_or_insert(stamp);
            request.answers.remove(&Some(*scope));
            self.tasks[task].guards.get_mut(&guard).expect("made above").insert(id);
        }
        self.leave(task, *scope, path);
        let requests = &self.tasks[task].requests;
        let known: BTreeSet<u64> = requests.keys().copied().collect();
        let held = self.tasks[task].guards.get_mut(&guard).expect("made above");
        held.retain(|id| known.contains(id));
        let body = Box::new(seq(std::mem::take(cleanup)));
        *node = Node::Cleanup { id: *op, guard, body, exit: *exit };
        self.moved = true;
    }

    /// The other requests that the catch would take.
    pub(super) fn others_for(
        &mut self,
        task: usize,
        id: u64,
        scope: Scope,
        body: &mut Node,
        path: &mut Path,
    ) -> BTreeSet<u64> {
        let mut all = BTreeSet::new();
        for inner in self.requests_into(task, body) {
            path.push(Around { scope, kind: Kind::Catch });
            self.meet(task, inner, body, path, false);
            path.pop();
            if self.moved {
                return all;
            }
        }
        for other in self.asking(task, scope, path).into_iter().filter(|other| *other != id) {
            path.push(Around { scope, kind: Kind::Catch });
            let met = self.meet(task, other, body, path, true);
            path.pop();
            if self.moved {
                break;
            }
            if !met.blocked && self.goes_on_at(task, other, scope) {
                all.insert(other);
            }
        }
        all
    }

    /// The requests that have their target in `body`.
    fn requests_into(&self, task: usize, body: &Node) -> Vec<u64> {
        let visible = self.tasks[task].requests.iter().filter(|(_, request)| !request.hidden);
        let into = visible.filter(|(_, request)| {
            request.target.is_some_and(|target| path_to(body, target, &mut Path::new()))
        });
        into.map(|(&id, _)| id).collect()
    }

    /// Whether what the catch has heard of the request lets it take that.
    fn goes_on_at(&self, task: usize, id: u64, scope: Scope) -> bool {
        let answers = &self.tasks[task].requests[&id].answers;
        answers.get(&Some(scope)).is_none_or(|answers| answers.go_on())
    }

    /// The requests that wait for the catch.
    pub(super) fn asking(&self, task: usize, scope: Scope, path: &Path) -> Vec<u64> {
        let mut all = Vec::new();
        for (&id, request) in &self.tasks[task].requests {
            let at = match request.target {
                None => Some(0),
                Some(target) => path.iter().position(|around| around.scope == target),
            };
            let Some(at) = at else { continue };
            let is_masked = path[at..].iter().any(|around| around.kind == Kind::Hold);
            let is_asked = !request.hidden
                && request.delivered.is_none_or(|stamp| scope < stamp)
                && !request.closed.contains(&scope);
            if is_asked && !is_masked {
                all.push(id);
            }
        }
        all
    }

    pub(super) fn outer_goes_on(&self, task: usize, scope: Scope, root: &Node) -> bool {
        let mut path = Path::new();
        path_to(root, scope, &mut path);
        let within: Vec<Scope> = path.iter().map(|around| around.scope).collect();
        let hold = path.iter().rposition(|around| around.kind == Kind::Hold);
        self.tasks[task].requests.iter().any(|(id, outer)| {
            let at = match outer.target {
                None => Some(0),
                Some(target) => within.iter().position(|&scope| scope == target).map(|at| at + 1),
            };
            let Some(at) = at.filter(|_| outer.target != Some(scope)) else { return false };
            if hold.is_some_and(|hold| hold >= at) {
                return false;
            }
            let is_held = |(guard, held): (&u64, &BTreeSet<u64>)| {
                held.contains(id) && is_in_line(root, &within, *guard)
            };
            // One that was swallowed asks again in a later turn: in this one it does not go on.
            let rests = outer.hidden && outer.rests;
            !rests
                && outer.delivered.is_none_or(|stamp| scope < stamp)
                && !self.tasks[task].guards.iter().any(is_held)
        })
    }

    pub(super) fn absorb(&mut self, task: usize, target: Scope, node: &mut Node, path: &mut Path) {
        if let Node::Target { scope, id, body, .. } = node
            && *scope == target
        {
            self.tasks[task].requests.retain(|_, request| request.target != Some(target));
            self.drop_node(task, body, path);
            self.leave(task, target, path);
            *node = Node::Elapsed { id: *id };
            self.moved = true;
            return;
        }
        let pushed = around(node);
        path.extend(pushed);
        awaited(node, &mut |inner| self.absorb(task, target, inner, path));
        if pushed.is_some() {
            path.pop();
        }
    }

    pub(super) fn release(&mut self, task: usize, guard: u64, exit: Exit, path: &Path) {
        let held = self.tasks[task].guards.remove(&guard).unwrap_or_default();
        let answers = Answers {
            any: true,
            resumed: matches!(exit, Exit::Drop | Exit::Resume),
            postponed: exit == Exit::Postpone,
        };
        for id in held {
            self.answer(task, id, answers, path);
        }
        self.moved = true;
    }

    /// The nearest scope on the path that decides hears it.
    pub(super) fn answer(&mut self, task: usize, id: u64, answers: Answers, path: &Path) {
        let Some(request) = self.tasks[task].requests.get_mut(&id) else { return };
        let mut decides = request.target;
        for around in path.iter().rev() {
            if request.target == Some(around.scope) {
                break;
            }
            if around.kind == Kind::Catch
                && request.delivered.is_none_or(|stamp| around.scope < stamp)
                && !request.closed.contains(&around.scope)
            {
                decides = Some(around.scope);
                break;
            }
        }
        request.answers.entry(decides).or_default().add(answers);
        self.moved = true;
    }

    /// A scope has gone: its own requests with it; what it has heard goes up.
    pub(super) fn leave(&mut self, task: usize, scope: Scope, path: &Path) {
        self.tasks[task].requests.retain(|_, request| request.target != Some(scope));
        let known: Vec<u64> = self.tasks[task].requests.keys().copied().collect();
        for held in self.tasks[task].guards.values_mut() {
            held.retain(|id| known.contains(id));
        }
        for id in known {
            let request = self.tasks[task].requests.get_mut(&id).expect("it is known");
            if let Some(heard) = request.answers.remove(&Some(scope)) {
                self.answer(task, id, heard, path);
            }
        }
    }

    pub(super) fn drop_node(&mut self, task: usize, node: &mut Node, path: &mut Path) {
        let own = around(node);
        path.extend(own);
        if let Node::Cleanup { guard, .. } = node
            && self.tasks[task].guards.contains_key(guard)
        {
            self.release(task, *guard, Exit::Drop, path);
        }
        each_in(node, &mut |inner| self.drop_node(task, inner, path));
        if let Some(own) = own {
            path.pop();
            self.leave(task, own.scope, path);
        }
        *node = Node::Never;
    }
}
