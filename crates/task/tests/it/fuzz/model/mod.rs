//! The rules of cancellation, as an interpreter of the random trees.
//!
//! It sees every scope, so it needs neither wakers nor passes nor registration: what can run runs, then
//! each request goes through the tree below its target, innermost scopes first, and so on until nothing
//! moves. It shares no code with the real thing.

use std::collections::{BTreeMap, BTreeSet};

mod deliver;
mod node;

use node::*;

use super::Logged;
use super::program::{Event, Exit, Op, Program, Seq};

/// More than a tree of this size needs; less than a test that hangs.
const ROUNDS_MAX: u32 = 10_000;

#[derive(Clone, Copy, Default, Debug)]
struct Answers {
    any: bool,
    resumed: bool,
    postponed: bool,
}

impl Answers {
    const RESUMED: Answers = Answers { any: true, resumed: true, postponed: false };

    fn add(&mut self, other: Answers) {
        self.any |= other.any;
        self.resumed |= other.resumed;
        self.postponed |= other.postponed;
    }

    fn go_on(self) -> bool {
        !self.any || self.resumed
    }
}

struct Request {
    /// `None`: the task.
    target: Option<Scope>,
    message: String,
    origin: u64,
    level: bool,
    counted: bool,
    /// Asks again when the others have gone as far as they can.
    hidden: bool,
    /// Because it is level-triggered.
    rests: bool,
    delivered: Option<u64>,
    /// Scopes that have answered, and are not asked again.
    closed: BTreeSet<Scope>,
    forwarded: BTreeSet<Scope>,
    /// Holds that have let it pass.
    passed: BTreeSet<Scope>,
    /// What guards said, by the scope that is to decide; `None`: the task.
    answers: BTreeMap<Option<Scope>, Answers>,
}

#[derive(Default)]
struct Running {
    root: Option<Node>,
    requests: BTreeMap<u64, Request>,
    guards: BTreeMap<u64, BTreeSet<u64>>,
    /// Once it has ended: whether it was cancelled.
    ended: Option<bool>,
    begun: bool,
    told: bool,
    cancelling: u32,
}

pub(super) struct World {
    bodies: Vec<Seq>,
    tasks: Vec<Running>,
    open: BTreeSet<usize>,
    raised: BTreeSet<usize>,
    last: u64,
    log: Logged,
    moved: bool,
    /// In the poll under way an awaited handle has let a request go on.
    stood_aside: bool,
    /// In the poll under way a catch has taken a request: it runs on before others go on.
    took: bool,
    /// How many catches and holds have begun in the step under way.
    begun: u32,
    /// A scope began while a request was on its way, also to ask again, or in the step in which one was
    /// delivered. Which of the two comes first depends on the order of polls within one poll of the task,
    /// of which this knows nothing.
    pub(super) is_unclear: bool,
}

impl World {
    pub(super) fn new(program: &Program) -> World {
        let mut world = World {
            bodies: program.tasks.clone(),
            tasks: program.tasks.iter().map(|_| Running::default()).collect(),
            open: BTreeSet::new(),
            raised: BTreeSet::new(),
            last: 0,
            log: Logged::new(),
            moved: false,
            stood_aside: false,
            took: false,
            begun: 0,
            is_unclear: false,
        };
        world.spawn(0);
        world
    }

