//! The book of a limiter: who has a token, who waits for one, how many there are.
//!
//! All of it is under the list's lock: who borrows has to be looked up in any case, so no word of
//! its own would spare the lock.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use corio_trace::WaitKind;
use corio_trace::book::Held;

use super::{AlreadyBorrowing, Borrower, NotBorrowing};
use crate::wait_list::{Decision, Rules, Section, WaitList};

/// The only lane.
const QUEUE: usize = 0;

/// How one that is in the book stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Waiting,
    /// The loan's number tells it from an earlier one of the same borrower.
    Holding(u64),
}

/// What the lock guards.
#[derive(Debug)]
pub(super) struct Ledger {
    pub(super) total: usize,
    pub(super) borrowed: usize,
    loans: u64,
    book: BTreeMap<Borrower, Standing>,
    /// What debug mode knows of those who have a token.
    notes: BTreeMap<Borrower, Held>,
}

impl Ledger {
    pub(super) const fn new(total: usize) -> Self {
        Ledger { total, borrowed: 0, loans: 0, book: BTreeMap::new(), notes: BTreeMap::new() }
    }

    pub(super) fn holders(&self) -> Vec<Borrower> {
        let holds = |(borrower, standing): (&Borrower, &Standing)| {
            matches!(standing, Standing::Holding(_)).then_some(*borrower)
        };
        self.book.iter().filter_map(holds).collect()
    }

    fn lend(&mut self, borrower: Borrower) -> u64 {
        self.loans += 1;
        self.borrowed += 1;
        self.book.insert(borrower, Standing::Holding(self.loans));
        self.loans
    }

    /// Keeps `held` until the token of `borrower` is back.
    pub(super) fn note(&mut self, borrower: Borrower, held: Held) {
        if let Some(Standing::Holding(_)) = self.book.get(&borrower) {
            self.notes.insert(borrower, held);
        }
    }

    /// Takes back the token of `borrower`: the given loan, or whichever it has.
    fn take_back(&mut self, borrower: Borrower, loan: Option<u64>) -> Result<(), NotBorrowing> {
        if let Entry::Occupied(entry) = self.book.entry(borrower)
            && let Standing::Holding(held) = *entry.get()
            && loan.is_none_or(|loan| loan == held)
        {
            entry.remove();
            self.notes.remove(&borrower);
            self.borrowed -= 1;
            return Ok(());
        }
        Err(NotBorrowing { borrower })
    }
}

/// What came of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// Nothing yet.
    Waiting,
    /// A token: the loan's number.
    Loan(u64),
    /// Asked twice.
    Refused,
}

/// What a waiter wants, and what it has got.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request {
    pub(super) borrower: Borrower,
    pub(super) reply: Reply,
}

#[derive(Debug)]
pub(super) struct Limits;

impl Rules for Limits {
    type Data = Ledger;
    type Slot = Request;

    fn kind(&self) -> WaitKind {
        WaitKind::Semaphore
    }

    fn left(section: &mut Section<'_, Self>, request: &mut Request) {
        section.data().book.remove(&request.borrower);
    }

    fn pass_on(list: &WaitList<Self>, request: Request) {
        if let Reply::Loan(loan) = request.reply {
            // In vain only if it was released by hand meanwhile.
            let _ = release(list, request.borrower, Some(loan));
        }
    }
}

/// Lends what is there to those who wait.
pub(super) fn hand_out(section: &mut Section<'_, Limits>) {
    while section.data().borrowed < section.data().total {
        let Some(borrower) = section.with_first(QUEUE, |request| request.borrower) else { return };
        let loan = section.data().lend(borrower);
        section.grant_first(QUEUE, |request| request.reply = Reply::Loan(loan));
    }
}

pub(super) fn release(
    list: &WaitList<Limits>,
    borrower: Borrower,
    loan: Option<u64>,
) -> Result<(), NotBorrowing> {
    let mut section = list.lock();
    section.data().take_back(borrower, loan)?;
    hand_out(&mut section);
    Ok(())
}

/// Lends a token if one is there; otherwise `None`.
pub(super) fn try_lend(
    section: &mut Section<'_, Limits>,
    borrower: Borrower,
) -> Result<Option<u64>, AlreadyBorrowing> {
    // Who waits is lent what comes back, so nobody can be passed here.
    let ledger = section.data();
    if ledger.book.contains_key(&borrower) {
        return Err(AlreadyBorrowing { borrower });
    }
    Ok((ledger.borrowed < ledger.total).then(|| ledger.lend(borrower)))
}

/// The look of a request under the lock.
pub(super) fn decide(section: &mut Section<'_, Limits>, borrower: Borrower) -> Decision<Request> {
    let reply = match try_lend(section, borrower) {
        Ok(Some(loan)) => Reply::Loan(loan),
        Err(AlreadyBorrowing { .. }) => Reply::Refused,
        Ok(None) => {
            section.data().book.insert(borrower, Standing::Waiting);
            let slot = Request { borrower, reply: Reply::Waiting };
            return Decision::Wait { lane: QUEUE, slot };
        }
    };
    Decision::Done(Request { borrower, reply })
}

pub(super) fn waiting(section: &Section<'_, Limits>) -> usize {
    section.len(QUEUE)
}
