//! A function that blocks its thread, as the future of a free task.
//!
//! It is ready at its first poll, which runs it; so a job has no wakers, and whatever it waits for it
//! waits for by blocking. Made by [`Spawn::job`](crate::Spawn::job), for homes that are pools of threads.
//! To the function no task is current: what it drives by blocking is not the job's, and must not wait
//! for polls that never come.

use std::pin::Pin;
use std::task::{Context, Poll};

use corio_base::current;

use crate::context::place;
use crate::task::current_raw;

pub(crate) struct Job<F>(Option<F>);

impl<F> Job<F> {
    pub(crate) fn new(function: F) -> Self {
        Job(Some(function))
    }
}

// The function is moved out before it is called.
impl<F> Unpin for Job<F> {}

impl<F: FnOnce() -> T, T> Future for Job<F> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<T> {
        let (Some(function), Some(task)) = (self.0.take(), current_raw()) else {
            unreachable!("a job is a task, and ready at its first poll");
        };
        Poll::Ready(current::outside(|| place::within_call(task, function)))
    }
}
