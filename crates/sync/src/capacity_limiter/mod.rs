//! A limiter: tokens that are lent, one to each borrower, and whose number can change.

mod borrower;
mod error;
mod ledger;
mod token;

use std::fmt;
use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use corio_trace::WaitKind;
use corio_trace::book::Held;
use pin_project_lite::pin_project;

use crate::wait_list::{Wait, WaitList};
use ledger::{Ledger, Limits, Reply};

pub use borrower::Borrower;
pub use error::{AlreadyBorrowing, NotBorrowing, TryBorrowError};
pub use token::{CapacityToken, OwnedCapacityToken};

/// Tokens that are lent, first come, first served: how many things may happen at once.
///
/// Unlike a [`Semaphore`](crate::Semaphore) it knows who has a token, so a borrower that asks for a
/// second one gets an error and not a deadlock, and the number of tokens can be set at any time.
///
/// ```
/// use corio_sync::{Borrower, CapacityLimiter};
///
/// # corio_base::park::block_on(async {
/// let downloads = CapacityLimiter::new(2);
/// let me = Borrower::new();
/// let token = downloads.acquire_on_behalf_of(me).await?;
/// assert!(downloads.acquire_on_behalf_of(me).await.is_err());
///
/// downloads.set_total_tokens(1);
/// assert_eq!((downloads.borrowed_tokens(), downloads.available_tokens()), (1, 0));
/// drop(token);
/// # Ok::<(), corio_sync::AlreadyBorrowing>(())
/// # }).unwrap();
/// ```
pub struct CapacityLimiter {
    list: WaitList<Limits>,
}

/// What a limiter can tell of itself, at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CapacityStatistics {
    /// How many tokens are lent.
    pub borrowed_tokens: usize,
    /// How many tokens there are.
    pub total_tokens: usize,
    /// Who has one.
    pub borrowers: Vec<Borrower>,
    /// How many tasks wait for one.
    pub tasks_waiting: usize,
}

#[cfg(not(loom))]
impl CapacityLimiter {
    /// With `total` tokens; 0 is allowed: then everybody waits for
    /// [`CapacityLimiter::set_total_tokens`].
    #[must_use]
    pub const fn new(total: usize) -> Self {
        CapacityLimiter { list: WaitList::new(Limits, Ledger::new(total)) }
    }
}

#[cfg(loom)]
impl CapacityLimiter {
    /// With `total` tokens.
    #[must_use]
    pub fn new(total: usize) -> Self {
        CapacityLimiter { list: WaitList::new(Limits, Ledger::new(total)) }
    }
}

impl CapacityLimiter {
    /// How many tokens there are.
    #[must_use]
    pub fn total_tokens(&self) -> usize {
        self.list.lock().data().total
    }

    /// Sets how many tokens there are. More are lent at once to those who wait; with fewer, those
    /// that are out stay good, and nothing is lent until enough of them have returned.
    pub fn set_total_tokens(&self, total: usize) {
        let mut section = self.list.lock();
        section.data().total = total;
        ledger::hand_out(&mut section);
    }

    /// How many tokens are lent.
    #[must_use]
    pub fn borrowed_tokens(&self) -> usize {
        self.list.lock().data().borrowed
    }

    /// How many tokens could be lent now.
    #[must_use]
    pub fn available_tokens(&self) -> usize {
        let mut section = self.list.lock();
        let ledger = section.data();
        ledger.total.saturating_sub(ledger.borrowed)
    }

    /// All figures of one moment.
    #[must_use]
    pub fn statistics(&self) -> CapacityStatistics {
        let mut section = self.list.lock();
        let tasks_waiting = ledger::waiting(&section);
        let ledger = section.data();
        CapacityStatistics {
            borrowed_tokens: ledger.borrowed,
            total_tokens: ledger.total,
            borrowers: ledger.holders(),
            tasks_waiting,
        }
    }

