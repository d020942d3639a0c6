//! tokio's current_thread runtime.

#![expect(
    unsafe_code,
    reason = "tokio::spawn asks for Send of futures that never leave their thread"
)]

use std::marker::PhantomData;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Handle, RuntimeFlavor};
use tokio::task::JoinHandle;

use super::Peer;

/// tokio, current_thread, its tasks made by `tokio::spawn`.
#[derive(Debug)]
pub struct Tokio;

/// The runtime, bound to the thread that built it.
#[derive(Debug)]
pub struct Runtime {
    inner: tokio::runtime::Runtime,
    /// Neither `Send` nor `Sync`: the claim of [`Here`] rests on it.
    _bound: PhantomData<*const ()>,
}

/// A future, or its output, that a current_thread runtime keeps on its thread.
///
/// The workloads are the same for all peers, and some peers' futures are not `Send`; a
/// `LocalSet`, which would take them, is slower than what tokio's users run.
#[derive(Debug)]
struct Here<T>(T);

// SAFETY: a value in here is only handed to `tokio::spawn` by `Tokio::spawn`, inside a `Runtime`,
// which is of the current_thread flavour and not `Send`: it is polled, read and dropped by the
// thread that made it.
unsafe impl<T> Send for Here<T> {}

impl<F: Future> Future for Here<F> {
    type Output = Here<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: the field is pinned as its struct is; nothing moves it out, and there is no Drop.
        let future = unsafe { self.map_unchecked_mut(|here| &mut here.0) };
        future.poll(cx).map(Here)
    }
}

/// A handle that gives the task's value.
#[derive(Debug)]
pub struct Join<T>(JoinHandle<Here<T>>);

impl<T> Future for Join<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        Pin::new(&mut self.0).poll(cx).map(|joined| joined.expect("a workload's task ends well").0)
    }
}

impl Peer for Tokio {
    const NAME: &'static str = "tokio";

    type Runtime = Runtime;
    type Join<T: 'static> = Join<T>;
    type Listener = TcpListener;
    type Stream = TcpStream;

    fn runtime() -> Runtime {
        let inner = Builder::new_current_thread().enable_all().build().expect("tokio builds");
        Runtime { inner, _bound: PhantomData }
    }

    fn run<F>(runtime: &mut Runtime, future: F) -> F::Output
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        runtime.inner.block_on(async { Self::spawn(future).await })
    }

    fn block_on<F: Future>(runtime: &mut Runtime, future: F) -> F::Output {
        runtime.inner.block_on(future)
    }

    fn spawn<F>(future: F) -> Join<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        debug_assert_eq!(Handle::current().runtime_flavor(), RuntimeFlavor::CurrentThread);
        Join(tokio::spawn(Here(future)))
    }

    fn detach<T: 'static>(task: Join<T>) {
        drop(task);
    }

    fn yield_now() -> impl Future<Output = ()> + 'static {
        tokio::task::yield_now()
    }

    fn sleep(duration: Duration) -> impl Future<Output = ()> + 'static {
        tokio::time::sleep(duration)
    }

    fn unblock<T: Send + 'static>(
        function: impl FnOnce() -> T + Send + 'static,
    ) -> impl Future<Output = T> + 'static {
        let job = tokio::task::spawn_blocking(function);
        async { job.await.expect("a workload's job ends well") }
    }

    async fn listen() -> (TcpListener, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback listens");
        let address = listener.local_addr().expect("a bound socket has an address");
        (listener, address)
    }

    async fn accept(listener: &TcpListener) -> TcpStream {
        let (stream, _) = listener.accept().await.expect("a connection");
        stream.set_nodelay(true).expect("TCP has NODELAY");
        stream
    }

    async fn echo(mut stream: TcpStream, bytes: usize) {
        let mut buffer = vec![0; bytes];
        while let Ok(n @ 1..) = stream.read(&mut buffer).await {
            if stream.write_all(&buffer[..n]).await.is_err() {
                return;
            }
        }
    }
}
