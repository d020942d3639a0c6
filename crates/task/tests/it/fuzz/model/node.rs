//! What is running, as a tree that can be looked at.

use crate::fuzz::program::{Exit, Op, Seq};

/// A scope. They are numbered in the order in which they were first polled, and so are deliveries.
pub(super) type Scope = u64;
pub(super) type Path = Vec<Around>;

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Kind {
    Catch,
    Hold,
    Target,
}

#[derive(Clone, Copy)]
pub(super) struct Around {
    pub(super) scope: Scope,
    pub(super) kind: Kind,
}

/// What is running.
pub(super) enum Node {
    Seq {
        rest: std::vec::IntoIter<Op>,
        now: Option<Box<Node>>,
        parked: Vec<Node>,
    },
    Door(usize),
    Never,
    Catch {
        scope: Scope,
        id: usize,
        body: Box<Node>,
        cleanup: Seq,
        exit: Exit,
    },
    Cleanup {
        id: usize,
        guard: u64,
        body: Box<Node>,
        exit: Exit,
    },
    Mask {
        scope: Scope,
        id: usize,
        body: Box<Node>,
    },
    Target {
        scope: Scope,
        id: usize,
        flag: usize,
        level: bool,
        asked: bool,
        body: Box<Node>,
    },
    /// Absorbed its request.
    Elapsed {
        id: usize,
    },
    Join(Vec<Option<Node>>),
    Select {
        park: bool,
        both: Option<Box<(Node, Node)>>,
    },
    Await {
        scope: Scope,
        id: usize,
        task: usize,
    },
}

pub(super) fn seq(ops: Seq) -> Node {
    Node::Seq { rest: ops.into_iter(), now: None, parked: Vec::new() }
}

pub(super) fn around(node: &Node) -> Option<Around> {
    let (scope, kind) = match node {
        Node::Catch { scope, .. } => (*scope, Kind::Catch),
        Node::Mask { scope, .. } | Node::Await { scope, .. } => (*scope, Kind::Hold),
        Node::Target { scope, .. } => (*scope, Kind::Target),
        _ => return None,
    };
    Some(Around { scope, kind })
}

/// What of `node` is being awaited.
pub(super) fn awaited(node: &mut Node, call: &mut dyn FnMut(&mut Node)) {
    match node {
        Node::Seq { now: Some(now), .. } => call(now),
        Node::Catch { body, .. }
        | Node::Cleanup { body, .. }
        | Node::Mask { body, .. }
        | Node::Target { body, .. } => call(body),
        Node::Join(branches) => branches.iter_mut().flatten().for_each(call),
        Node::Select { both: Some(pair), .. } => {
            call(&mut pair.0);
            call(&mut pair.1);
        }
        _ => {}
    }
}

/// What is awaited and what is parked.
pub(super) fn each_in(node: &mut Node, call: &mut dyn FnMut(&mut Node)) {
    awaited(node, call);
    if let Node::Seq { parked, .. } = node {
        parked.iter_mut().for_each(call);
    }
}

pub(super) fn drop_all(node: &mut Node) {
    *node = Node::Never;
}

pub(super) fn guards_in(node: &mut Node, guards: &mut Vec<u64>) {
    if let Node::Cleanup { guard, .. } = node {
        guards.push(*guard);
    }
    each_in(node, &mut |inner| guards_in(inner, guards));
}

pub(super) fn children(node: &Node) -> Vec<&Node> {
    match node {
        Node::Seq { now, parked, .. } => now.iter().map(|now| &**now).chain(parked).collect(),
        Node::Catch { body, .. }
        | Node::Cleanup { body, .. }
        | Node::Mask { body, .. }
        | Node::Target { body, .. } => vec![body],
        Node::Join(branches) => branches.iter().flatten().collect(),
        Node::Select { both: Some(pair), .. } => vec![&pair.0, &pair.1],
        _ => Vec::new(),
    }
}

pub(super) fn has_scope(node: &Node) -> bool {
    around(node).is_some() || children(node).into_iter().any(has_scope)
}

pub(super) fn has_flag(node: &Node, wanted: usize) -> bool {
    matches!(node, Node::Target { flag, .. } if *flag == wanted)
        || children(node).into_iter().any(|child| has_flag(child, wanted))
}

pub(super) fn depth_of(node: &Node, target: Scope, depth: usize, found: &mut usize) {
    let own = around(node);
    if own.is_some_and(|own| own.scope == target) {
        *found = depth;
    }
    for child in children(node) {
        depth_of(child, target, depth + usize::from(own.is_some()), found);
    }
}

/// The scopes around `target`. `true`: it is in `node`.
pub(super) fn path_to(node: &Node, target: Scope, path: &mut Path) -> bool {
    let own = around(node);
    if own.is_some_and(|own| own.scope == target) {
        return true;
    }
    path.extend(own);
    if children(node).into_iter().any(|child| path_to(child, target, path)) {
        return true;
    }
    if own.is_some() {
        path.pop();
    }
    false
}

/// Whether the home of `guard` is on the line of scopes `within`, or further in than its last one.
pub(super) fn is_in_line(root: &Node, within: &[Scope], guard: u64) -> bool {
    let mut path = Vec::new();
    home_of(root, guard, &mut path);
    path.iter().zip(within).all(|(one, other)| one == other)
}

pub(super) fn home_of(node: &Node, guard: u64, path: &mut Vec<Scope>) -> bool {
    if matches!(node, Node::Cleanup { guard: own, .. } if *own == guard) {
        return true;
    }
    let own = around(node).map(|own| own.scope);
    path.extend(own);
    if children(node).into_iter().any(|child| home_of(child, guard, path)) {
        return true;
    }
    if own.is_some() {
        path.pop();
    }
    false
}
