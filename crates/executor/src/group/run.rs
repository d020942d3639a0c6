//! The scope of a group: its body, the wait for its children, its end.
//!
//! ```text
//!   Running ──returned──▶ Done, Failed ─────┐
//!      │ └────unwound───▶ Cut ──────────────┤ no child alive ──finish──▶ value, errors, or
//!      └──────panicked──▶ Panicked ─────────┘                            go on unwinding
//! ```
//!
//! The body is in a target of its own, which the group's request and those from around are given to;
//! around both is a hold. So whoever awaits the scope unwinds when body and children have ended, and
//! not before.

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use corio_task::{Forward, Hold, Reason, Target};
use corio_trace::action::Action;
use corio_trace::book::{Frame, FrameKind, Leaf};
use corio_trace::disarm::{Enters, Leaves};
use corio_trace::{Wait, WaitKind, deeds};
use pin_project_lite::pin_project;

use super::error::{ChildError, GroupError};
use super::shared::Shared;
use super::sort::Sort;

pin_project! {
    /// The future of [`TaskGroup::scope`](super::TaskGroup::scope) and
    /// [`TaskGroup::try_scope`](super::TaskGroup::try_scope).
    #[must_use = "the body does not run unless the scope is awaited, and children that it has are cancelled"]
    pub struct ScopeRun<F, E, S>
    where
        F: Future,
        S: Sort<F::Output, E>,
    {
        // Dropped first: it speaks for the body, or that was begun, and what it has left goes rightly.
        action: Action<ScopeDeed>,
        enters: Enters,
        #[pin]
        target: Target<F>,
        leaves: Leaves,
        hold: Hold,
        shared: Arc<Shared<E>>,
        body: Body<S::Ok, E>,
        // The group's own request was given to the body.
        is_told: bool,
        // The first request from around, which was passed on.
        passed: Option<Forward>,
        is_over: bool,
        location: &'static Location<'static>,
        frame: Frame,
        // Of the wait for children.
        leaf: Leaf,
        sort: PhantomData<fn() -> S>,
    }

    impl<F, E, S> PinnedDrop for ScopeRun<F, E, S>
    where
        F: Future,
        S: Sort<F::Output, E>,
    {
        fn drop(this: Pin<&mut Self>) {
            if !this.is_over {
                abandon(&this.shared, this.location);
            }
        }
    }
}

deeds! {
    /// What a [`ScopeRun`] does.
    ScopeDeed = "TaskGroup::scope";
}

/// What became of the body.
enum Body<T, E> {
    Running,
    /// Its value, until it is given away.
    Done(Option<T>),
    Failed(Option<E>),
    Cut(Reason),
    Panicked(Option<Box<dyn Any + Send>>),
}

/// A scope goes before its end.
fn abandon<E>(shared: &Shared<E>, location: &'static Location<'static>) {
    let alive = shared.alive();
    shared.abandon(|| Reason::from("its task group was dropped").located(location));
    let errors = shared.end();
    if alive > 0 || !errors.is_empty() {
        corio_trace::report_error(
            "corio::group",
            format_args!(
                "the task group made at {location} was dropped before its end, with {alive} tasks \
                 running, which were cancelled and which nobody waits for, and {} errors, which \
                 nobody saw: await the scope to its end",
                errors.len(),
            ),
        );
    }
}

