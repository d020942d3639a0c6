//! Bodies that return a value, and those that may return an error instead.

/// How an output is told apart: as a value, or as an error for the group.
pub trait Sort<O, E> {
    /// What a scope gives.
    type Ok;
    /// What a child's handle gives.
    type Value;

    /// A scope's output.
    ///
    /// # Errors
    /// What it failed with.
    fn result(output: O) -> Result<Self::Ok, E>;

    /// A child's output: the handle's part, and the group's.
    fn part(output: O) -> (Self::Value, Option<E>);
}

/// Any output is a value.
#[derive(Debug)]
pub struct Plain;

impl<T, E> Sort<T, E> for Plain {
    type Ok = T;
    type Value = T;

    #[inline]
    fn result(output: T) -> Result<T, E> {
        Ok(output)
    }

    #[inline]
    fn part(output: T) -> (T, Option<E>) {
        (output, None)
    }
}

/// An `Err` is the group's; the child's handle then has `None`.
#[derive(Debug)]
pub struct Fallible;

impl<T, E> Sort<Result<T, E>, E> for Fallible {
    type Ok = T;
    type Value = Option<T>;

    #[inline]
    fn result(output: Result<T, E>) -> Result<T, E> {
        output
    }

    #[inline]
    fn part(output: Result<T, E>) -> (Option<T>, Option<E>) {
        match output {
            Ok(value) => (Some(value), None),
            Err(error) => (None, Some(error)),
        }
    }
}