    fn next(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    fn spawn(&mut self, task: usize) {
        let body = self.bodies[task].clone();
        self.tasks[task].root = Some(seq(body));
        self.moved = true;
    }

    pub(super) fn happen(&mut self, event: &Event) -> Logged {
        self.begun = 0;
        match *event {
            Event::Start => {}
            Event::Open(door) => drop(self.open.insert(door)),
            Event::Cancel(task, message) => {
                if self.is_running(task) {
                    let origin = self.next();
                    self.issue(task, None, format!("c{message}"), origin, false);
                }
            }
            Event::Uncancel(task) => {
                if self.is_running(task) {
                    self.uncancel(task);
                }
            }
            // Pulled before its target is there it would be one that never waits.
            Event::Raise(flag) => {
                if self
                    .tasks
                    .iter()
                    .filter_map(|task| task.root.as_ref())
                    .any(|r| has_flag(r, flag))
                {
                    self.raised.insert(flag);
                }
            }
        }
        self.settle();
        for (index, task) in self.tasks.iter_mut().enumerate() {
            if let Some(cancelled) = task.ended
                && !std::mem::replace(&mut task.told, true)
            {
                self.log.push(format!("task {index} cancelled {cancelled}"));
            }
            if task.ended.is_none() && task.cancelling > 0 {
                self.log.push(format!("task {index} cancelling {}", task.cancelling));
            }
        }
        std::mem::take(&mut self.log)
    }

    fn is_running(&self, task: usize) -> bool {
        self.tasks[task].root.is_some()
    }

    fn issue(
        &mut self,
        task: usize,
        target: Option<Scope>,
        message: String,
        origin: u64,
        level: bool,
    ) {
        let id = self.next();
        let request = Request {
            target,
            message,
            origin,
            level,
            counted: target.is_none(),
            hidden: false,
            rests: false,
            delivered: None,
            closed: BTreeSet::new(),
            forwarded: BTreeSet::new(),
            passed: BTreeSet::new(),
            answers: BTreeMap::new(),
        };
        let task = &mut self.tasks[task];
        task.cancelling += u32::from(target.is_none());
        task.requests.insert(id, request);
        self.moved = true;
    }

    fn uncancel(&mut self, task: usize) {
        let task = &mut self.tasks[task];
        let mut own = task.requests.values_mut().filter(|r| r.target.is_none());
        if let Some(first) = own.find(|r| r.counted) {
            first.counted = false;
            task.cancelling -= 1;
        }
        if task.cancelling == 0 {
            task.requests.retain(|_, r| r.target.is_some() || r.delivered.is_some());
        }
    }

    /// Until nothing moves.
    fn settle(&mut self) {
        let mut any = true;
        let mut rounds = 0;
        while std::mem::replace(&mut any, false) {
            for task in 0..self.tasks.len() {
                // A turn: the others do not run before this one waits.
                loop {
                    self.moved = false;
                    self.poll(task);
                    if !self.moved {
                        break;
                    }
                    any = true;
                    rounds += 1;
                    assert!(rounds < ROUNDS_MAX, "the model goes round and round");
                }
            }
        }
    }

    /// One task runs, and then its requests.
    fn poll(&mut self, task: usize) {
        let Some(mut root) = self.tasks[task].root.take() else { return };
        let was_begun = std::mem::replace(&mut self.tasks[task].begun, true);
        if !was_begun && self.tasks[task].requests.values().any(|r| r.target.is_none()) {
            return self.end(task, true);
        }
        self.stood_aside = false;
        self.took = false;
        let returned = self.run(task, &mut root, &mut Path::new());
        if returned {
            let unwound = self.is_unwinding(task, None);
            return self.end(task, unwound);
        }
        if self.took {
            self.tasks[task].root = Some(root);
            return;
        }
        self.raise(task, &mut root);
        let order = self.in_order(task, &root);
        // Catches come before targets: they decide in the poll of the body.
        let twice = order.iter().map(|id| (*id, false)).chain(order.iter().map(|id| (*id, true)));
        for (request, settles) in twice {
            if !self.tasks[task].requests.contains_key(&request) {
                continue;
            }
            let before = self.moved;
            self.moved = false;
            let takes = self.deliver(task, request, &mut root, settles);
            if takes {
                drop_all(&mut root);
                return self.end(task, true);
            }
            // Whatever has changed is to run before others go on.
            let has_moved = self.moved;
            self.moved |= before;
            if has_moved {
                break;
            }
        }
        if !self.moved {
            // What was postponed asks in this turn, what was swallowed and is level in the next one.
            for rests in [false, true] {
                for request in self.tasks[task].requests.values_mut() {
                    self.moved |= request.hidden && request.rests == rests;
                    request.hidden &= request.rests != rests;
                }
                if self.moved {
                    break;
                }
            }
        }
        self.tasks[task].root = Some(root);
    }

    fn end(&mut self, task: usize, cancelled: bool) {
        let ended = &mut self.tasks[task];
        ended.ended = Some(cancelled);
        ended.requests.clear();
        ended.guards.clear();
        self.moved = true;
    }

    fn is_unwinding(&self, task: usize, target: Option<Scope>) -> bool {
        let task = &self.tasks[task];
        task.requests.iter().any(|(id, request)| {
            request.target == target
                && request.delivered.is_some()
                && (task.guards.values().any(|held| held.contains(id))
                    || request.answers.values().any(|answers| answers.resumed))
        })
    }

    /// The requests, outermost target first.
    fn in_order(&self, task: usize, root: &Node) -> Vec<u64> {
        let mut order: Vec<(usize, u64)> = Vec::new();
        let visible = self.tasks[task].requests.iter().filter(|(_, request)| !request.hidden);
        for (&id, request) in visible {
            let depth = request.target.map_or(0, |target| {
                let mut depth = 0;
                depth_of(root, target, 1, &mut depth);
                depth
            });
            order.push((depth, id));
        }
        order.sort_unstable();
        order.into_iter().map(|(_, id)| id).collect()
    }

    /// `true`: it has ended.
    fn run(&mut self, task: usize, node: &mut Node, path: &mut Path) -> bool {
        match node {
            Node::Never => false,
            Node::Door(door) => self.open.contains(door),
            Node::Seq { rest, now, parked } => {
                loop {
                    if now.is_none() {
                        let Some(op) = rest.next() else { break };
                        *now = Some(Box::new(self.begin(task, op)));
                    }
                    let current = now.as_mut().expect("made above");
                    if !self.run(task, current, path) {
                        return false;
                    }
                    self.moved = true;
                    if let Node::Select { park: true, both: Some(lost) } = &mut **current {
                        // The real one finds out at the end of the poll.
                        self.is_unclear |=
                            !self.tasks[task].requests.is_empty() && has_scope(&lost.1);
                        parked.push(std::mem::replace(&mut lost.1, Node::Never));
                    }
                    *now = None;
                }
                for mut lost in parked.drain(..) {
                    self.drop_node(task, &mut lost, path);
                }
                true
            }
            Node::Catch { scope, id, body, .. } => {
                let before = std::mem::take(&mut self.stood_aside);
                let ended =
                    self.run_in(task, Around { scope: *scope, kind: Kind::Catch }, body, path);
                let stood_aside = std::mem::replace(&mut self.stood_aside, before);
                self.stood_aside |= stood_aside;
                if !ended {
                    // It cleans up before what is polled after it.
                    return stood_aside
                        && self.takes_in_poll(task, node, path)
                        && self.run(task, node, path);
                }
                self.log.push(format!("catch {id} ok"));
                self.leave(task, *scope, path);
                true
            }
            Node::Cleanup { id, guard, body, exit } => {
                if !self.run(task, body, path) {
                    return false;
                }
                self.log.push(format!("catch {id} cleaned"));
                let (guard, exit) = (*guard, *exit);
                self.release(task, guard, exit, path);
                if exit == Exit::Resume {
                    *node = Node::Never;
                }
                exit != Exit::Resume
            }
            Node::Mask { scope, id, body } => {
                if !self.run_in(task, Around { scope: *scope, kind: Kind::Hold }, body, path) {
                    return false;
                }
                self.log.push(format!("mask {id} done"));
                self.leave(task, *scope, path);
                true
            }
            Node::Target { scope, id, body, .. } => {
                if !self.run_in(task, Around { scope: *scope, kind: Kind::Target }, body, path) {
                    return false;
                }
                let unwound = self.is_unwinding(task, Some(*scope));
                self.log.push(format!("target {id} returned {}", !unwound));
                self.leave(task, *scope, path);
                true
            }
            Node::Elapsed { id } => {
                self.log.push(format!("target {id} returned false"));
                true
            }
            Node::Join(branches) => {
                for branch in branches.iter_mut() {
                    if branch.as_mut().is_some_and(|node| self.run(task, node, path)) {
                        *branch = None;
                        self.moved = true;
                    }
                }
                branches.iter().all(Option::is_none)
            }
            Node::Select { park, both } => {
                let pair = both.as_mut().expect("it has not ended");
                if !self.run(task, &mut pair.0, path) {
                    if !self.run(task, &mut pair.1, path) {
                        return false;
                    }
                    std::mem::swap(&mut pair.0, &mut pair.1);
                }
                if !*park {
                    self.drop_node(task, &mut pair.1, path);
                }
                true
            }
            Node::Await { scope, id, task: child } => {
                let Some(cancelled) = self.tasks[*child].ended else { return false };
                let (scope, requests) = (*scope, &self.tasks[task].requests);
                let waits = |request: &Request| {
                    request.forwarded.contains(&scope) && !request.closed.contains(&scope)
                };
                if cancelled && requests.values().any(waits) {
                    // In the poll: what comes after it in this poll comes too late.
                    self.stand_aside(task, scope, path);
                    self.stood_aside = true;
                    return false;
                }
                if cancelled && requests.values().any(|request| request.passed.contains(&scope)) {
                    return false;
                }
                self.log.push(format!("child {id} returned {}", !cancelled));
                self.leave(task, scope, path);
                true
            }
        }
    }

    fn run_in(&mut self, task: usize, around: Around, body: &mut Node, path: &mut Path) -> bool {
        path.push(around);
        let ended = self.run(task, body, path);
        path.pop();
        ended
    }

    fn begin(&mut self, task: usize, op: Op) -> Node {
        let scope = self.next();
        let is_asked = matches!(op, Op::Catch { .. } | Op::Mask { .. } | Op::Child { .. });
        self.begun += u32::from(is_asked);
        let requests = &self.tasks[task].requests;
        let is_on_its_way = |request: &Request| {
            request.delivered.is_none() || request.answers.values().any(|answers| answers.postponed)
        };
        self.is_unclear |= is_asked && requests.values().any(is_on_its_way);
        match op {
            Op::Door(door) => Node::Door(door),
            Op::Catch { id, body, cleanup, exit } => {
                Node::Catch { scope, id, body: Box::new(seq(body)), cleanup, exit }
            }
            Op::Mask { id, body } => Node::Mask { scope, id, body: Box::new(seq(body)) },
            Op::Target { id, flag, level, body } => {
                let body = Box::new(seq(body));
                Node::Target { scope, id, flag, level, asked: false, body }
            }
            Op::Join { branches, .. } => {
                Node::Join(branches.into_iter().map(|body| Some(seq(body))).collect())
            }
            Op::Select { park, first, second } => {
                Node::Select { park, both: Some(Box::new((seq(first), seq(second)))) }
            }
            Op::Child { id, task: child } => {
                self.spawn(child);
                Node::Await { scope, id, task: child }
            }
        }
    }

    /// Flags of targets become requests.
    fn raise(&mut self, task: usize, node: &mut Node) {
        if let Node::Target { scope, flag, level, asked, .. } = node
            && self.raised.contains(flag)
            && !std::mem::replace(asked, true)
        {
            let (scope, level) = (*scope, *level);
            let origin = self.next();
            self.issue(task, Some(scope), "flag".into(), origin, level);
        }
        awaited(node, &mut |inner| self.raise(task, inner));
    }
}
