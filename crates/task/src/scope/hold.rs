//! The scope of somebody who waits for others: passes requests on, and waits.

use std::fmt;
use std::task::{Context, Poll};

use super::reason::Reason;
use super::site::Site;
use super::tree::Kind;

/// What a task group, or another awaiter of tasks, is for the task that awaits it: unwinding waits for
/// it, and it learns of the requests, so that it can pass them on.
///
/// ```text
///   poll ──▶ the awaiter's own work ──▶ pending: new_requests ──▶ Task::forward to each child
///                                  └──▶ all have ended: release, or, if they were cancelled, unwind
/// ```
#[derive(Debug)]
pub struct Hold {
    site: Site,
}

impl Hold {
    /// One that was not polled yet.
    pub const fn new() -> Self {
        Hold { site: Site::new(Kind::Hold) }
    }

    /// One for a wait that began before there were requests, and was not told of.
    pub(crate) const fn begun() -> Self {
        Hold { site: Site::begun(Kind::Hold) }
    }

    /// Polls `body` within the hold. Requests from around reach no scope in it.
    pub fn poll<T>(
        &self,
        context: &mut Context<'_>,
        body: impl FnOnce(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        self.site.poll(context, false, body).0
    }

    /// The requests to the task, or to scopes around, that it was not told of yet. Ask after a poll
    /// that is pending.
    pub fn new_requests(&self) -> Vec<Forward> {
        if !self.site.is_registered() {
            return Vec::new();
        }
        let requests = self.site.new_requests().into_iter();
        requests.map(|(reason, origin)| Forward { reason, origin }).collect()
    }

    /// What was waited for has been unwound. `true`: by a request that the hold was told of, and so will
    /// be what is around; return `Pending`, and this is dropped, or polled again if the request does not
    /// go on after all. `false`: there is none, go on.
    pub fn unwind(&self) -> bool {
        self.site.is_registered() && self.site.stand_aside()
    }

    /// The wait is over: a request that is under way goes on at the next wait.
    pub fn release(&self) {
        self.site.leave();
    }
}

impl Default for Hold {
    fn default() -> Self {
        Self::new()
    }
}

/// A request that is passed on to another task. Two tasks that await each other do not pass it to and
/// fro: a task refuses one that it has.
#[derive(Clone)]
pub struct Forward {
    pub(crate) reason: Reason,
    pub(crate) origin: u64,
}

impl Forward {
    /// A request of its own, to be passed on to several: who gets it from two of them has it once.
    #[track_caller]
    pub fn new(reason: impl Into<Reason>) -> Self {
        Forward { reason: reason.into(), origin: super::next_origin() }
    }

    /// Why.
    pub fn reason(&self) -> &Reason {
        &self.reason
    }
}

impl fmt::Debug for Forward {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Forward").field(&self.reason).finish()
    }
}
