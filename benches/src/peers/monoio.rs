//! monoio on io_uring.

use std::net::SocketAddr;
use std::sync::OnceLock;
use std::time::Duration;

use monoio::blocking::{BlockingTask, DefaultThreadPool, ThreadPool};
use monoio::io::{AsyncReadRent, AsyncWriteRentExt};
use monoio::net::{TcpListener, TcpStream};
use monoio::task::JoinHandle;
use monoio::time::TimeDriver;
use monoio::{IoUringDriver, RuntimeBuilder};

use super::{Peer, wake_and_wait};
use crate::row::Row;

/// monoio with its io_uring driver and its timers.
#[derive(Debug)]
pub struct Monoio;

/// Its pool of threads, of which it has none by itself: as many as its example has, started when the
/// first job comes.
#[derive(Default)]
struct Pool(OnceLock<DefaultThreadPool>);

impl ThreadPool for Pool {
    fn schedule_task(&self, task: BlockingTask) {
        self.0.get_or_init(|| DefaultThreadPool::new(4)).schedule_task(task);
    }
}

impl Peer for Monoio {
    const NAME: &'static str = "monoio";

    // While a task that wakes itself is runnable it never fires a timer: the ticker starves.
    const CANNOT: &'static [Row] = &[Row::TickerLateness, Row::TickerYield];

    type Runtime = monoio::Runtime<TimeDriver<IoUringDriver>>;
    type Join<T: 'static> = JoinHandle<T>;
    type Listener = TcpListener;
    type Stream = TcpStream;

    fn runtime() -> Self::Runtime {
        let builder = RuntimeBuilder::<IoUringDriver>::new()
            .enable_timer()
            .attach_thread_pool(Box::new(Pool::default()));
        builder.build().expect("monoio builds: it needs io_uring")
    }

    fn run<F>(runtime: &mut Self::Runtime, future: F) -> F::Output
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        runtime.block_on(async { monoio::spawn(future).await })
    }

    fn block_on<F: Future>(runtime: &mut Self::Runtime, future: F) -> F::Output {
        runtime.block_on(future)
    }

    fn spawn<F>(future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
        F::Output: 'static,
    {
        monoio::spawn(future)
    }

    fn detach<T: 'static>(task: JoinHandle<T>) {
        drop(task);
    }

    // It puts a task that wakes itself at the front of its queue: the yields of `yield_1000` follow
    // one another in one task and then in the next, where other runtimes go round.
    fn yield_now() -> impl Future<Output = ()> + 'static {
        wake_and_wait()
    }

    fn sleep(duration: Duration) -> impl Future<Output = ()> + 'static {
        monoio::time::sleep(duration)
    }

    fn unblock<T: Send + 'static>(
        function: impl FnOnce() -> T + Send + 'static,
    ) -> impl Future<Output = T> + 'static {
        let job = monoio::spawn_blocking(function);
        async { job.await.expect("a workload's job ends well") }
    }

    async fn listen() -> (TcpListener, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback listens");
        let address = listener.local_addr().expect("a bound socket has an address");
        (listener, address)
    }

    async fn accept(listener: &TcpListener) -> TcpStream {
        let (stream, _) = listener.accept().await.expect("a connection");
        stream.set_nodelay(true).expect("TCP has NODELAY");
        stream
    }

    async fn echo(mut stream: TcpStream, bytes: usize) {
        let mut buffer = Vec::with_capacity(bytes);
        loop {
            let (read, filled) = stream.read(buffer).await;
            if !matches!(read, Ok(1..)) {
                return;
            }
            let (written, emptied) = stream.write_all(filled).await;
            if written.is_err() {
                return;
            }
            buffer = emptied;
        }
    }
}
