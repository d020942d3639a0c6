//! The waits of a queue: for an item, for room, for the end of all tasks.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use corio_trace::action::Action;
use corio_trace::deeds;
use pin_project_lite::pin_project;

use super::core::{self, Core, GETTERS, JOINERS, LANES, PUTTERS, Shared, wait_in};
use super::error::{PutError, QueueShutDown, TryGetError};
use super::store::Store;
use crate::wait_list::{Decision, Wait};

pin_project! {
    /// Waits for an item; made by the queues' `get`.
    #[must_use = "nothing is got unless the future is polled"]
    pub struct Get<'a, S> where S: Store {
        // It had its chance, and came too late.
        had_a_chance: bool,
        #[pin]
        wait: Wait<'a, Shared<S>, LANES>,
    }
}

pin_project! {
    /// Waits for room and puts its item there; made by the queues' `put`.
    #[must_use = "nothing is put unless the future is polled"]
    pub struct Put<'a, S> where S: Store {
        // Here until the queue takes it.
        item: Option<S::Item>,
        had_a_chance: bool,
        action: Action<PutDeed>,
        #[pin]
        wait: Wait<'a, Shared<S>, LANES>,
    }
}

deeds! {
    /// What a [`Put`] does.
    PutDeed = "Queue::put";
}

pin_project! {
    /// Waits until all tasks are done; made by the queues' `join`.
    #[must_use = "it waits only while it is polled"]
    pub struct Join<'a, S> where S: Store {
        #[pin]
        wait: Wait<'a, Shared<S>, LANES>,
    }
}

impl<'a, S: Store> Get<'a, S> {
    pub(super) fn new(core: &'a Core<S>, place: &'static Location<'static>) -> Self {
        Get { had_a_chance: false, wait: Wait::new(&core.list, place) }
    }
}

impl<'a, S: Store> Put<'a, S> {
    pub(super) fn new(core: &'a Core<S>, item: S::Item, place: &'static Location<'static>) -> Self {
        let (action, wait) = (Action::new(place), Wait::new(&core.list, place));
        Put { item: Some(item), had_a_chance: false, action, wait }
    }
}

impl<'a, S: Store> Join<'a, S> {
    pub(super) fn new(core: &'a Core<S>, place: &'static Location<'static>) -> Self {
        Join { wait: Wait::new(&core.list, place) }
    }
}

impl<S: Store> Future for Get<'_, S> {
    type Output = Result<S::Item, QueueShutDown>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let shared = this.wait.list().rules();
        ready!(shared.gets.poll_available(context));
        let mut got = None;
        // Twice at most: to find that there is a chance, and to use it.
        loop {
            let had_a_chance = *this.had_a_chance;
            let poll = this.wait.as_mut().poll(context, |section| match core::get(section) {
                Ok(item) => {
                    got = Some(Ok(item));
                    Decision::Done(GETTERS)
                }
                Err(TryGetError::ShutDown) => {
                    got = Some(Err(QueueShutDown));
                    Decision::Done(GETTERS)
                }
                Err(TryGetError::Empty) => wait_in(GETTERS, had_a_chance),
            });
            ready!(poll);
            if let Some(got) = got {
                shared.gets.spend();
                return Poll::Ready(got);
            }
            *this.had_a_chance = true;
        }
    }
}

impl<S: Store> Future for Put<'_, S> {
    type Output = Result<(), PutError<S::Item>>;

    /// # Panics
    /// If it is polled again after it was ready: the item is gone.
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let shared = this.wait.list().rules();
        this.action.begun();
        assert!(this.item.is_some(), "`put` polled after it was ready; make a new one per item");
        ready!(shared.puts.poll_available(context));
        let mut put = None;
        // Twice at most, as for `Get`.
        loop {
            let (item, had_a_chance) = (&mut *this.item, *this.had_a_chance);
            let poll = this.wait.as_mut().poll(context, |section| match core::put(section, item) {
                Some(refused) => match refused {
                    core::Refused::Full => wait_in(PUTTERS, had_a_chance),
                    core::Refused::ShutDown => {
                        put = Some(false);
                        Decision::Done(PUTTERS)
                    }
                },
                None => {
                    put = Some(true);
                    Decision::Done(PUTTERS)
                }
            });
            ready!(poll);
            if let Some(put) = put {
                shared.puts.spend();
                return Poll::Ready(match this.item.take() {
                    Some(item) if !put => Err(PutError(item)),
                    _ => Ok(()),
                });
            }
            *this.had_a_chance = true;
        }
    }
}

impl<S: Store> Future for Join<'_, S> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let poll = self.project().wait.poll(context, |section| match core::all_done(section) {
            true => Decision::Done(JOINERS),
            false => wait_in(JOINERS, false),
        });
        poll.map(|_| ())
    }
}

// Without the items.
macro_rules! debug {
    ($($name:ident)+) => {$(
        impl<S: Store> fmt::Debug for $name<'_, S> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($name)).field(&self.wait).finish()
            }
        }
    )+};
}

debug!(Get Put Join);
