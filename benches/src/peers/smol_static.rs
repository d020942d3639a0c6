//! smol with async-executor's leaked `StaticLocalExecutor`, which keeps no list of its tasks.

use std::cell::Cell;
use std::net::SocketAddr;
use std::time::Duration;

use async_executor::{LocalExecutor, StaticLocalExecutor, Task};
use async_net::{TcpListener, TcpStream};
use futures_lite::future;

use super::{Peer, smol};

/// smol's parts, with the executor in its static form.
#[derive(Debug)]
pub struct SmolStatic;

thread_local! {
    static EXECUTOR: Cell<Option<&'static StaticLocalExecutor>> = const { Cell::new(None) };
}

impl Peer for SmolStatic {
    const NAME: &'static str = "smol-static";

    type Runtime = &'static StaticLocalExecutor;
    type Join<T: 'static> = Task<T>;
    type Listener = TcpListener;
    type Stream = TcpStream;

    fn runtime() -> Self::Runtime {
        let executor = LocalExecutor::new().leak();
        EXECUTOR.set(Some(executor));
        executor
    }

    fn run<F>(executor: &mut Self::Runtime, future: F) -> F::Output
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        async_io::block_on(executor.run(executor.spawn(future)))
    }

    fn block_on<F: Future>(_: &mut Self::Runtime, future: F) -> F::Output {
        async_io::block_on(future)
    }

    fn spawn<F>(future: F) -> Task<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        EXECUTOR.get().expect("`runtime` was called on this thread").spawn(future)
    }

    fn detach<T: 'static>(task: Task<T>) {
        task.detach();
    }

    fn yield_now() -> impl Future<Output = ()> + 'static {
        future::yield_now()
    }

    fn sleep(duration: Duration) -> impl Future<Output = ()> + 'static {
        smol::sleep(duration)
    }

    fn unblock<T: Send + 'static>(
        function: impl FnOnce() -> T + Send + 'static,
    ) -> impl Future<Output = T> + 'static {
        blocking::unblock(function)
    }

    fn listen() -> impl Future<Output = (Self::Listener, SocketAddr)> + 'static {
        smol::listen()
    }

    fn accept(listener: &Self::Listener) -> impl Future<Output = Self::Stream> {
        smol::accept(listener)
    }

    fn echo(stream: Self::Stream, bytes: usize) -> impl Future<Output = ()> + 'static {
        smol::echo(stream, bytes)
    }
}
