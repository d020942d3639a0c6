//! What a catch gives for its body: the duty to go on unwinding, and the leave to clean up first.

use std::fmt;
use std::future::poll_fn;
use std::mem;
use std::task::Poll;

use crate::bound::Raw;
use crate::scope::held::{Exit, GuardId};
use crate::scope::reason::Reason;
use crate::scope::{frame, site};
use crate::task::{Task, current_raw};

/// A cancellation that was caught. While it lives, the code around it is cleanup and is not disturbed
/// by its request; a later one may interrupt it, unless it is masked.
///
/// ```text
///              ┌─ suppress ───▶ swallowed: code goes on as if nothing had been
///   Cancelled ─┼─ postpone ───▶ asks again at the next wait; without one, the value stands
///              └─ resume, or   ▶ goes on unwinding: the next scope around, then its target
///                 just dropped
/// ```
///
/// A task, or a scope with a deadline, that returns a value with a request delivered and neither
/// suppressed nor postponed ends as cancelled all the same: a cancellation is not lost by accident.
/// So keep the guard while you clean up; `if catch(work()).await.is_err() { clean_up().await }` drops
/// it before the cleanup, which is then cut at its first wait.
///
/// The guard may be kept, sent and dropped anywhere. Once its target has ended it does nothing.
#[must_use = "dropping the guard goes on unwinding at the next wait: keep it while you clean up, then `resume`"]
pub struct Cancelled(Box<Held>);

struct Held {
    task: Task,
    guard: GuardId,
    reason: Reason,
    exit: Exit,
}

impl Cancelled {
    pub(crate) fn new(task: Task, guard: GuardId, reason: Reason) -> Self {
        Cancelled(Box::new(Held { task, guard, reason, exit: Exit::Resume }))
    }

    /// Why; the first reason, where several requests came together.
    pub fn reason(&self) -> &Reason {
        &self.0.reason
    }

    /// What the canceller said.
    pub fn message(&self) -> Option<&str> {
        self.0.reason.message()
    }

    /// Swallows the request: it is answered, and no longer counted by [`Task::cancelling`]. If it was
    /// delivered in several places, and one of them goes on unwinding, so does all.
    pub fn suppress(mut self) {
        self.0.exit = Exit::Suppress;
    }

    /// Goes on unwinding, but later: the request asks again at the next wait, every scope around that;
    /// if none comes before the task or the scope returns, the value stands.
    pub fn postpone(mut self) {
        self.0.exit = Exit::Postpone;
    }

    /// Goes on unwinding, here: nothing after the await is run.
    ///
    /// In another task than the one that was cancelled, outside the scope that was, or after that has
    /// ended, cancels the task that awaits it.
    ///
    /// # Panics
    /// Outside a task: there is nothing to unwind; `drop` it instead.
    pub async fn resume(self) -> ! {
        let mut guard = Some(self);
        poll_fn(move |_| {
            let Some(here) = current_raw() else {
                panic!(
                    "`Cancelled::resume` was awaited outside a task of corio, where there is nothing to \
                     unwind: drop the guard instead"
                );
            };
            if let Some(guard) = guard.take()
                && !guard.unwinds(here)
            {
                let reason = guard.0.reason.clone();
                drop(guard);
                Task::of(here).cancel(reason);
            }
            Poll::<()>::Pending
        })
        .await;
        unreachable!("it never becomes ready")
    }

    /// Whether one of its requests, going on, unwinds what is being polled in `here`.
    fn unwinds(&self, here: Raw) -> bool {
        let guard = self.0.guard;
        let is_around = |target| frame::is_around(here, target);
        self.0.task.is(here)
            && self.0.task.with_tree(|tree| tree.holds_for(guard, is_around)).unwrap_or(false)
    }

    /// Its number in the tree of its task.
    pub(crate) fn id(&self) -> GuardId {
        self.0.guard
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let exit = mem::replace(&mut self.exit, Exit::Resume);
        site::release(&self.task, self.guard, exit);
    }
}

impl fmt::Debug for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cancelled").field("reason", &self.0.reason).finish()
    }
}

impl fmt::Display for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.message() {
            Some(message) => write!(f, "cancelled: {message}"),
            None => f.write_str("cancelled"),
        }
    }
}
