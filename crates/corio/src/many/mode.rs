//! What a gathering gives: the values, the `Ok` values, or every result.

use std::error::Error;
use std::fmt;

use corio_task::JoinError;

use super::crowd::{Crowd, TryCrowd};

/// What a gathering gives, and what ends it before all have ended.
pub trait Mode<C> {
    /// What it gives.
    type Output;

    /// Whether this member, which has ended, decides the output.
    fn decides(crowd: &C, at: usize) -> bool;
    /// The output that this member decides.
    fn decided(crowd: &mut C, at: usize) -> Option<Self::Output>;
    /// The output when all have ended.
    fn all(crowd: &mut C) -> Self::Output;
}

/// All values, or the first failure to come.
#[derive(Debug)]
pub struct Values;

impl<C: Crowd> Mode<C> for Values {
    type Output = Result<C::Values, JoinError>;

    fn decides(crowd: &C, at: usize) -> bool {
        crowd.has_failed(at)
    }

    fn decided(crowd: &mut C, at: usize) -> Option<Self::Output> {
        crowd.failure(at).map(Err)
    }

    fn all(crowd: &mut C) -> Self::Output {
        crowd.values()
    }
}

/// All `Ok` values, or the first error, panic or cancellation to come.
#[derive(Debug)]
pub struct Tried;

impl<C: TryCrowd> Mode<C> for Tried {
    type Output = Result<C::Oks, TryGatherError<C::Error>>;

    fn decides(crowd: &C, at: usize) -> bool {
        crowd.has_erred(at)
    }

    fn decided(crowd: &mut C, at: usize) -> Option<Self::Output> {
        crowd.error(at).map(Err)
    }

    fn all(crowd: &mut C) -> Self::Output {
        crowd.oks()
    }
}

/// Every result, whatever it is.
#[derive(Debug)]
pub struct Everything;

impl<C: Crowd> Mode<C> for Everything {
    type Output = C::Results;

    fn decides(_: &C, _: usize) -> bool {
        false
    }

    fn decided(_: &mut C, _: usize) -> Option<Self::Output> {
        None
    }

    fn all(crowd: &mut C) -> Self::Output {
        crowd.results()
    }
}

/// Why [`try_gather`](super::try_gather) has no values.
#[derive(Debug)]
pub enum TryGatherError<E> {
    /// A task returned an error.
    Failed(E),
    /// A task panicked or was cancelled.
    NoResult(JoinError),
}

impl<E> TryGatherError<E> {
    /// The error that a task returned, if it is that.
    pub fn into_failure(self) -> Option<E> {
        match self {
            TryGatherError::Failed(error) => Some(error),
            TryGatherError::NoResult(_) => None,
        }
    }
}

impl<E: fmt::Display> fmt::Display for TryGatherError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TryGatherError::Failed(error) => error.fmt(f),
            TryGatherError::NoResult(error) => error.fmt(f),
        }
    }
}

impl<E: Error + 'static> Error for TryGatherError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            TryGatherError::Failed(error) => Some(error),
            TryGatherError::NoResult(error) => Some(error),
        }
    }
}
