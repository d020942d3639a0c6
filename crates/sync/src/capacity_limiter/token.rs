//! Tokens of a limiter, which return when they are dropped.

use std::mem;
use std::sync::Arc;

use super::{Borrower, CapacityLimiter, ledger};

/// One loan.
#[derive(Clone, Copy, Debug)]
pub(super) struct Loan {
    borrower: Borrower,
    number: u64,
}

impl Loan {
    fn give_back(self, limiter: &CapacityLimiter) {
        // Refused after a release by hand; then it is not this token's to give.
        let _ = ledger::release(&limiter.list, self.borrower, Some(self.number));
    }
}

/// A token of a borrowed [`CapacityLimiter`].
#[derive(Debug)]
#[must_use = "a token returns as soon as it is dropped"]
pub struct CapacityToken<'a> {
    limiter: &'a CapacityLimiter,
    loan: Loan,
}

impl<'a> CapacityToken<'a> {
    pub(super) fn new(limiter: &'a CapacityLimiter, borrower: Borrower, number: u64) -> Self {
        CapacityToken { limiter, loan: Loan { borrower, number } }
    }

    /// Who borrowed it.
    #[must_use]
    pub fn borrower(&self) -> Borrower {
        self.loan.borrower
    }

    /// Lets go of it without giving it back;
    /// [`CapacityLimiter::release_on_behalf_of`] does that later.
    pub fn forget(self) {
        mem::forget(self);
    }

    /// Lets go of it, for another token to take over.
    pub(super) fn keep_lent(self) -> Loan {
        mem::ManuallyDrop::new(self).loan
    }
}

impl Drop for CapacityToken<'_> {
    fn drop(&mut self) {
        self.loan.give_back(self.limiter);
    }
}

/// A token of a [`CapacityLimiter`] in an [`Arc`], for tasks that outlive a borrow.
#[derive(Debug)]
#[must_use = "a token returns as soon as it is dropped"]
pub struct OwnedCapacityToken {
    limiter: Arc<CapacityLimiter>,
    loan: Loan,
}

impl OwnedCapacityToken {
    pub(super) fn new(limiter: Arc<CapacityLimiter>, loan: Loan) -> Self {
        OwnedCapacityToken { limiter, loan }
    }

    /// Who borrowed it.
    #[must_use]
    pub fn borrower(&self) -> Borrower {
        self.loan.borrower
    }
}

impl Drop for OwnedCapacityToken {
    fn drop(&mut self) {
        self.loan.give_back(&self.limiter);
    }
}
