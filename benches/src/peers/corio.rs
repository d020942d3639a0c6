//! corio itself.

use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use ::corio::JoinHandle;
use ::corio::net::{TcpListener, TcpStream};

use super::Peer;

/// corio's one loop, its tasks made by `spawn_local`.
#[derive(Debug)]
pub struct Corio;

/// A handle that gives the task's value.
#[derive(Debug)]
pub struct Join<T>(JoinHandle<T>);

impl<T> Future for Join<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        Pin::new(&mut self.0).poll(cx).map(|joined| joined.expect("a workload's task ends well"))
    }
}

impl Peer for Corio {
    const NAME: &'static str = "corio";

    type Runtime = ::corio::Runtime;
    type Join<T: 'static> = Join<T>;
    type Listener = TcpListener;
    type Stream = TcpStream;

    fn runtime() -> Self::Runtime {
        ::corio::Builder::new().build().expect("corio builds")
    }

    fn run<F>(runtime: &mut Self::Runtime, future: F) -> F::Output
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        runtime.block_on(async { Self::spawn(future).await })
    }

    fn block_on<F: Future>(runtime: &mut Self::Runtime, future: F) -> F::Output {
        runtime.block_on(future)
    }

    fn spawn<F>(future: F) -> Join<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        Join(::corio::spawn_local(future))
    }

    fn detach<T: 'static>(task: Join<T>) {
        drop(task);
    }

    fn yield_now() -> impl Future<Output = ()> + 'static {
        ::corio::yield_now()
    }

    fn sleep(duration: Duration) -> impl Future<Output = ()> + 'static {
        ::corio::sleep(duration)
    }

    fn unblock<T: Send + 'static>(
        function: impl FnOnce() -> T + Send + 'static,
    ) -> impl Future<Output = T> + 'static {
        Join(::corio::spawn_blocking(function))
    }

    async fn listen() -> (TcpListener, SocketAddr) {
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let listener = TcpListener::bind(address).await.expect("loopback listens");
        let address = listener.local_addr().expect("a bound socket has an address");
        (listener, address)
    }

    async fn accept(listener: &TcpListener) -> TcpStream {
        let (stream, _) = listener.accept().await.expect("a connection");
        stream.set_nodelay(true).expect("TCP has NODELAY");
        stream
    }

    async fn echo(stream: TcpStream, bytes: usize) {
        let mut buffer = vec![0; bytes];
        while let Ok(n @ 1..) = stream.read(&mut buffer).await {
            if stream.write_all(&buffer[..n]).await.is_err() {
                return;
            }
        }
    }
}
