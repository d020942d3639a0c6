//! smol: async-executor's `LocalExecutor` in `async_io::block_on`.

use std::cell::Cell;
use std::net::SocketAddr;
use std::time::Duration;

use async_executor::{LocalExecutor, Task};
use async_io::Timer;
use async_net::{TcpListener, TcpStream};
use futures_lite::{AsyncReadExt, AsyncWriteExt, future};

use super::Peer;

/// smol's parts, with the executor that a program would hold on its stack.
#[derive(Debug)]
pub struct Smol;

thread_local! {
    /// The executor that `spawn` finds. Leaked: a reference costs nothing to look up.
    static EXECUTOR: Cell<Option<&'static LocalExecutor<'static>>> = const { Cell::new(None) };
}

impl Peer for Smol {
    const NAME: &'static str = "smol";

    type Runtime = &'static LocalExecutor<'static>;
    type Join<T: 'static> = Task<T>;
    type Listener = TcpListener;
    type Stream = TcpStream;

    fn runtime() -> Self::Runtime {
        let executor = Box::leak(Box::new(LocalExecutor::new()));
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
        sleep(duration)
    }

    fn unblock<T: Send + 'static>(
        function: impl FnOnce() -> T + Send + 'static,
    ) -> impl Future<Output = T> + 'static {
        blocking::unblock(function)
    }

    fn listen() -> impl Future<Output = (Self::Listener, SocketAddr)> + 'static {
        listen()
    }

    fn accept(listener: &Self::Listener) -> impl Future<Output = Self::Stream> {
        accept(listener)
    }

    fn echo(stream: Self::Stream, bytes: usize) -> impl Future<Output = ()> + 'static {
        echo(stream, bytes)
    }
}

// What both forms of the executor share: async-io and async-net.

pub(super) async fn sleep(duration: Duration) {
    Timer::after(duration).await;
}

pub(super) async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback listens");
    let address = listener.local_addr().expect("a bound socket has an address");
    (listener, address)
}

pub(super) async fn accept(listener: &TcpListener) -> TcpStream {
    let (stream, _) = listener.accept().await.expect("a connection");
    stream.set_nodelay(true).expect("TCP has NODELAY");
    stream
}

pub(super) async fn echo(mut stream: TcpStream, bytes: usize) {
    let mut buffer = vec![0; bytes];
    while let Ok(n @ 1..) = stream.read(&mut buffer).await {
        if stream.write_all(&buffer[..n]).await.is_err() {
            return;
        }
    }
}
