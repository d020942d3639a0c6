//! Where a scope stands: the link between a future and its node in the task's tree.
//!
//! Most scopes never enter the tree. A request makes the task poll its body in passes
//! ([`super::pass`]); whatever is polled with the task's own waker is reached by that, and registers
//! when it is. Only a scope that is polled with another waker (a combinator's, which polls nothing
//! that it was not told to) registers at its first wait, together with the scopes around it, so that
//! the request finds whom to wake.
//!
//! | | no request under way | in a pass |
//! |---|---|---|
//! | polled with the task's waker | nothing | registers, decides |
//! | polled with another waker | registers once | updates its waker, decides |

use std::cell::{Cell, RefCell};
use std::fmt;
use std::mem::{self, ManuallyDrop};
use std::panic::Location;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use corio_trace::book::{Frame as Record, FrameKind};

use super::frame::{self, Frame};
use super::held::{Exit, GuardId};
use super::reason::Reason;
use super::request::RequestId;
use super::tree::{Kind, NodeId, Place, TASK, Tree, Waking};
use crate::bound::{Raw, header};
use crate::guard::Cancelled;
use crate::more;
use crate::task::{Task, current_raw};
use crate::waker;

/// A scope's way to its node. Dropped by hand, all of it: one look at its marks tells that there is nothing to
/// drop or to leave, and that look is all that is built into every scope.
// In this order, so that the small fields fill one word, which is made by one store.
#[repr(C)]
pub(crate) struct Site {
    kind: Kind,
    age: Cell<Age>,
    /// What there is: [`STANDS`], [`RECORDED`], [`ENTERED`].
    marks: Cell<u16>,
    /// In debug mode: the record of the future that is the scope, if that has one.
    record: ManuallyDrop<Record>,
    /// In a box: few scopes get so far, and the others are made by two stores.
    at: RefCell<Option<ManuallyDrop<Box<Standing>>>>,
}

/// It has a node.
const STANDS: u16 = 1;
/// There may be a record.
const RECORDED: u16 = 2;
/// What is polled is recorded under it.
const ENTERED: u16 = 4;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Age {
    /// Not polled yet.
    New,
    /// First polled when there were no requests.
    Old,
    /// First polled in a pass.
    Fresh,
}

/// A node of a task.
struct Standing {
    task: Task,
    node: NodeId,
    /// The address pair of the waker that the node has; zeros where it has none.
    reach: Reach,
}

type Reach = (usize, usize);

fn reach(waker: &Waker) -> Reach {
    (waker.data().addr(), std::ptr::from_ref(waker.vtable()).addr())
}

/// How a scope's poll went.
pub(crate) struct Visit {
    /// Requests are under way: a scope that waits has to decide.
    pub(crate) slow: bool,
    /// Something in the body might want a request.
    pub(crate) has_below: bool,
    /// No task is being polled: there are no requests.
    pub(crate) outside: bool,
}

impl Site {
    pub(crate) const fn new(kind: Kind) -> Self {
        Site {
            kind,
            age: Cell::new(Age::New),
            marks: Cell::new(0),
            record: ManuallyDrop::new(Record::new()),
            at: RefCell::new(None),
        }
    }

    /// For a scope that was polled before there were requests, and did not tell.
    pub(crate) const fn begun(kind: Kind) -> Self {
        Site {
            kind,
            age: Cell::new(Age::Old),
            marks: Cell::new(0),
            record: ManuallyDrop::new(Record::new()),
            at: RefCell::new(None),
        }
    }

    /// With debug mode on: what is polled until [`Site::leave_record`] is recorded under the scope.
    #[cold]
    #[inline(never)]
    pub(crate) fn enter_record(
        &mut self,
        kind: FrameKind,
        name: &'static str,
        place: &'static Location<'static>,
    ) {
        // A poll that unwound in its trigger may have left it entered.
        self.leave_record();
        let entered = if self.record.enter_unguarded(kind, name, place) { ENTERED } else { 0 };
        self.mark(RECORDED | entered);
    }

