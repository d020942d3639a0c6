//! How a task with requests is polled: in passes.
//!
//! ```text
//!   begin ──▶ poll ──▶ end ─┬─ the task takes a request: its body is dropped, it ends as cancelled
//!     ▲                     ├─ a request came, somebody was passed over, or is to give a sign of
//!     └─────────────────────┤  life: once more, in this turn
//!                           └─ rest: somebody's cleanup is under way, or the task was woken
//! ```
//!
//! A request that is there when a pass begins, and finds a body still pending after it, drops that
//! body: nothing that was ready is lost.
//!
//! **Who is awaited** shows when the task is quiet: it has ended a poll without having been woken
//! before or in it, so nothing more will be polled. A scope that was asked and told, and not polled by
//! then, is passed over. One that was polled may have been lost later in the same poll (the other
//! branch of a `select!` was ready), so each quiet turn has one more pass in which those who are
//! waited for have to show themselves. Wakers are called before a pass, which serves them: they do
//! not count as wakes of the task.

use super::reason::Reason;
use super::request::RequestId;
use super::tree::{Kind, NodeId, TASK, Tree, Waking};
use crate::bound::{Raw, header};
use crate::more;

/// How often a task is polled for its requests in one turn. Each pass shows a request or passes
/// somebody over; what takes more is a body that issues requests as fast as they are answered.
pub(crate) const PASSES_PER_TURN_MAX: u32 = 32;

/// How many scopes in combinators give a sign of life in one turn. Each costs a poll of about 0.2 µs,
/// and those of ten thousand tasks that end one by one would cost as much again for each of them.
/// The others follow in the next turns.
const SIGNS_PER_TURN_MAX: usize = 32;

/// How often a task of more scopes than that is kept awake until all have given a sign. Afterwards it
/// takes turns that the task has anyway: what ten thousand scopes cost stays linear in their number.
const FULL_ROUNDS_MAX: u32 = 16;

/// After how many passes a scope that is not polled is passed over in a task that is never quiet.
/// Combinators with a budget come to each of their futures in turn, two or more a poll: this allows
/// for a hundred thousand, and is over in some milliseconds.
const PASSES_WITHOUT_POLL_MAX: u64 = 1 << 16;

/// How many turns a task that is awake has before a request ends it, if handles which it awaits were
/// woken to stand in the tree: a combinator with a budget comes to them behind its futures that give
/// way, of which there may be twice as many. One that is still not polled by then is detached.
const FAR_TURNS_MAX: u32 = 256;

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

/// A run of passes begins: level-triggered requests may ask again. `has_far`: handles that may be the
/// task's are woken to stand in the tree.
pub(crate) fn begin_run(task: Raw, has_far: bool) {
    with_tree(task, |tree| {
        if has_far {
            tree.far_turns = FAR_TURNS_MAX;
        }
        let resting = std::mem::take(&mut tree.resting);
        tree.hidden.extend(resting);
    });
}

/// A pass begins: requests become visible. Whom they concern is to be woken before the poll.
pub(crate) fn begin(task: Raw) -> Waking {
    let mut wakers = Waking::new();
    with_tree(task, |tree| {
        tree.pass += 1;
        tree.changed.clear();
        tree.show_all(&mut wakers);
        tree.pass_began = tree.next_tick();
        tree.is_polling = true;
    });
    wakers
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
        let first = *tree.node(TASK).own.first()?;
        Some(tree.requests[&first].reason.clone())
    })?
}

/// Why a task that returned a value ends as cancelled all the same.
pub(crate) fn unwound(task: Raw) -> Option<Reason> {
    with_tree(task, |tree| tree.is_unwinding(TASK).map(|r| r.reason.clone()))?
}

/// A pass is over, with the body pending. `woken`: the task is in the queue. Whom the next pass, if
/// there is one, is about, is to be woken before it.
pub(crate) fn end(task: Raw, woken: bool) -> (Next, Waking) {
    let mut wakers = Waking::new();
    let next = with_tree(task, |tree| tree.end_pass(woken, &mut wakers));
    (next.unwrap_or(Next::Rest { asked: false, revive: false }), wakers)
}

/// The places of what was asked and not polled: the scope, and by whom.
type Unpolled = Vec<(NodeId, RequestId)>;

