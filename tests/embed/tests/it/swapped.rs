//! Layers that are swapped for others: what a runtime waits on, and what the reactor asks.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use corio::Builder;
use corio::park::{Park, Parked, ThreadPark, Unpark, Unparker, Wait};
use corio_embed_tests::bounded;
use corio_executor::Executor;
use corio_reactor::{DriverKind, Reactor};
use futures::future::join_all;

use crate::net;

const MS: Duration = Duration::from_millis(1);

async fn echo_some() {
    let (client, server) = net::connection().await;
    let server = corio::spawn(net::echo(server));
    client.write_all(b"some").await.unwrap();
    let mut buffer = [0; 4];
    client.read_exact(&mut buffer).await.unwrap();
    assert_eq!(&buffer, b"some");
    drop(client);
    server.await.unwrap().unwrap();
}

#[test]
fn a_runtime_on_a_plain_thread_has_timers_and_the_fallback_s_sockets() {
    bounded(|| {
        let runtime = Builder::new().driver(ThreadPark::new()).build().unwrap();
        runtime.block_on(async {
            let begun = Instant::now();
            corio::sleep(2 * MS).await;
            assert!(begun.elapsed() >= 2 * MS);
            assert!(corio_timer::current::get().is_some());
            assert!(corio_reactor::current::try_handle().is_none());
            echo_some().await;
            let (send, receive) = futures::channel::oneshot::channel();
            std::thread::spawn(move || send.send(7).unwrap());
            assert_eq!(receive.await, Ok(7));
        });
    });
}

#[test]
fn every_driver_of_the_reactor_under_a_whole_runtime() {
    bounded(|| {
        for &kind in DriverKind::ALL {
            let reactor = Reactor::with_driver(kind).unwrap();
            let handle = reactor.handle();
            let runtime = Builder::new().driver(reactor).build().unwrap();
            // Who brings a driver says what descriptors are registered with, for that loop.
            let _entered = runtime.enter();
            let _installed = corio_reactor::current::install(handle.clone());
            runtime.block_on(async {
                let current = corio_reactor::current::handle().unwrap();
                assert!(current.is_same(&handle), "{}", kind.name());
                assert_eq!(current.driver(), kind);
                echo_some().await;
                let begun = Instant::now();
                corio::sleep(2 * MS).await;
                assert!(begun.elapsed() >= 2 * MS, "{}", kind.name());
            });
        }
    });
}

#[test]
fn the_executor_alone_on_a_reactor() {
    bounded(|| {
        let reactor = Reactor::new().unwrap();
        let handle = reactor.handle();
        // No timers at all: sleeps are the fallback's.
        Executor::new(reactor).block_on(async {
            let _installed = corio_reactor::current::install(handle.clone());
            echo_some().await;
            assert!(corio_timer::current::get().is_none());
            corio_timer::sleep(2 * MS).await;
        });
    });
}

/// Counts what a loop asks of what it waits on.
#[derive(Default)]
struct Counts {
    polls: AtomicUsize,
    bounded: AtomicUsize,
    forever: AtomicUsize,
    unparks: AtomicUsize,
}

impl Counts {
    fn waits(&self) -> usize {
        self.bounded.load(Ordering::SeqCst) + self.forever.load(Ordering::SeqCst)
    }
}

struct CountingPark {
    inner: ThreadPark,
    counts: Arc<Counts>,
}

impl Park for CountingPark {
    fn park(&mut self, wait: Wait) -> io::Result<Parked> {
        let count = match wait {
            Wait::Poll => &self.counts.polls,
            Wait::Until(_) => &self.counts.bounded,
            Wait::Forever => &self.counts.forever,
        };
        count.fetch_add(1, Ordering::SeqCst);
        self.inner.park(wait)
    }

    fn unparker(&self) -> Unparker {
        let inner = self.inner.unparker();
        Arc::new(CountingUnpark { inner, counts: self.counts.clone() })
    }
}

struct CountingUnpark {
    inner: Unparker,
    counts: Arc<Counts>,
}

impl Unpark for CountingUnpark {
    fn unpark(&self) {
        self.counts.unparks.fetch_add(1, Ordering::SeqCst);
        self.inner.unpark();
    }
}

