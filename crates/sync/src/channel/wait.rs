//! The futures of a channel: a place to send to, a message, the end.
//!
//! Each tries without the lock first, and counts how often it was ready in one poll of its task.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use corio_trace::action::report_undone;
use corio_trace::deeds;
use pin_project_lite::pin_project;

use super::core::{
    Core, ENDS, LANES, List, RECEIVERS, Refused, SENDERS, Take, Turn, let_others_run,
};
use super::ends::{call_receiver, release_place, send_reserved, try_recv, try_send};
use super::error::{RecvError, SendError, TryRecvError, TrySendError};
use super::ration::Ration;
use crate::wait_list::{Decision, Wait};

type ChannelWait<'a, T> = Wait<'a, Core<T>, LANES>;

/// A decision about a place, under the lock.
fn place<T>(section: &mut super::core::Section<'_, T>) -> Decision<Turn> {
    match Core::place_in(section, true) {
        Turn::Waiting => Decision::Wait { lane: SENDERS, slot: Turn::Waiting },
        turn => Decision::Done(turn),
    }
}

pin_project! {
    /// Sends one value; made by the `send` of a bounded channel.
    #[must_use = "nothing is sent unless the future is polled"]
    pub struct Sending<'a, T> {
        list: &'a List<T>,
        ration: &'a Ration,
        place: &'static Location<'static>,
        value: Option<T>,
        // Made when the first attempt was in vain: most values are sent without.
        #[pin]
        wait: Option<ChannelWait<'a, T>>,
    }

    impl<T> PinnedDrop for Sending<'_, T> {
        fn drop(this: Pin<&mut Self>) {
            // A value that is there still was not sent at the first attempt, after which there is a wait.
            if this.value.is_some() && this.wait.is_none() {
                report_undone::<SendDeed>(this.place);
            }
        }
    }
}

deeds! {
    /// What a [`Sending`] does.
    SendDeed = "Sender::send";
}

impl<T> fmt::Debug for Sending<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sending").field("wait", &self.wait).finish_non_exhaustive()
    }
}

impl<'a, T> Sending<'a, T> {
    #[inline]
    pub(crate) fn new(
        list: &'a List<T>,
        ration: &'a Ration,
        value: T,
        place: &'static Location<'static>,
    ) -> Self {
        Sending { list, ration, place, value: Some(value), wait: None }
    }

    /// The first attempt failed, or none is left of the ration: tries until it is known why, and waits
    /// for a place.
    #[inline(never)]
    fn poll_place(
        mut self: Pin<&mut Self>,
        context: &Context<'_>,
    ) -> Poll<Result<(), SendError<T>>> {
        // Before anything is claimed, for which there would be no value.
        assert!(self.value.is_some(), "{VALUE}");
        let mut this = self.as_mut().project();
        if this.wait.is_none() {
            this.wait.set(Some(Wait::new(this.list, this.place)));
        }
        if self.wait.as_ref().is_some_and(Wait::is_idle) {
            ready!(self.ration.poll_available(context));
            let this = self.as_mut().project();
            match this.list.rules().try_claim() {
                Ok(claim) => {
                    let looked_for = claim.write(this.value.take().expect(VALUE));
                    this.ration.spend();
                    if looked_for {
                        call_receiver(this.list);
                    }
                    return Poll::Ready(Ok(()));
                }
                Err(Refused::Closed) => {
                    return Poll::Ready(Err(SendError(this.value.take().expect(VALUE))));
                }
                Err(Refused::Full | Refused::Guarded) => {}
            }
        }
        let mut this = self.project();
        let list = *this.list;
        if list.rules().bound().is_none() {
            let value = this.value.take().expect(VALUE);
            let sent = try_send(list, value);
            return Poll::Ready(sent.map_err(|refused| SendError(refused.into_inner())));
        }
        let wait = this.wait.as_mut().as_pin_mut().expect("made above");
        let turn = ready!(wait.poll(context, place));
        let value = this.value.take().expect(VALUE);
        if turn != Turn::Place {
            return Poll::Ready(Err(SendError(value)));
        }
        send_reserved(list, value);
        Poll::Ready(Ok(()))
    }
}

