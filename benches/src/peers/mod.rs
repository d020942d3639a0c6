//! The runtimes that are compared, each behind the one small trait that the workloads use.
//!
//! [`raw`] is not a runtime but a loop per row, written by hand; it stands beside the trait.

mod glommio;
mod monoio;
mod smol;
mod smol_static;
mod tokio;

#[cfg(feature = "corio")]
mod corio;
#[cfg(feature = "corio")]
pub(crate) mod corio_protocol;

pub mod raw;
pub(crate) mod uvloop;

use std::net::SocketAddr;
use std::time::Duration;

#[cfg(feature = "corio")]
pub use self::corio::Corio;
pub use self::glommio::Glommio;
pub use self::monoio::Monoio;
pub use self::smol::Smol;
pub use self::smol_static::SmolStatic;
pub use self::tokio::Tokio;

use crate::row::Row;

/// A single-threaded runtime, as far as the workloads need one.
///
/// Everything but `runtime`, `run` and `block_on` is called on the runtime's thread, from inside it.
pub trait Peer: 'static {
    /// How the command line and the table call it.
    const NAME: &'static str;

    /// The rows that it cannot do; the peer's file says why.
    const CANNOT: &'static [Row] = &[];

    /// The built runtime, or what stands for it.
    type Runtime;
    /// The handle of a task, which gives the task's value.
    type Join<T: 'static>: Future<Output = T> + 'static;
    /// A listening socket.
    type Listener: 'static;
    /// A connection.
    type Stream: 'static;

    /// Builds the runtime that this thread will run.
    fn runtime() -> Self::Runtime;

    /// Runs `future` in a spawned task, and returns when that has finished.
    fn run<F>(runtime: &mut Self::Runtime, future: F) -> F::Output
    where
        F: Future + 'static,
        F::Output: 'static;

    /// The cheapest `block_on` that the runtime offers.
    fn block_on<F: Future>(runtime: &mut Self::Runtime, future: F) -> F::Output;

    /// Spawns a task.
    fn spawn<F>(future: F) -> Self::Join<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static;

    /// Lets a task run on without its handle.
    fn detach<T: 'static>(task: Self::Join<T>);

    /// Lets the other tasks run: the runtime's own way where it has one.
    fn yield_now() -> impl Future<Output = ()> + 'static;

    /// Sleeps on the runtime's timer.
    fn sleep(duration: Duration) -> impl Future<Output = ()> + 'static;

    /// Has a function run on another thread, beginning now.
    fn unblock<T: Send + 'static>(
        function: impl FnOnce() -> T + Send + 'static,
    ) -> impl Future<Output = T> + 'static;

    /// Listens on a free port of the loopback interface.
    fn listen() -> impl Future<Output = (Self::Listener, SocketAddr)> + 'static;

    /// Accepts a connection and switches Nagle's algorithm off.
    fn accept(listener: &Self::Listener) -> impl Future<Output = Self::Stream>;

    /// Sends back what arrives until the other side closes, through a buffer of `bytes` on the heap.
    fn echo(stream: Self::Stream, bytes: usize) -> impl Future<Output = ()> + 'static;
}

/// A yield for runtimes that have none: wakes itself and waits to be polled again.
pub(crate) async fn wake_and_wait() {
    let mut woken = false;
    std::future::poll_fn(|cx| {
        if woken {
            return std::task::Poll::Ready(());
        }
        woken = true;
        cx.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}