fn counted() -> (corio::Runtime, Arc<Counts>) {
    let counts = Arc::<Counts>::default();
    let park = CountingPark { inner: ThreadPark::new(), counts: counts.clone() };
    (Builder::new().driver(park).build().unwrap(), counts)
}

#[test]
fn an_idle_loop_waits_once_for_one_timer() {
    bounded(|| {
        let (runtime, counts) = counted();
        runtime.block_on(corio::sleep(5 * MS));
        assert_eq!(counts.forever.load(Ordering::SeqCst), 0, "it has a deadline");
        // One wait, and one more for each that ended early for no reason: no spinning.
        let waits = counts.bounded.load(Ordering::SeqCst);
        assert!((1..=5).contains(&waits), "{waits} waits");
        assert_eq!(counts.unparks.load(Ordering::SeqCst), 0);
    });
}

#[test]
fn a_future_that_is_ready_waits_for_nothing() {
    bounded(|| {
        let (runtime, counts) = counted();
        runtime.block_on(async { corio::spawn(async {}).await.unwrap() });
        assert_eq!(counts.waits() + counts.polls.load(Ordering::SeqCst), 0);
    });
}

#[test]
fn a_loop_in_a_poll_is_not_unparked() {
    bounded(|| {
        let (runtime, counts) = counted();
        let handle = runtime.handle().clone();
        runtime.block_on(async {
            let (send, receive) = mpsc::channel();
            let thread = std::thread::spawn(move || {
                let tasks: Vec<_> = (0..1000).map(|n| handle.spawn(async move { n })).collect();
                send.send(()).unwrap();
                tasks
            });
            // Blocks the loop, which is the point: all thousand come while it runs.
            receive.recv().unwrap();
            let tasks = thread.join().unwrap();
            let sum: i32 = join_all(tasks).await.into_iter().map(Result::unwrap).sum();
            assert_eq!(sum, 999 * 1000 / 2);
        });
        assert_eq!(counts.unparks.load(Ordering::SeqCst), 0);
    });
}

#[test]
fn a_loop_that_waits_is_unparked_once_for_many() {
    bounded(|| {
        let (runtime, counts) = counted();
        let handle = runtime.handle().clone();
        let parked = counts.clone();
        let thread = std::thread::spawn(move || {
            while parked.waits() == 0 {
                std::thread::yield_now();
            }
            (0..100).map(|n| handle.spawn(async move { n })).collect::<Vec<_>>()
        });
        // Woken by nobody but the tasks that come in.
        let sum = runtime.block_on(async {
            let mut thread = Some(thread);
            std::future::poll_fn(|context| match thread.take_if(|thread| thread.is_finished()) {
                Some(ended) => std::task::Poll::Ready(ended.join().unwrap()),
                None => {
                    // Once a turn while there are tasks, and never without.
                    drop(corio::spawn_local({
                        let waker = context.waker().clone();
                        async move {
                            corio::sleep(MS).await;
                            waker.wake();
                        }
                    }));
                    std::task::Poll::Pending
                }
            })
            .await
        });
        assert_eq!(sum.len(), 100);
        let (unparks, waits) = (counts.unparks.load(Ordering::SeqCst), counts.waits());
        assert!(unparks <= waits, "{unparks} unparks, {waits} waits");
    });
}

/// `CORIO_DRIVER` is read when a reactor is made, so the process has to begin with it.
#[test]
fn the_environment_chooses_the_driver() {
    const INSIDE: &str = "CORIO_EMBED_TEST_EXPECTS";
    if let Ok(expected) = std::env::var(INSIDE) {
        return bounded(move || {
            corio::run(async {
                let current = corio_reactor::current::handle().unwrap();
                assert_eq!(current.driver().name(), expected);
                echo_some().await;
            });
            // The fallback's reactor is made the same way.
            assert_eq!(corio_reactor::current::handle().unwrap().driver().name(), expected);
            futures::executor::block_on(async {
                let (client, server) = net::connection().await;
                client.write_all(b"fallback").await.unwrap();
                server.read_exact(&mut [0; 8]).await.unwrap();
            });
        });
    }
    for kind in DriverKind::ALL {
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "swapped::the_environment_chooses_the_driver", "--nocapture"])
            .env(DriverKind::VARIABLE, kind.name())
            .env(INSIDE, kind.name())
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}: {}",
            kind.name(),
            String::from_utf8_lossy(&output.stderr)
        );
        assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"));
    }
}