    /// Borrows a token for whoever holds the result; waits until there is one.
    ///
    /// It borrows for a [unique borrower](Borrower::new), so nobody is told who acquires twice and
    /// may wait for itself; [`CapacityLimiter::acquire_on_behalf_of`] with a task's id is.
    ///
    /// # Cancel safety
    /// As for [`CapacityLimiter::acquire_on_behalf_of`].
    #[track_caller]
    pub fn acquire(&self) -> impl Future<Output = CapacityToken<'_>> + Send + Sync {
        let acquire = self.acquire_on_behalf_of(Borrower::new());
        async move { acquire.await.expect("a new borrower borrows nothing yet") }
    }

    /// Borrows a token for `borrower`; waits until there is one.
    ///
    /// # Errors
    /// [`AlreadyBorrowing`] if `borrower` has a token or waits for one.
    ///
    /// # Cancel safety
    /// Dropped, it has borrowed nothing; a token that was on its way goes to the next. It loses its
    /// place in the queue.
    #[track_caller]
    pub fn acquire_on_behalf_of(&self, borrower: Borrower) -> CapacityAcquire<'_> {
        self.acquire_at(borrower, Location::caller())
    }

    fn acquire_at(
        &self,
        borrower: Borrower,
        place: &'static Location<'static>,
    ) -> CapacityAcquire<'_> {
        CapacityAcquire { limiter: self, borrower, wait: Wait::new(&self.list, place) }
    }

    /// [`CapacityLimiter::acquire_on_behalf_of`] with a token that keeps the limiter alive.
    ///
    /// # Errors
    /// As for [`CapacityLimiter::acquire_on_behalf_of`].
    ///
    /// # Cancel safety
    /// As for [`CapacityLimiter::acquire_on_behalf_of`].
    #[track_caller]
    pub fn acquire_on_behalf_of_owned(
        self: Arc<Self>,
        borrower: Borrower,
    ) -> impl Future<Output = Result<OwnedCapacityToken, AlreadyBorrowing>> + Send + Sync {
        let place = Location::caller();
        async move {
            let loan = self.acquire_at(borrower, place).await?.keep_lent();
            self.note(borrower, place, true);
            Ok(OwnedCapacityToken::new(self, loan))
        }
    }

    /// Notes in debug mode that the task that is polled has the token of `borrower`.
    fn note(&self, borrower: Borrower, place: &'static Location<'static>, movable: bool) {
        if !corio_trace::enabled() {
            return;
        }
        let object = std::ptr::from_ref(&self.list).addr();
        let held = match movable {
            true => Held::take_movable(WaitKind::Semaphore, object, place),
            false => Held::take(WaitKind::Semaphore, object, place),
        };
        self.list.lock().data().note(borrower, held);
    }

    /// Borrows a token for `borrower`, if there is one.
    ///
    /// # Errors
    /// [`TryBorrowError`], which says whether waiting would help.
    #[track_caller]
    pub fn try_acquire_on_behalf_of(
        &self,
        borrower: Borrower,
    ) -> Result<CapacityToken<'_>, TryBorrowError> {
        let mut section = self.list.lock();
        match ledger::try_lend(&mut section, borrower) {
            Ok(Some(loan)) => {
                drop(section);
                self.note(borrower, Location::caller(), false);
                Ok(CapacityToken::new(self, borrower, loan))
            }
            Ok(None) => {
                let Ledger { total, borrowed, .. } = *section.data();
                Err(TryBorrowError::NoTokens { total, borrowed })
            }
            Err(error) => Err(TryBorrowError::AlreadyBorrowing(error)),
        }
    }

    /// Takes the token of `borrower` back, also while its [`CapacityToken`] lives; that is worth
    /// nothing then.
    ///
    /// # Errors
    /// [`NotBorrowing`] if it has none.
    pub fn release_on_behalf_of(&self, borrower: Borrower) -> Result<(), NotBorrowing> {
        ledger::release(&self.list, borrower, None)
    }
}

impl fmt::Debug for CapacityLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CapacityStatistics { borrowed_tokens, total_tokens, tasks_waiting, .. } =
            self.statistics();
        write!(
            f,
            "CapacityLimiter [borrowed:{borrowed_tokens}/{total_tokens}, waiters:{tasks_waiting}]"
        )
    }
}

pin_project! {
    /// Waits for a token; made by [`CapacityLimiter::acquire_on_behalf_of`].
    #[derive(Debug)]
    #[must_use = "nothing is borrowed unless the future is polled"]
    pub struct CapacityAcquire<'a> {
        limiter: &'a CapacityLimiter,
        borrower: Borrower,
        #[pin]
        wait: Wait<'a, Limits>,
    }
}

impl<'a> Future for CapacityAcquire<'a> {
    type Output = Result<CapacityToken<'a>, AlreadyBorrowing>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let borrower = *this.borrower;
        let poll = this.wait.as_mut().poll(context, |section| ledger::decide(section, borrower));
        poll.map(|request| match request.reply {
            Reply::Loan(loan) => {
                this.limiter.note(borrower, this.wait.place(), false);
                Ok(CapacityToken::new(this.limiter, borrower, loan))
            }
            Reply::Refused | Reply::Waiting => Err(AlreadyBorrowing { borrower }),
        })
    }
}
