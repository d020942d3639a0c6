//! Why a token was not lent, or not taken back.

use std::error::Error;
use std::fmt;

use super::Borrower;

/// The borrower has a token already, or waits for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AlreadyBorrowing {
    /// Who asked twice.
    pub borrower: Borrower,
}

impl fmt::Display for AlreadyBorrowing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let borrower = self.borrower;
        write!(
            f,
            "{borrower:?} holds one of this limiter's tokens or waits for one; release that first, \
             or ask on behalf of another borrower"
        )
    }
}

impl Error for AlreadyBorrowing {}

/// Why no token was lent at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryBorrowError {
    /// The borrower has a token already, or waits for one.
    AlreadyBorrowing(AlreadyBorrowing),
    /// All tokens are lent.
    NoTokens {
        /// How many there are.
        total: usize,
        /// How many are lent; more than there are, if their number was reduced meanwhile.
        borrowed: usize,
    },
}

impl fmt::Display for TryBorrowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TryBorrowError::AlreadyBorrowing(error) => error.fmt(f),
            TryBorrowError::NoTokens { total, borrowed } => write!(
                f,
                "{borrowed} of {total} tokens are lent; try later, or await `acquire_on_behalf_of`"
            ),
        }
    }
}

impl Error for TryBorrowError {}

/// The borrower has no token to give back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NotBorrowing {
    /// Who was to give one back.
    pub borrower: Borrower,
}

impl fmt::Display for NotBorrowing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let borrower = self.borrower;
        write!(
            f,
            "{borrower:?} holds none of this limiter's tokens; release once for each that was \
             acquired and forgotten"
        )
    }
}

impl Error for NotBorrowing {}
