//! glommio, on io_uring.

use std::net::SocketAddr;
use std::time::Duration;

use futures_lite::{AsyncReadExt, AsyncWriteExt};
use glommio::net::{TcpListener, TcpStream};
use glommio::{LocalExecutor, LocalExecutorBuilder, Placement, Task};

use super::{Peer, wake_and_wait};
use crate::row::Row;

/// glommio's `LocalExecutor`, left where the process is bound.
#[derive(Debug)]
pub struct Glommio;

impl Peer for Glommio {
    const NAME: &'static str = "glommio";

    const CANNOT: &'static [Row] = &[
        // A task's waker counts its clones in 16 bits: 100 000 sleeps of one task abort the process.
        Row::TimerChurn100k,
        Row::SleepBytes,
        // It looks at its timers when 100 ms of a task queue's time are up: each tick is 99 ms late.
        Row::TickerLateness,
        Row::TickerYield,
    ];

    type Runtime = LocalExecutor;
    type Join<T: 'static> = Task<T>;
    type Listener = TcpListener;
    type Stream = TcpStream;

    fn runtime() -> LocalExecutor {
        let builder = LocalExecutorBuilder::new(Placement::Unbound);
        builder.make().expect("glommio builds: it needs io_uring and locked memory")
    }

    fn run<F>(executor: &mut LocalExecutor, future: F) -> F::Output
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        executor.run(async { glommio::spawn_local(future).await })
    }

    fn block_on<F: Future>(executor: &mut LocalExecutor, future: F) -> F::Output {
        executor.run(future)
    }

    fn spawn<F>(future: F) -> Task<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        glommio::spawn_local(future)
    }

    fn detach<T: 'static>(task: Task<T>) {
        task.detach();
    }

    fn yield_now() -> impl Future<Output = ()> + 'static {
        wake_and_wait()
    }

    fn sleep(duration: Duration) -> impl Future<Output = ()> + 'static {
        glommio::timer::sleep(duration)
    }

    fn unblock<T: Send + 'static>(
        function: impl FnOnce() -> T + Send + 'static,
    ) -> impl Future<Output = T> + 'static {
        glommio::executor().spawn_blocking(function)
    }

    async fn listen() -> (TcpListener, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback listens");
        let address = listener.local_addr().expect("a bound socket has an address");
        (listener, address)
    }

    async fn accept(listener: &TcpListener) -> TcpStream {
        let stream = listener.accept().await.expect("a connection");
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
