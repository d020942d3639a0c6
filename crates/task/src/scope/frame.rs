//! The scopes that are being polled on this thread, from the innermost outwards.
//!
//! Each poll of a scope pushes a frame on the caller's stack and pops it when it is over, also when
//! it unwinds. So scopes nest as the polls do, and `join!`, boxes and combinators of any origin are
//! seen through. A task's pass pushes one for the task itself, which says that there are requests.
#![expect(unsafe_code, reason = "frames on the stack, reached by pointer while they are there")]

use std::cell::Cell;
use std::marker::PhantomData;
use std::ptr;
use std::task::Waker;

use corio_base::current;

use super::site::Site;
use super::tree::{NodeId, TASK};
use crate::bound::Raw;

#[cfg(not(loom))]
std::thread_local! {
    static TOP: Cell<*const Frame<'static>> = const { Cell::new(ptr::null()) };
}

#[cfg(loom)]
::loom::thread_local! {
    static TOP: Cell<*const Frame<'static>> = Cell::new(ptr::null());
}

/// One poll of a scope, or of a task with requests.
pub(crate) struct Frame<'a> {
    /// The task being polled; never null.
    task: *const (),
    /// The scope, and the waker it is polled with; `None` for the task itself.
    scope: Option<(&'a Site, &'a Waker)>,
    outer: *const Frame<'static>,
    /// Requests are under way, or about to be: every scope in this poll stands in the tree.
    slow: bool,
    /// Something in this poll might want a request.
    below: Cell<bool>,
    _stack: PhantomData<&'a ()>,
}

impl Frame<'_> {
    pub(crate) fn is_slow(&self) -> bool {
        self.slow
    }

    /// Whether a scope or a hold was polled in this poll of the scope.
    pub(crate) fn has_below(&self) -> bool {
        self.below.get()
    }

    pub(crate) fn scope(&self) -> Option<(&Site, &Waker)> {
        self.scope
    }

    /// The poll around this one, if it is of the same task.
    pub(crate) fn outer(&self) -> Option<&Frame<'_>> {
        // SAFETY: the outer frame is lower on this stack, and there as long as this one is.
        let outer = unsafe { self.outer.as_ref() }?;
        (outer.task == self.task).then_some(outer)
    }
}

/// Whether no scope and no pass is being polled on this thread.
#[inline(always)]
pub(crate) fn none() -> bool {
    TOP.with(|top| top.get().is_null())
}

/// Tells the innermost scope being polled, if it is `task`'s, that something in it might want a
/// request. `false`: it is to stand in the tree, because requests are under way.
pub(crate) fn mark(task: Raw) -> bool {
    let top = TOP.with(Cell::get);
    // SAFETY: a frame is on the stack, further up, until it is popped.
    match unsafe { top.as_ref() } {
        Some(top) if top.task == task.as_ptr().cast_const().cast() => {
            top.below.set(true);
            !top.slow
        }
        _ => true,
    }
}

/// Whether the current task's scope at `node`, or the task if that is it, is being polled.
pub(crate) fn is_around(task: Raw, node: NodeId) -> bool {
    let top = TOP.with(Cell::get);
    // SAFETY: as in `mark`.
    let top = unsafe { top.as_ref() }.filter(|top| top.task == task.as_ptr().cast_const().cast());
    let stands_at =
        |frame: &&Frame<'_>| frame.scope.is_some_and(|(site, _)| site.node_in(task) == Some(node));
    node == TASK || std::iter::successors(top, |frame| frame.outer()).any(|frame| stands_at(&frame))
}

/// Calls `poll` within a frame for `scope`, which is slow if the one around it is, or `slow` says so.
#[inline]
pub(crate) fn within<R>(
    scope: Option<(&Site, &Waker)>,
    slow: bool,
    poll: impl FnOnce(&Frame<'_>) -> R,
) -> R {
    within_task(current::task(), scope, slow, poll)
}

/// As [`within`], for callers who know the current task.
#[inline]
pub(crate) fn within_task<R>(
    task: *const (),
    scope: Option<(&Site, &Waker)>,
    slow: bool,
    poll: impl FnOnce(&Frame<'_>) -> R,
) -> R {
    let outer = TOP.with(Cell::get);
    let mut frame =
        Frame { task, scope, outer, slow, below: Cell::new(false), _stack: PhantomData };
    if let Some(outer) = frame.outer() {
        outer.below.set(true);
        let outer_is_slow = outer.slow;
        frame.slow |= outer_is_slow;
    }
    let pointer: *const Frame<'_> = &frame;
    TOP.with(|top| top.set(pointer.cast()));
    let _popped = Pop(outer);
    poll(&frame)
}

/// Pops a frame when its poll is over.
struct Pop(*const Frame<'static>);

impl Drop for Pop {
    #[inline]
    fn drop(&mut self) {
        TOP.with(|top| top.set(self.0));
    }
}