/// What a finished future has no more.
const VALUE: &str = "a future that has sent is not polled again";

impl<T> Future for Sending<'_, T> {
    type Output = Result<(), SendError<T>>;

    // Always: a call costs a tenth of a send, and the value goes by memory.
    #[inline(always)]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let left = self.ration.left();
        let this = self.as_mut().project();
        if this.wait.is_none()
            && left > 0
            && let Some(looked_for) = this.list.rules().send_at_once(this.value)
        {
            this.ration.spend_of(left);
            if looked_for {
                call_receiver(this.list);
            }
            return Poll::Ready(Ok(()));
        }
        self.poll_place(context)
    }
}

pin_project! {
    /// Waits for a place; made by the `reserve` of a bounded channel.
    #[must_use = "nothing is reserved unless the future is polled"]
    pub struct Reserving<'a, T> {
        ration: &'a Ration,
        #[pin]
        wait: ChannelWait<'a, T>,
    }
}

impl<T> fmt::Debug for Reserving<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reserving").field("wait", &self.wait).finish_non_exhaustive()
    }
}

impl<'a, T> Reserving<'a, T> {
    pub(crate) fn new(
        list: &'a List<T>,
        ration: &'a Ration,
        place: &'static Location<'static>,
    ) -> Self {
        Reserving { ration, wait: Wait::new(list, place) }
    }
}

impl<'a, T> Future for Reserving<'a, T> {
    type Output = Result<Permit<'a, T>, SendError<()>>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let list = this.wait.list();
        if this.wait.is_idle() {
            ready!(this.ration.poll_available(context));
        }
        match ready!(this.wait.poll(context, place)) {
            Turn::Place => {
                this.ration.spend();
                Poll::Ready(Ok(Permit { list }))
            }
            _ => Poll::Ready(Err(SendError(()))),
        }
    }
}

/// A promised place: sending to it neither waits nor fails. Dropped, it gives the place back.
#[must_use = "the place goes back when the permit is dropped"]
pub struct Permit<'a, T> {
    list: &'a List<T>,
}

impl<T> fmt::Debug for Permit<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Permit")
    }
}

impl<'a, T> Permit<'a, T> {
    /// Takes a place at once, if there is one.
    pub(crate) fn try_new(list: &'a List<T>) -> Result<Self, TrySendError<()>> {
        let turn = Core::place_in(&mut list.lock(), false);
        match turn {
            Turn::Place => Ok(Permit { list }),
            Turn::Closed => Err(TrySendError::Closed(())),
            Turn::Waiting | Turn::Look => Err(TrySendError::Full(())),
        }
    }

    /// The place stays promised; [`Permit::kept`] finds it again.
    pub(crate) fn keep(self) {
        std::mem::forget(self);
    }

    /// The permit of a place that was kept, once.
    pub(crate) fn kept(list: &'a List<T>) -> Self {
        Permit { list }
    }

    /// Sends `value` to the place. If all receivers have gone meanwhile, the value is dropped.
    pub fn send(self, value: T) {
        let list = self.list;
        std::mem::forget(self);
        send_reserved(list, value);
    }
}

impl<T> Drop for Permit<'_, T> {
    fn drop(&mut self) {
        release_place(self.list);
    }
}

pin_project! {
    /// Takes one message; made by the `recv` of a many-to-many channel.
    #[must_use = "nothing is received unless the future is polled"]
    pub struct Receiving<'a, T> {
        list: &'a List<T>,
        ration: &'a Ration,
        place: &'static Location<'static>,
        // Made when there is something to wait for.
        #[pin]
        wait: Option<ChannelWait<'a, T>>,
    }
}

impl<T> fmt::Debug for Receiving<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiving").field("wait", &self.wait).finish_non_exhaustive()
    }
}

