//! The receiving end.

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use corio_base::loom::sync::Arc;
use pin_project_lite::pin_project;

use super::error::{RecvError, TryRecvError};
use super::shared::{ENDS, LANES, RECEIVERS, Shared, Told, Word, value_of};
use crate::blocking::block_on;
use crate::channel::Ration;
use crate::wait_list::{Decision, Wait};

/// Receives every value that is sent while it is there.
pub struct Receiver<T> {
    shared: Arc<Shared<T>>,
    /// The value to be received next.
    position: u64,
    ration: Ration,
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").field("len", &self.len()).finish_non_exhaustive()
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let mut section = self.shared.lock();
        let dropped = section.data().remove_receiver(self.position);
        if section.data().receivers == 0 {
            section.grant_all(ENDS, |told| *told = Told::Closed);
        }
        drop(section);
        drop(dropped);
    }
}

impl<T> Receiver<T> {
    pub(super) fn new(shared: Arc<Shared<T>>, position: u64) -> Self {
        Receiver { shared, position, ration: Ration::default() }
    }

    /// How many values are there to be received.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shared.lock().data().len_from(self.position)
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether nobody sends any more; there may still be values.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.lock().data().senders == 0
    }

    /// Another receiver, of what is sent from now on.
    #[must_use]
    pub fn resubscribe(&self) -> Self {
        let mut section = self.shared.lock();
        section.data().receivers += 1;
        let next = section.data().next();
        drop(section);
        Receiver::new(self.shared.clone(), next)
    }

    /// Whether both receive from the same channel.
    #[must_use]
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }
}

impl<T: Clone> Receiver<T> {
    /// Takes the next value; waits for one.
    ///
    /// # Errors
    /// [`RecvError::Closed`] if nothing is left and nobody sends any more, [`RecvError::Lagged`] if
    /// values were lost because this receiver was too slow.
    ///
    /// # Cancel safety
    /// Dropped before it is ready, it has taken nothing: the next call gives the same value.
    #[track_caller]
    pub fn recv(&mut self) -> Receiving<'_, T> {
        Receiving {
            shared: &self.shared,
            position: &mut self.position,
            ration: &self.ration,
            wait: None,
            place: Location::caller(),
        }
    }

    /// Takes the next value if it is there.
    ///
    /// # Errors
    /// [`TryRecvError`], which says whether waiting would help.
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        let position = self.position;
        let message = self.shared.lock().data().take(&mut self.position)?;
        Ok(value_of(&self.shared, position, message))
    }

    /// [`Receiver::recv`] for a thread outside of any loop: blocks it.
    ///
    /// # Errors
    /// As for [`Receiver::recv`].
    ///
    /// # Panics
    /// In a task of a loop, which must not be blocked.
    #[track_caller]
    pub fn blocking_recv(&mut self) -> Result<T, RecvError> {
        block_on(self.recv(), "recv")
    }
}

pin_project! {
    /// Takes one value; made by [`Receiver::recv`].
    #[must_use = "nothing is received unless the future is polled"]
    pub struct Receiving<'a, T> {
        shared: &'a Shared<T>,
        position: &'a mut u64,
        ration: &'a Ration,
        place: &'static Location<'static>,
        #[pin]
        wait: Option<Wait<'a, Word<T>, LANES>>,
    }
}

impl<T> fmt::Debug for Receiving<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiving").field("wait", &self.wait).finish_non_exhaustive()
    }
}

impl<T: Clone> Future for Receiving<'_, T> {
    type Output = Result<T, RecvError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let shared = *this.shared;
        if this.wait.is_none() {
            ready!(this.ration.poll_available(context));
            this.wait.set(Some(Wait::new(shared, this.place)));
        }
        let at = **this.position;
        let position = &mut **this.position;
        let mut refused = None;
        let wait = this.wait.as_mut().as_pin_mut().expect("made above");
        let told = ready!(wait.poll(context, |section| match section.data().take(position) {
            Ok(message) => Decision::Done(Told::Message(message)),
            Err(TryRecvError::Empty) => Decision::Wait { lane: RECEIVERS, slot: Told::Waiting },
            Err(TryRecvError::Closed) => Decision::Done(Told::Closed),
            Err(TryRecvError::Lagged(lost)) => {
                refused = Some(lost);
                Decision::Done(Told::Waiting)
            }
        }));
        this.wait.set(None);
        this.ration.spend();
        Poll::Ready(match (told, refused) {
            (Told::Message(message), _) => {
                // Taken under the lock, or handed over: then it was the next one to come.
                **this.position = at + 1;
                Ok(value_of(shared, at, message))
            }
            (_, Some(lost)) => Err(RecvError::Lagged(lost)),
            (Told::Closed | Told::Waiting, None) => Err(RecvError::Closed),
        })
    }
}