    /// The poll is over, if one was entered.
    #[inline]
    pub(crate) fn leave_record(&self) {
        if self.marks.get() & ENTERED != 0 {
            self.leave_entered();
        }
    }

    #[cold]
    #[inline(never)]
    fn leave_entered(&self) {
        self.unmark(ENTERED);
        self.record.leave();
    }

    fn mark(&self, marks: u16) {
        self.marks.set(self.marks.get() | marks);
    }

    fn unmark(&self, marks: u16) {
        self.marks.set(self.marks.get() & !marks);
    }

    /// Whether there is anything to leave.
    #[inline]
    pub(crate) fn is_marked(&self) -> bool {
        self.marks.get() != 0
    }

    /// Polls what is in the scope. `urgent`: as if there were requests.
    #[inline]
    pub(crate) fn poll<T>(
        &self,
        context: &mut Context<'_>,
        urgent: bool,
        body: impl FnOnce(&mut Context<'_>) -> Poll<T>,
    ) -> (Poll<T>, Visit) {
        let waker = context.waker();
        let Some(task) = current_raw() else {
            return (body(context), Visit { slow: false, has_below: false, outside: true });
        };
        let current = task.as_ptr().cast_const().cast();
        frame::within_task(current, Some((self, waker)), urgent, |frame| {
            let slow = frame.is_slow();
            if self.age.get() == Age::New {
                self.age.set(if slow { Age::Fresh } else { Age::Old });
            }
            let unwinding = LeaveUnwinding(self);
            let polled = body(context);
            mem::forget(unwinding);
            if polled.is_pending() && (slow || !waker::is_of(waker, task)) {
                self.stand(frame, task, waker);
            }
            (polled, Visit { slow, has_below: frame.has_below(), outside: false })
        })
    }

    /// Whether no other scope stands within this one.
    pub(crate) fn is_alone(&self) -> bool {
        self.with_node(|tree, node| !tree.node(node).has_children()).unwrap_or(true)
    }

    #[inline]
    pub(crate) fn is_registered(&self) -> bool {
        self.marks.get() & STANDS != 0
    }

    /// The scope waits: it stands in the tree from here on, and was polled in this pass.
    #[cold]
    fn stand(&self, frame: &Frame<'_>, task: Raw, waker: &Waker) {
        let foreign = !waker::is_of(waker, task);
        if !frame.is_slow() && self.is_reached_by(task, waker) {
            return;
        }
        let node = ensure(frame, task);
        let parent = frame.outer().map_or(TASK, |outer| ensure(outer, task));
        let now = if foreign { reach(waker) } else { (0, 0) };
        let is_new = self.at.borrow().as_ref().is_none_or(|at| at.reach != now);
        // Cloned before the lock is taken, and the old one dropped after: both are foreign code.
        let mut reached_by = is_new.then(|| foreign.then(|| Arc::new(waker.clone())));
        if let Some(at) = self.at.borrow_mut().as_mut() {
            at.reach = now;
        }
        let _old = self.change(|tree, node, wakers| {
            tree.move_to(node, parent, wakers);
            tree.ask_again(node);
            let now = tree.next_tick();
            let scope = tree.node_mut(node);
            scope.polled = now;
            let old = reached_by.take().and_then(|new| std::mem::replace(&mut scope.waker, new));
            tree.enlist(node);
            old
        });
        debug_assert!(self.node_in(task) == Some(node), "it has just been entered");
    }

    fn is_reached_by(&self, task: Raw, waker: &Waker) -> bool {
        self.at.borrow().as_ref().is_some_and(|at| at.task.is(task) && at.reach == reach(waker))
    }

    pub(crate) fn node_in(&self, task: Raw) -> Option<NodeId> {
        self.at.borrow().as_ref().filter(|at| at.task.is(task)).map(|at| at.node)
    }

    fn enter(&self, task: Raw, parent: NodeId, waker: &Waker) -> NodeId {
        self.leave();
        let foreign = !waker::is_of(waker, task);
        let place = Place {
            parent,
            kind: self.kind,
            waker: foreign.then(|| Arc::new(waker.clone())),
            fresh: self.age.get() == Age::Fresh,
        };
        let node = more::get_or_new(header(task)).with_new_tree(|tree| tree.insert(place));
        let reach = if foreign { reach(waker) } else { (0, 0) };
        let standing = Standing { task: Task::of(task), node, reach };
        *self.at.borrow_mut() = Some(ManuallyDrop::new(Box::new(standing)));
        self.mark(STANDS);
        node
    }

    /// The scope's future is over: nothing is left of it.
    #[inline]
    pub(crate) fn finish(&mut self) {
        if self.is_marked() {
            self.end();
        }
    }

    /// The scope is over: it leaves the tree.
    #[inline]
    pub(crate) fn leave(&self) {
        if self.is_registered() {
            self.leave_tree();
        }
    }

    #[cold]
    #[inline(never)]
    fn end(&mut self) {
        self.leave_record();
        self.leave_tree();
        self.record.clear();
    }

    fn take_standing(&self) -> Option<Standing> {
        self.unmark(STANDS);
        self.at.borrow_mut().take().map(|at| *ManuallyDrop::into_inner(at))
    }

    #[cold]
    #[inline(never)]
    fn leave_tree(&self) {
        if let Some(at) = self.take_standing() {
            let waker = change(&at.task, |tree, wakers| tree.remove(at.node, wakers)).flatten();
            crate::quietly(|| drop(waker));
        }
    }

    /// Calls `with` with the scope's tree and node, if it stands in one.
    fn with_node<R>(&self, with: impl FnOnce(&mut Tree, NodeId) -> R) -> Option<R> {
        let at = self.at.borrow();
        let at = at.as_ref()?;
        at.task.with_tree(|tree| with(tree, at.node))
    }

    /// As [`Site::with_node`], and wakes whom the change concerns.
    fn change<R>(&self, with: impl FnOnce(&mut Tree, NodeId, &mut Waking) -> R) -> Option<R> {
        let (task, node) = {
            let at = self.at.borrow();
            let at = at.as_ref()?;
            (at.task.clone(), at.node)
        };
        change(&task, |tree, wakers| with(tree, node, wakers))
    }

    /// The requests that this catch takes now; none in most polls.
    #[cold]
    pub(crate) fn takeable(&self) -> Vec<RequestId> {
        self.with_node(|tree, node| tree.takeable_by_catch(node)).unwrap_or_default()
    }

    /// The catch takes `requests`; its body is to be dropped now, and then [`Site::leave_taken`] called.
    pub(crate) fn take(&self, requests: &[RequestId]) -> Option<Cancelled> {
        let task = self.at.borrow().as_ref()?.task.clone();
        let taken = self.change(|tree, node, wakers| tree.take(node, requests, wakers))?;
        let reason = taken.reason.unwrap_or_else(|| Reason::from(()));
        Some(Cancelled::new(task, taken.guard, reason))
    }

    /// The body is gone, guards in it have come together in `guard`, and the catch leaves the tree.
    pub(crate) fn leave_taken(&self, guard: GuardId) {
        if let Some(at) = self.take_standing() {
            let waker =
                change(&at.task, |tree, wakers| tree.leave_taken(at.node, guard, wakers)).flatten();
            crate::quietly(|| drop(waker));
        }
    }

    /// Whether a request to this target is under way in another task than the current one: the target
    /// has been moved.
    #[cold]
    pub(crate) fn was_moved_asked(&self) -> bool {
        let is_here = current_raw().is_some_and(|task| self.node_in(task).is_some());
        !is_here && self.with_node(|tree, node| !tree.node(node).own.is_empty()).unwrap_or(false)
    }

    /// Issues a request to this target, in a frame of its poll. Origin 0: a new one.
    #[cold]
    pub(crate) fn issue(
        &self,
        context: &mut Context<'_>,
        reason: &Reason,
        level: bool,
        origin: u64,
    ) {
        let waker = context.waker();
        let Some(task) = current_raw() else { return };
        frame::within(Some((self, waker)), true, |frame| {
            let node = ensure(frame, task);
            let origin = if origin == 0 { super::next_origin() } else { origin };
            more::get_or_new(header(task))
                .with_new_tree(|tree| tree.issue(node, reason.clone(), origin, level));
            waker::ask(task);
        });
    }

    /// The reason of the request that this target absorbs now.
    #[cold]
    pub(crate) fn absorbs(&self) -> Option<Reason> {
        self.with_node(|tree, node| tree.takeable_by_target(node).map(|r| r.reason.clone()))?
    }

    /// The body of this target has returned: its value, unless it was being unwound.
    #[cold]
    pub(crate) fn returned<T>(&self, value: T) -> Poll<Result<T, Reason>> {
        let unwound = self.unwound();
        self.leave();
        Poll::Ready(unwound.map_or(Ok(value), Err))
    }

    /// Why this target has been unwound although its body returned.
    pub(crate) fn unwound(&self) -> Option<Reason> {
        self.with_node(|tree, node| tree.is_unwinding(node).map(|r| r.reason.clone()))?
    }

    /// The requests that this hold has not passed on yet, each with its origin.
    #[cold]
    pub(crate) fn new_requests(&self) -> Vec<(Reason, u64)> {
        self.with_node(|tree, node| tree.forward(node)).unwrap_or_default()
    }

    /// What the hold waits for has been unwound: so will be what is around. `false`: the hold was asked
    /// by no request, or by none that is still under way.
    pub(crate) fn stand_aside(&self) -> bool {
        self.change(|tree, node, wakers| tree.stand_aside(node, wakers)).unwrap_or(false)
    }
}

/// The node of `frame`'s scope, which registers now if it has none, after those around it.
fn ensure(frame: &Frame<'_>, task: Raw) -> NodeId {
    let Some((site, waker)) = frame.scope() else { return TASK };
    if let Some(node) = site.node_in(task) {
        return node;
    }
    let parent = frame.outer().map_or(TASK, |outer| ensure(outer, task));
    site.enter(task, parent, waker)
}

/// Changes the tree of `task`, then wakes whom that concerns.
pub(crate) fn change<R>(
    task: &Task,
    change: impl FnOnce(&mut Tree, &mut Waking) -> R,
) -> Option<R> {
    let mut wakers = Waking::new();
    let (outcome, is_busy) = task.with_tree(|tree| {
        let was_busy = !tree.requests.is_empty();
        let outcome = change(tree, &mut wakers);
        (outcome, was_busy || !tree.requests.is_empty())
    })?;
    wake(wakers);
    // In its own poll the task looks for itself, at the poll's end.
    if is_busy && current_raw().is_none_or(|current| !task.is(current)) {
        task.wake();
    }
    Some(outcome)
}

/// Wakes, and survives the panics of foreign wakers.
pub(crate) fn wake(wakers: Waking) {
    for waker in wakers {
        crate::quietly(|| waker.wake_by_ref());
        crate::quietly(|| drop(waker));
    }
}

/// A guard goes.
pub(crate) fn release(task: &Task, guard: GuardId, exit: Exit) {
    let in_poll = current_raw().is_some_and(|current| task.is(current));
    change(task, |tree, wakers| tree.release(guard, exit, in_poll, wakers));
}

impl Drop for Site {
    #[inline]
    fn drop(&mut self) {
        self.finish();
    }
}

/// The poll of a scope unwinds; forgotten where it does not.
struct LeaveUnwinding<'a>(&'a Site);

impl Drop for LeaveUnwinding<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.leave_record();
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Site").field("kind", &self.kind).finish_non_exhaustive()
    }
}