impl<'a, T> Receiving<'a, T> {
    #[inline]
    pub(crate) fn new(
        list: &'a List<T>,
        ration: &'a Ration,
        place: &'static Location<'static>,
    ) -> Self {
        Receiving { list, ration, place, wait: None }
    }

    /// The first attempt failed, or none is left of the ration.
    #[inline(never)]
    fn poll_slowly(self: Pin<&mut Self>, context: &Context<'_>) -> Poll<Result<T, RecvError>> {
        if self.wait.is_none() {
            ready!(self.ration.poll_available(context));
            match try_recv(self.list) {
                Ok(value) => {
                    self.ration.spend();
                    return Poll::Ready(Ok(value));
                }
                Err(TryRecvError::Disconnected) => return Poll::Ready(Err(RecvError)),
                Err(TryRecvError::Empty) => {}
            }
        }
        self.poll_wait(context)
    }

    /// Nothing was there: waits to be told to look, and looks.
    fn poll_wait(self: Pin<&mut Self>, context: &Context<'_>) -> Poll<Result<T, RecvError>> {
        let mut this = self.project();
        let list = *this.list;
        if this.wait.is_none() {
            this.wait.set(Some(Wait::new(list, this.place)));
        }
        let mut wait = this.wait.as_mut().as_pin_mut().expect("made above");
        // One that was told to look, and finds that another was faster, keeps its turn.
        let mut was_called = !wait.is_idle();
        loop {
            let mut found = Take::Guarded;
            let poll = wait.as_mut().poll(context, |section| {
                found = Core::take_in(section);
                let waits = matches!(found, Take::Empty) && Core::mark_receiver(section);
                match (waits, was_called) {
                    (false, _) => Decision::Done(Turn::Look),
                    (true, false) => Decision::Wait { lane: RECEIVERS, slot: Turn::Waiting },
                    (true, true) => Decision::WaitFirst { lane: RECEIVERS, slot: Turn::Waiting },
                }
            });
            ready!(poll);
            let looked = match found {
                Take::Got(value) => Ok(value),
                Take::Closed => Err(TryRecvError::Disconnected),
                // Told to look.
                Take::Guarded => try_recv(list),
                Take::Busy | Take::Empty => {
                    let_others_run();
                    continue;
                }
            };
            match looked {
                Err(TryRecvError::Empty) => was_called = true,
                Err(TryRecvError::Disconnected) => break this.wait.set(None),
                Ok(value) => {
                    this.wait.set(None);
                    return Poll::Ready(Ok(value));
                }
            }
        }
        Poll::Ready(Err(RecvError))
    }
}

impl<T> Future for Receiving<'_, T> {
    type Output = Result<T, RecvError>;

    // Always: as in `Sending`.
    #[inline(always)]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let left = self.ration.left();
        if self.wait.is_none()
            && left > 0
            && let Some(value) = self.list.rules().take_at_once()
        {
            self.ration.spend_of(left);
            return Poll::Ready(Ok(value));
        }
        self.poll_slowly(context)
    }
}

pin_project! {
    /// Waits until nobody can send any more; made by `closed`.
    #[must_use = "nothing is waited for unless the future is polled"]
    pub struct Closing<'a, T> {
        #[pin]
        wait: ChannelWait<'a, T>,
    }
}

impl<T> fmt::Debug for Closing<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Closing").field("wait", &self.wait).finish_non_exhaustive()
    }
}

impl<'a, T> Closing<'a, T> {
    pub(crate) fn new(list: &'a List<T>, place: &'static Location<'static>) -> Self {
        Closing { wait: Wait::new(list, place) }
    }
}

impl<T> Future for Closing<'_, T> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let wait = self.project().wait;
        wait.poll(context, |section| match section.rules().words.tail().is_closed() {
            true => Decision::Done(Turn::Closed),
            false => Decision::Wait { lane: ENDS, slot: Turn::Waiting },
        })
        .map(drop)
    }
}
