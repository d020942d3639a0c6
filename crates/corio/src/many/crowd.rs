//! Tasks that are waited for together: a list of one type, or a tuple.

use corio_task::{JoinError, JoinHandle};

use super::member::{AnyMember, Member};
use super::mode::TryGatherError;

/// Handles that [`gather`](super::gather()) takes: a vector or an array of one type, or a tuple of up to
/// eight.
#[diagnostic::on_unimplemented(
    message = "handles of tasks are gathered, and this is `{Self}`",
    label = "no `Vec`, array or tuple of `JoinHandle`s",
    note = "spawn the futures first: `gather([corio::spawn(one), corio::spawn(two)])`",
    note = "an iterator of handles is collected into a `Vec`; futures that are to run within this task go to `corio::join!`"
)]
pub trait IntoCrowd {
    /// What they become.
    type Crowd: Crowd;

    /// The members.
    fn into_crowd(self) -> Self::Crowd;
}

/// The members of a gathering.
pub trait Crowd {
    /// What they return, together.
    type Values;
    /// What they return, or why not, one by one.
    type Results;

    /// How many there are.
    fn count(&self) -> usize;
    /// One of them.
    fn member(&mut self, at: usize) -> &mut dyn AnyMember;
    /// Whether one that has ended has no value.
    fn has_failed(&self, at: usize) -> bool;

    /// The values of members that have all ended.
    ///
    /// # Errors
    /// The first in order that has none.
    fn values(&mut self) -> Result<Self::Values, JoinError>;
    /// The results of members that have all ended.
    fn results(&mut self) -> Self::Results;
    /// Why this one has no value.
    fn failure(&mut self, at: usize) -> Option<JoinError>;
}

/// Members that return a `Result`.
#[diagnostic::on_unimplemented(
    message = "not all of these tasks return a `Result` with the same type of error",
    label = "`try_gather` looks for the first `Err`",
    note = "tasks that return anything else are gathered with `gather`"
)]
pub trait TryCrowd: Crowd {
    /// What they return if all succeed.
    type Oks;
    /// What each may fail with.
    type Error;

    /// Whether one that has ended has failed.
    fn has_erred(&self, at: usize) -> bool;
    /// The values of members that have all ended.
    ///
    /// # Errors
    /// The first in order that has none.
    fn oks(&mut self) -> Result<Self::Oks, TryGatherError<Self::Error>>;
    /// Why this one has failed.
    fn error(&mut self, at: usize) -> Option<TryGatherError<Self::Error>>;
}

fn failure<T>(member: &mut Member<T>) -> Option<JoinError> {
    member.result()?.is_err().then(|| member.take().err())?
}

fn has_erred<T, E>(member: &Member<Result<T, E>>) -> bool {
    !matches!(member.result(), None | Some(Ok(Ok(_))))
}

fn ok<T, E>(member: &mut Member<Result<T, E>>) -> Result<T, TryGatherError<E>> {
    match member.take() {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(TryGatherError::Failed(error)),
        Err(error) => Err(TryGatherError::NoResult(error)),
    }
}

fn error<T, E>(member: &mut Member<Result<T, E>>) -> Option<TryGatherError<E>> {
    has_erred(member).then(|| ok(member).err())?
}

impl<T> IntoCrowd for Vec<JoinHandle<T>> {
    type Crowd = Vec<Member<T>>;

    fn into_crowd(self) -> Self::Crowd {
        self.into_iter().map(Member::new).collect()
    }
}

impl<T, const N: usize> IntoCrowd for [JoinHandle<T>; N] {
    type Crowd = Vec<Member<T>>;

    fn into_crowd(self) -> Self::Crowd {
        self.into_iter().map(Member::new).collect()
    }
}

impl<T> Crowd for Vec<Member<T>> {
    type Values = Vec<T>;
    type Results = Vec<Result<T, JoinError>>;

    fn count(&self) -> usize {
        self.len()
    }

    fn member(&mut self, at: usize) -> &mut dyn AnyMember {
        &mut self[at]
    }

    fn has_failed(&self, at: usize) -> bool {
        self[at].result().is_some_and(Result::is_err)
    }

    fn values(&mut self) -> Result<Self::Values, JoinError> {
        self.iter_mut().map(Member::take).collect()
    }

    fn results(&mut self) -> Self::Results {
        self.iter_mut().map(Member::take).collect()
    }

    fn failure(&mut self, at: usize) -> Option<JoinError> {
        failure(&mut self[at])
    }
}

impl<T, E> TryCrowd for Vec<Member<Result<T, E>>> {
    type Oks = Vec<T>;
    type Error = E;

    fn has_erred(&self, at: usize) -> bool {
        has_erred(&self[at])
    }

    fn oks(&mut self) -> Result<Self::Oks, TryGatherError<E>> {
        self.iter_mut().map(ok).collect()
    }

    fn error(&mut self, at: usize) -> Option<TryGatherError<E>> {
        error(&mut self[at])
    }
}

/// One tuple length.
macro_rules! tuple {
    ($count:literal: $($T:ident $at:tt),+) => {
        impl<$($T),+> IntoCrowd for ($(JoinHandle<$T>,)+) {
            type Crowd = ($(Member<$T>,)+);

            fn into_crowd(self) -> Self::Crowd {
                ($(Member::new(self.$at),)+)
            }
        }

        impl<$($T),+> Crowd for ($(Member<$T>,)+) {
            type Values = ($($T,)+);
            type Results = ($(Result<$T, JoinError>,)+);

            fn count(&self) -> usize {
                $count
            }

            fn member(&mut self, at: usize) -> &mut dyn AnyMember {
                match at {
                    $($at => &mut self.$at,)+
                    _ => unreachable!("members are numbered below `count`"),
                }
            }

            fn has_failed(&self, at: usize) -> bool {
                match at {
                    $($at => self.$at.result().is_some_and(Result::is_err),)+
                    _ => unreachable!("members are numbered below `count`"),
                }
            }

            fn values(&mut self) -> Result<Self::Values, JoinError> {
                Ok(($(self.$at.take()?,)+))
            }

            fn results(&mut self) -> Self::Results {
                ($(self.$at.take(),)+)
            }

            fn failure(&mut self, at: usize) -> Option<JoinError> {
                match at {
                    $($at => failure(&mut self.$at),)+
                    _ => unreachable!("members are numbered below `count`"),
                }
            }
        }

        impl<$($T),+, Err> TryCrowd for ($(Member<Result<$T, Err>>,)+) {
            type Oks = ($($T,)+);
            type Error = Err;

            fn has_erred(&self, at: usize) -> bool {
                match at {
                    $($at => has_erred(&self.$at),)+
                    _ => unreachable!("members are numbered below `count`"),
                }
            }

            fn oks(&mut self) -> Result<Self::Oks, TryGatherError<Err>> {
                Ok(($(ok(&mut self.$at)?,)+))
            }

            fn error(&mut self, at: usize) -> Option<TryGatherError<Err>> {
                match at {
                    $($at => error(&mut self.$at),)+
                    _ => unreachable!("members are numbered below `count`"),
                }
            }
        }
    };
}

tuple!(1: A 0);
tuple!(2: A 0, B 1);
tuple!(3: A 0, B 1, C 2);
tuple!(4: A 0, B 1, C 2, D 3);
tuple!(5: A 0, B 1, C 2, D 3, E 4);
tuple!(6: A 0, B 1, C 2, D 3, E 4, F 5);
tuple!(7: A 0, B 1, C 2, D 3, E 4, F 5, G 6);
tuple!(8: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
