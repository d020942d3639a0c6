//! The scope that can be cancelled by itself: what timeouts and cancel scopes are made of.

use std::fmt;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use corio_base::current;
use corio_trace::book::FrameKind;
use corio_trace::disarm;
use pin_project_lite::pin_project;

use super::hold::Forward;
use super::reason::Reason;
use super::site::Site;
use super::tree::Kind;

/// Says whether, and how, a [`Target`] is to be cancelled.
#[derive(Clone, Debug)]
pub struct Triggered {
    /// Why.
    pub reason: Reason,
    /// Ask again, in a later turn, if the request was suppressed.
    pub level: bool,
}

pin_project! {
    /// Runs a body until it returns or is cancelled by its trigger.
    ///
    /// Knows no time: whoever polls it says by a closure when it is to be cancelled, and is woken for
    /// that by means of its own. Scopes in the body see the request as they see one to the task; it
    /// goes no further than here. Outside a task, or with no scope in the body, the body is dropped
    /// where it waits, and that is all.
    #[must_use = "nothing is run unless it is polled"]
    pub struct Target<F> {
        // Dropped before the site: what is in the body leaves the tree first.
        #[pin]
        body: Option<F>,
        begun: bool,
        // Why it is to be cancelled. In a box, and beside `level` and not in one `Option` with it: what is
        // not there yet would be copied wherever a target is made, and in pieces.
        triggered: Option<Box<Reason>>,
        level: bool,
        // The number that the request keeps wherever it is passed on to; 0: a new one.
        origin: u64,
        // The request is in the tree.
        issued: bool,
        // In the body's last poll something was polled that might want a request.
        has_below: bool,
        site: Site,
    }
}

impl<F: Future> Target<F> {
    /// A target around `body`.
    pub fn new(body: F) -> Self {
        Target {
            body: Some(body),
            begun: false,
            triggered: None,
            level: false,
            origin: 0,
            issued: false,
            has_below: false,
            site: Site::new(Kind::Target),
        }
    }

    /// Whether the trigger has been pulled.
    pub fn is_triggered(&self) -> bool {
        self.triggered.is_some()
    }

    /// Cancels it with a request that others get, too; also again, while an earlier one is being
    /// answered. Poll it then.
    pub fn request(self: Pin<&mut Self>, request: &Forward) {
        let this = self.project();
        *this.triggered = Some(Box::new(request.reason.clone()));
        *this.level = false;
        *this.origin = request.origin;
        *this.issued = false;
    }

    /// Drops the body now, whatever it is doing; a later poll panics.
    pub fn abandon(self: Pin<&mut Self>) {
        let mut this = self.project();
        let _disarmed = disarm::guard();
        this.body.set(None);
        this.site.leave();
    }

    /// Polls the body. `trigger` is asked before each poll of the body, and for the first time after
    /// the first one, until it says that the target is to be cancelled.
    ///
    /// `Err`: the body was dropped for that reason, or returned although it was being unwound.
    ///
    /// # Panics
    /// If polled again after it was ready.
    #[inline]
    pub fn poll_with(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        trigger: impl FnMut(&mut Context<'_>) -> Option<Triggered>,
    ) -> Poll<Result<F::Output, Reason>> {
        if self.begun {
            return self.poll_again(context, trigger);
        }
        let this = self.as_mut().project();
        *this.begun = true;
        if this.triggered.is_some() {
            return self.poll_body(context);
        }
        let Some(body) = this.body.as_pin_mut() else { used_up() };
        let (polled, visit) = this.site.poll(context, false, |context| body.poll(context));
        *this.has_below = visit.has_below;
        match polled {
            Poll::Ready(value) if this.site.is_marked() => this.site.returned(value),
            Poll::Ready(value) => Poll::Ready(Ok(value)),
            Poll::Pending => self.waits(context, trigger),
        }
    }

    /// As [`Target::poll_with`]; in debug mode the poll is recorded under what `about` says.
    #[inline]
    pub fn poll_recorded(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        about: impl FnOnce() -> (FrameKind, &'static str, &'static Location<'static>),
        trigger: impl FnMut(&mut Context<'_>) -> Option<Triggered>,
    ) -> Poll<Result<F::Output, Reason>> {
        if corio_trace::enabled() {
            let (kind, name, place) = about();
            self.as_mut().project().site.enter_record(kind, name, place);
        }
        let polled = self.as_mut().poll_with(context, trigger);
        self.site.leave_record();
        polled
    }

    /// Every poll but the first.
    fn poll_again(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut trigger: impl FnMut(&mut Context<'_>) -> Option<Triggered>,
    ) -> Poll<Result<F::Output, Reason>> {
        if self.triggered.is_none() {
            self.as_mut().trigger(trigger(context));
        }
        self.poll_body(context)
    }

    /// After the first poll, which is pending: the trigger is asked for the first time.
    fn waits(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut trigger: impl FnMut(&mut Context<'_>) -> Option<Triggered>,
    ) -> Poll<Result<F::Output, Reason>> {
        self.as_mut().trigger(trigger(context));
        if self.triggered.is_none() {
            return Poll::Pending;
        }
        // What the first poll has set off may be there by now; but not what gives way for a turn.
        let _again = current::mark_again();
        self.poll_body(context)
    }

    fn trigger(self: Pin<&mut Self>, triggered: Option<Triggered>) {
        if let Some(Triggered { reason, level }) = triggered {
            let this = self.project();
            *this.triggered = Some(Box::new(reason));
            *this.level = level;
        }
    }

    fn poll_body(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Result<F::Output, Reason>> {
        let mut this = self.project();
        if *this.issued && this.site.was_moved_asked() {
            // The request was to a scope of another task. It ends there, and is issued again here.
            this.site.leave();
            *this.issued = false;
        }
        let is_new_request = this.triggered.is_some() && !*this.issued;
        // With nothing in the body that could want the request, the tree need not know of it.
        let is_simple = is_new_request && !*this.has_below && this.site.is_alone();
        let Some(body) = this.body.as_mut().as_pin_mut() else { used_up() };
        let urgent = is_new_request && !is_simple;
        let (polled, visit) = this.site.poll(context, urgent, |context| body.poll(context));
        *this.has_below = visit.has_below;
        if let Poll::Ready(value) = polled {
            return this.site.returned(value);
        }
        let Some(why) = this.triggered else { return Poll::Pending };
        let reason = if visit.outside || is_simple && !visit.slow && !visit.has_below {
            Reason::clone(why)
        } else if is_new_request {
            *this.issued = true;
            this.site.issue(context, why, *this.level, *this.origin);
            return Poll::Pending;
        } else {
            match this.site.absorbs() {
                Some(reason) => reason,
                None => return Poll::Pending,
            }
        };
        let _disarmed = disarm::guard();
        this.body.set(None);
        this.site.leave();
        Poll::Ready(Err(reason))
    }
}

#[cold]
fn used_up() -> ! {
    panic!("a cancel scope was polled after it had given its result");
}

impl<F> fmt::Debug for Target<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target").field("triggered", &self.triggered).finish_non_exhaustive()
    }
}
