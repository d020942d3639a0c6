//! A child's future: runs what it was given, and reports its end to the group.

use std::any::Any;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::error::text;
use super::shared::{End, Shared};
use super::sort::Sort;

/// A child's place in its group.
pub(super) struct Place<E> {
    pub(super) group: Arc<Shared<E>>,
    pub(super) slot: u32,
}

pin_project! {
    /// The future of a child's task. Its end is reported when nothing of `future` is left, so that who
    /// waits for the group finds every destructor run.
    pub(super) struct Child<F, E, S> {
        #[pin]
        future: Option<F>,
        // `None`: reported, or refused by its group; then the future is never polled.
        place: Option<Place<E>>,
        sort: PhantomData<fn() -> S>,
    }

    impl<F, E, S> PinnedDrop for Child<F, E, S> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let Some(place) = this.place.take() {
                let dropped = catch_unwind(AssertUnwindSafe(|| this.future.set(None)));
                place.group.leave(place.slot, match dropped {
                    Ok(()) => End::Cut,
                    Err(payload) => End::Panicked(payload),
                });
            }
        }
    }
}

impl<F, E, S> Child<F, E, S> {
    pub(super) fn new(future: F, place: Option<Place<E>>) -> Self {
        Child { future: Some(future), place, sort: PhantomData }
    }
}

impl<F, E, S> Future for Child<F, E, S>
where
    F: Future,
    S: Sort<F::Output, E>,
{
    type Output = S::Value;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if this.place.is_none() {
            // Refused, but its task starts eagerly: its request comes next.
            return Poll::Pending;
        }
        let polled = catch_unwind(AssertUnwindSafe(|| {
            let Some(future) = this.future.as_mut().as_pin_mut() else {
                unreachable!("a task is not polled after its end");
            };
            let polled = future.poll(context);
            if polled.is_ready() {
                this.future.set(None);
            }
            polled
        }));
        match polled {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => {
                let (value, error) = S::part(output);
                if let Some(Place { group, slot }) = this.place.take() {
                    group.leave(slot, error.map_or(End::Value, End::Failed));
                }
                Poll::Ready(value)
            }
            Err(payload) => fail(this.place, payload, || this.future.set(None)),
        }
    }
}

/// The child panicked: the group has the payload, the handle its words.
#[cold]
fn fail<E>(place: &mut Option<Place<E>>, payload: Box<dyn Any + Send>, clear: impl FnOnce()) -> ! {
    let words = text(&*payload);
    // The group tells of it: a handle that goes has nothing to add.
    if let Some(task) = corio_task::current() {
        task.mark_retrieved();
    }
    // A second panic, in what is left of the future, adds nothing to the first.
    let cleared = catch_unwind(AssertUnwindSafe(clear));
    std::mem::forget(cleared);
    if let Some(Place { group, slot }) = place.take() {
        group.leave(slot, End::Panicked(payload));
    }
    resume_unwind(Box::new(words))
}
