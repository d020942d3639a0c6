//! How a task with requests is polled: in passes.
//!
//! ```text
//!   begin ──▶ poll ──▶ end ─┬─ the task takes a request: its body is dropped, it ends as cancelled
//!     ▲                     ├─ a request came, or somebody was passed over: once more, in this turn
//!     └─────────────────────┤
//!                           └─ rest: somebody's cleanup is under way, or the task was woken
//! ```
//!
//! A request that is there when a pass begins, and finds a body still pending after it, drops that
//! body: nothing that was ready is lost. A scope that was asked and not polled by a task that has
//! nothing more to do is not awaited by anybody, and is passed over.

use super::reason::Reason;
use super::request::RequestId;
use super::site;
use super::tree::{NodeId, TASK, Tree, Waking};
use crate::bound::{Raw, header};
use crate::more;

/// How often a task is polled for its requests in one turn. Each pass shows a request or passes
/// somebody over; what takes more is a body that issues requests as fast as they are answered.
pub(crate) const PASSES_PER_TURN_MAX: u32 = 32;

/// What a pass came to, with the body still pending.
#[derive(Debug)]
pub(crate) enum Next {
    /// Drop the body.
    Take(Reason),
    /// Another pass.
    Again,
    /// Wait to be woken, if requests are left; `revive`: come back in the next turn in any case.
    Rest { asked: bool, revive: bool },
}

fn with_tree<R>(task: Raw, with: impl FnOnce(&mut Tree) -> R) -> Option<R> {
    more::get(header(task))?.with_tree(with)
}

/// A run of passes begins: level-triggered requests may ask again.
pub(crate) fn begin_run(task: Raw) {
    with_tree(task, |tree| {
        tree.run += 1;
        tree.revive();
    });
}

/// A pass begins: requests become visible, and whom they concern is woken.
pub(crate) fn begin(task: Raw) {
    let mut wakers = Waking::new();
    with_tree(task, |tree| {
        tree.pass += 1;
        tree.show_all(&mut wakers);
    });
    site::wake(wakers);
}

/// Calls `then` under the lock if no request is left.
pub(crate) fn if_unasked(task: Raw, then: impl FnOnce()) {
    with_tree(task, |tree| {
        if tree.requests.is_empty() {
            then();
        }
    });
}

/// Why a task is cancelled that has not begun, if it is.
pub(crate) fn first_reason(task: Raw) -> Option<Reason> {
    with_tree(task, |tree| {
        tree.requests
            .iter()
            .filter(|r| r.target == TASK)
            .min_by_key(|r| r.id)
            .map(|r| r.reason.clone())
    })?
}

/// Why a task that returned a value ends as cancelled all the same.
pub(crate) fn unwound(task: Raw) -> Option<Reason> {
    with_tree(task, |tree| tree.is_unwinding(TASK).map(|r| r.reason.clone()))?
}

/// A pass is over, with the body pending. `woken`: the task is in the queue.
pub(crate) fn end(task: Raw, woken: bool) -> Next {
    let mut wakers = Waking::new();
    let next = with_tree(task, |tree| tree.end_pass(woken, &mut wakers));
    site::wake(wakers);
    next.unwrap_or(Next::Rest { asked: false, revive: false })
}

impl Tree {
    fn end_pass(&mut self, woken: bool, wakers: &mut Waking) -> Next {
        if let Some(request) = self.takeable_by_target(TASK) {
            return Next::Take(request.reason.clone());
        }
        if self.requests.iter().any(|request| !request.visible) {
            return Next::Again;
        }
        if !woken && (self.pass_over_unpolled(wakers) || self.verify(wakers)) {
            return Next::Again;
        }
        Next::Rest {
            asked: !self.requests.is_empty(),
            revive: self.requests.iter().any(|request| request.rests_since.is_some()),
        }
    }

    /// The task is quiet: who was asked, and told of it, and not polled, is not awaited.
    fn pass_over_unpolled(&mut self, wakers: &mut Waking) -> bool {
        let pass = self.pass;
        let mut over: Vec<(NodeId, RequestId)> = Vec::new();
        for (&id, node) in &self.nodes {
            for ask in &node.asks {
                let told = node.waker.is_none() || (ask.woken <= pass && ask.woken > node.polled);
                if told && node.polled < pass {
                    over.push((id, ask.request));
                }
            }
        }
        for &(id, request) in &over {
            let Some(node) = self.nodes.get_mut(&id) else { continue };
            let parent = node.parent;
            let Some(at) = node.asks.iter().position(|ask| ask.request == request) else {
                continue;
            };
            let ask = node.asks.remove(at);
            self.close_ask(parent, ask, wakers);
        }
        !over.is_empty()
    }

    /// If nobody of those who are waited for was polled in this pass, they are asked for a sign of
    /// life: a combinator may have lost interest in them after it had polled them.
    fn verify(&mut self, wakers: &mut Waking) -> bool {
        let pass = self.pass;
        if self.nodes.values().any(|node| !node.asks.is_empty() && node.polled == pass) {
            return false;
        }
        let mut any = false;
        for node in self.nodes.values_mut().filter(|node| !node.asks.is_empty()) {
            wakers.extend(node.waker.clone());
            node.asks.iter_mut().for_each(|ask| ask.woken = pass + 1);
            any = true;
        }
        any
    }
}