impl<F, E, S> ScopeRun<F, E, S>
where
    F: Future,
    S: Sort<F::Output, E>,
{
    pub(super) fn new(
        body: F,
        shared: Arc<Shared<E>>,
        location: &'static Location<'static>,
    ) -> Self {
        ScopeRun {
            action: Action::new(location),
            enters: Enters::new(),
            target: Target::new(body),
            leaves: Leaves::new(),
            hold: Hold::new(),
            shared,
            body: Body::Running,
            is_told: false,
            passed: None,
            is_over: false,
            location,
            frame: Frame::new(),
            leaf: Leaf::new(),
            sort: PhantomData,
        }
    }

    /// Polls the body, if it runs, and says whether everything has ended.
    fn poll_inside(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let (mut target, body, shared) = (this.target, this.body, &**this.shared);
        let object = shared.object();
        let _entered = this
            .frame
            .enter_object(object, || (FrameKind::Group, "TaskGroup::scope", this.location));
        this.hold.poll(context, |context| {
            if matches!(body, Body::Running) {
                let running = target.as_mut();
                let polled =
                    catch_unwind(AssertUnwindSafe(|| running.poll_with(context, |_| None)));
                *body = match polled {
                    Ok(Poll::Pending) => return Poll::Pending,
                    Ok(Poll::Ready(result)) => Self::ended(shared, result),
                    Err(payload) => {
                        let dropped = catch_unwind(AssertUnwindSafe(|| target.abandon()));
                        // The first panic is the one to go on.
                        std::mem::forget(dropped);
                        shared.close(|| "the body of its task group panicked".into());
                        Body::Panicked(Some(payload))
                    }
                };
            }
            if shared.look().alive == 0 {
                return Poll::Ready(());
            }
            let (kind, object) = (WaitKind::Group, shared.object());
            this.leaf.wait(|| Wait { kind, object, owner: None, place: this.location });
            Poll::Pending
        })
    }

    /// The body has ended without a panic.
    fn ended(shared: &Shared<E>, result: Result<F::Output, Reason>) -> Body<S::Ok, E> {
        match result.map(S::result) {
            Ok(Ok(value)) => Body::Done(Some(value)),
            Ok(Err(error)) => {
                shared.close(|| "the body of its task group failed".into());
                Body::Failed(Some(error))
            }
            Err(reason) => Body::Cut(reason),
        }
    }

    /// Gives the body the group's own request, if there is one by now, once.
    fn tell_body(self: Pin<&mut Self>) -> bool {
        let this = self.project();
        if *this.is_told || !matches!(this.body, Body::Running) {
            return false;
        }
        let Some(request) = this.shared.request() else { return false };
        *this.is_told = true;
        this.target.request(&request);
        true
    }

    /// Passes requests from around on. `true`: poll the body for it.
    fn pass_on(self: Pin<&mut Self>, requests: &[Forward]) -> bool {
        let this = self.project();
        let Some(first) = requests.first() else { return false };
        this.passed.get_or_insert_with(|| first.clone());
        for request in requests {
            this.shared.pass_on(request);
        }
        let is_running = matches!(this.body, Body::Running);
        if is_running {
            this.target.request(first);
        }
        is_running
    }

    /// A request from around has cut the body, or has come after its end, as `is_new` says: the group
    /// takes no more children in. A body that suppresses it leaves the group open.
    fn shut(&self, is_new: bool) {
        let is_over = match self.body {
            Body::Running => false,
            Body::Cut(_) => true,
            Body::Done(_) | Body::Failed(_) | Body::Panicked(_) => is_new,
        };
        if let Some(request) = self.passed.as_ref().filter(|_| is_over) {
            self.shared.shut(request);
        }
    }

    /// Body and children have ended.
    fn finish(self: Pin<&mut Self>) -> Poll<Result<S::Ok, GroupError<E>>> {
        let this = self.project();
        let look = this.shared.look();
        let was_cut = match this.body {
            Body::Cut(_) => true,
            Body::Done(_) => look.was_cut,
            Body::Running | Body::Failed(_) | Body::Panicked(_) => false,
        };
        if this.passed.is_some() && was_cut && !look.has_errors && this.hold.unwind() {
            return Poll::Pending;
        }
        // A request that is under way goes on at the next wait after the scope.
        this.hold.release();
        *this.is_over = true;
        let mut errors = this.shared.end();
        match this.body {
            Body::Panicked(payload) => {
                report_unseen(errors.len(), this.location);
                resume_unwind(payload.take().unwrap_or_else(|| Box::new("the body panicked")))
            }
            Body::Failed(error) => {
                errors.extend(error.take().map(|error| ChildError::failed(None, error)));
                Poll::Ready(Err(GroupError::new(errors)))
            }
            _ if !errors.is_empty() => Poll::Ready(Err(GroupError::new(errors))),
            Body::Cut(reason) => Poll::Ready(Err(GroupError::cancelled(reason.clone()))),
            Body::Running => unreachable!("a scope does not end before its body"),
            Body::Done(value) => match value.take() {
                Some(value) => Poll::Ready(Ok(value)),
                None => panic!("the scope of a task group was polled after its end"),
            },
        }
    }
}

/// The body's panic goes on, and with it there is nobody to give the errors to.
fn report_unseen(errors: usize, location: &Location<'_>) {
    if errors > 0 {
        corio_trace::report_error(
            "corio::group",
            format_args!(
                "the body of the task group made at {location} panicked, and {errors} errors of its \
                 children are lost with it",
            ),
        );
    }
}

impl<F, E, S> Future for ScopeRun<F, E, S>
where
    F: Future,
    S: Sort<F::Output, E>,
{
    type Output = Result<S::Ok, GroupError<E>>;

    /// # Panics
    /// With the body's panic; if polled again after it was ready.
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.as_mut().project().action.begun();
        loop {
            // Before the look at the children: one that ends later finds the waker.
            self.shared.awaiter.register(context.waker());
            self.as_mut().tell_body();
            if self.as_mut().poll_inside(context).is_ready() {
                return self.finish();
            }
            let requests = self.hold.new_requests();
            let is_asked = self.as_mut().pass_on(&requests);
            self.shut(!requests.is_empty());
            if !is_asked && !self.as_mut().tell_body() {
                return Poll::Pending;
            }
        }
    }
}

impl<F, E, S> fmt::Debug for ScopeRun<F, E, S>
where
    F: Future,
    S: Sort<F::Output, E>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopeRun")
            .field("location", self.location)
            .field("alive", &self.shared.alive())
            .finish_non_exhaustive()
    }
}