impl Tree {
    fn end_pass(&mut self, woken: bool, wakers: &mut Waking) -> Next {
        self.is_polling = false;
        self.settle_early(wakers);
        if !woken {
            // Whoever was woken has been polled.
            self.far_turns = 0;
        }
        let reason = self.takeable_by_target(TASK).map(|request| request.reason.clone());
        if let Some(reason) = reason {
            if self.far_turns == 0 {
                return Next::Take(reason);
            }
            self.far_turns -= 1;
            return self.rest(false);
        }
        let was_verifying = std::mem::replace(&mut self.verifying, false);
        if !self.hidden.is_empty() || self.has_to_decide() {
            return Next::Again;
        }
        if woken {
            if self.pass.is_multiple_of(PASSES_WITHOUT_POLL_MAX) {
                let late = self.unpolled(self.searched, self.searched);
                self.pass_over_all(&late, wakers);
                self.searched = self.pass_began;
            }
            // A combinator that has polled all of its futures wakes the task once more, only to end
            // its poll: asking for signs anew after that would go round and round.
            self.verifying = was_verifying;
            return self.rest(false);
        }
        let unpolled = self.unpolled(self.pass_began, u64::MAX);
        self.pass_over_all(&unpolled, wakers);
        for id in std::mem::take(&mut self.delivering) {
            if let Some(request) = self.request(id) {
                request.is_past_delivery = request.delivered.is_some();
            }
        }
        if !unpolled.is_empty() || !was_verifying && self.ask_for_signs(wakers) {
            return Next::Again;
        }
        self.rest(self.next_sign.is_some() && self.full_rounds < FULL_ROUNDS_MAX)
    }

    fn rest(&self, revive: bool) -> Next {
        let revive = revive || !self.resting.is_empty();
        Next::Rest { asked: !self.requests.is_empty(), revive }
    }

    /// Whether a scope that was polled before its turn came in this pass would act if it was polled
    /// now.
    fn has_to_decide(&mut self) -> bool {
        std::mem::take(&mut self.changed).into_iter().any(|id| {
            let Some(node) = self.get(id) else { return false };
            match node.kind {
                Kind::Catch => !self.takeable_by_catch(id).is_empty(),
                Kind::Target => self.takeable_by_target(id).is_some(),
                Kind::Hold => {
                    !node.let_pass.is_empty()
                        && !node.let_pass.iter().any(|id| self.requests.contains_key(id))
                }
            }
        })
    }

    /// Who was asked and not polled: not since the tick `near` where every poll of the task reaches it,
    /// and elsewhere not since it was told, which was before the tick `told`.
    fn unpolled(&self, near: u64, told: u64) -> Unpolled {
        let mut all = Unpolled::new();
        for &id in &self.near {
            let node = self.node(id);
            let asks = node.asks.iter().filter(|ask| node.polled < near && ask.woken < near);
            all.extend(asks.map(|ask| (id, ask.request)));
        }
        for &id in &self.told {
            let node = self.node(id);
            let asks = node.asks.iter().filter(|ask| node.polled < ask.woken && ask.woken < told);
            all.extend(asks.map(|ask| (id, ask.request)));
        }
        all
    }

    fn pass_over_all(&mut self, unpolled: &Unpolled, wakers: &mut Waking) {
        for &(at, request) in unpolled {
            self.pass_over(at, request, wakers);
        }
    }

    /// Those who are waited for are to show themselves in the next pass. `false`: there are none.
    fn ask_for_signs(&mut self, wakers: &mut Waking) -> bool {
        if self.near.is_empty() && self.far.is_empty() {
            self.next_sign = None;
            return false;
        }
        let from = self.next_sign.take().unwrap_or(TASK);
        let mut those: Vec<NodeId> =
            self.far.range(from..).take(SIGNS_PER_TURN_MAX + 1).copied().collect();
        if those.len() > SIGNS_PER_TURN_MAX {
            self.next_sign = those.pop();
        } else if from != TASK {
            self.full_rounds += 1;
        }
        for id in those {
            let now = self.next_tick();
            let node = self.node_mut(id);
            node.asks.iter_mut().for_each(|ask| ask.woken = now);
            wakers.extend(node.waker.clone());
            self.told.insert(id);
        }
        self.verifying = true;
        true
    }
}
