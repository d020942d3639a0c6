//! A future, and then its output: what `join!` keeps of each.

use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

pin_project! {
    /// A future that is being joined.
    #[derive(Debug)]
    pub struct MaybeDone<F: Future> {
        #[pin]
        future: Option<F>,
        output: Option<F::Output>,
    }
}

impl<F: Future> MaybeDone<F> {
    /// Not begun.
    pub fn new(future: F) -> Self {
        MaybeDone { future: Some(future), output: None }
    }

    /// Polls it unless it is done. `true`: it is.
    #[inline]
    pub fn poll_done(self: Pin<&mut Self>, context: &mut Context<'_>) -> bool {
        let mut this = self.project();
        let Some(future) = this.future.as_mut().as_pin_mut() else { return true };
        match future.poll(context) {
            Poll::Pending => false,
            Poll::Ready(output) => {
                this.future.set(None);
                *this.output = Some(output);
                true
            }
        }
    }

    /// Its output.
    ///
    /// # Panics
    /// If it is not done, or was taken.
    #[inline]
    pub fn take(self: Pin<&mut Self>) -> F::Output {
        self.project().output.take().expect("`join!` was polled after it had given its outputs")
    }
}

impl<F, T, E> MaybeDone<F>
where
    F: Future<Output = Result<T, E>>,
{
    /// As [`MaybeDone::poll_done`].
    ///
    /// # Errors
    /// Its own.
    #[inline]
    pub fn poll_ok(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Result<bool, E> {
        if !self.as_mut().poll_done(context) {
            return Ok(false);
        }
        let this = self.project();
        match this.output.take() {
            Some(Err(error)) => Err(error),
            output => {
                *this.output = output;
                Ok(true)
            }
        }
    }

    /// Its value.
    ///
    /// # Panics
    /// If it is not done, failed, or was taken.
    #[inline]
    pub fn take_ok(self: Pin<&mut Self>) -> T {
        match self.take() {
            Ok(value) => value,
            Err(_) => unreachable!("an error was given before"),
        }
    }
}
