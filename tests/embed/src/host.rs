//! The foreign runtimes, behind the two things that a test asks of one.
//!
//! None of them has a timer or a reactor: tokio is built without its drivers, and nothing here uses
//! async-io's. So whatever waits in a test is driven by corio's fallback thread, or not at all.

use std::pin::Pin;

use futures::FutureExt;

/// A task of a host, to be awaited.
pub type Spawned<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A runtime of somebody else's.
pub trait Host {
    /// Runs `future` inside a runtime made for it.
    fn block_on<F: Future>(future: F) -> F::Output;

    /// Begins a task of the runtime that runs the caller.
    ///
    /// # Panics
    /// Outside of [`Host::block_on`]. The handle panics if the task has.
    fn spawn<F>(future: F) -> Spawned<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static;
}

/// Tokio on the calling thread.
#[derive(Debug)]
pub struct TokioCurrent;

impl Host for TokioCurrent {
    fn block_on<F: Future>(future: F) -> F::Output {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        runtime.expect("tokio starts").block_on(future)
    }

    fn spawn<F>(future: F) -> Spawned<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        Box::pin(tokio::spawn(future).map(|result| result.expect("the task returns")))
    }
}

/// Tokio on three threads that steal from each other; the calling one is not among them.
#[derive(Debug)]
pub struct TokioMulti;

impl Host for TokioMulti {
    fn block_on<F: Future>(future: F) -> F::Output {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(3).build();
        runtime.expect("tokio starts").block_on(future)
    }

    fn spawn<F>(future: F) -> Spawned<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        TokioCurrent::spawn(future)
    }
}

/// Smol: its tasks run on the thread of its global executor.
#[derive(Debug)]
pub struct Smol;

impl Host for Smol {
    fn block_on<F: Future>(future: F) -> F::Output {
        smol::block_on(future)
    }

    fn spawn<F>(future: F) -> Spawned<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        Box::pin(smol::spawn(future))
    }
}
