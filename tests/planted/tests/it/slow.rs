//! Polls and callbacks that keep the loop from everything else.

use std::hint::black_box;
use std::io::{Read, Write, pipe};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use corio::{EventLoop, spawn, spawn_blocking};

use crate::harness::{BLOCKS, Case, Told};

const SLOW: Told = Told::warning("corio::slow");
/// What the watchdog says of it meanwhile, or when it has made out where it was.
const STILL: &[&str] = &["; it is here:", "; it was here:", "cannot be shown: "];

const POLL: &[&str] = &["Executing <Task", " spawned at ", file!(), " took "];
const CALL: &[&str] = &["Executing <Handle created at ", file!(), " took "];

const fn poll(name: &'static str, bug: fn(), fixed: fn()) -> Case {
    SLOW.case(name, POLL, bug, fixed).also(STILL)
}

const fn call(name: &'static str, bug: fn(), fixed: fn()) -> Case {
    SLOW.case(name, CALL, bug, fixed).also(STILL)
}

pub(crate) const CASES: &[Case] = &[
    poll(
        "a task that sleeps as threads do",
        || blocks(|| thread::sleep(BLOCKS)),
        || {
            corio::run(async {
                spawn(corio::sleep(SHORT)).await.unwrap();
            });
        },
    ),
    poll("a computation", || blocks(computes), || elsewhere(computes)),
    poll("a lock of std that another thread holds", || blocks(locks), || elsewhere(locks)),
    poll(
        "a channel of std",
        || blocks(receives),
        || {
            corio::run(async {
                let (sender, receiver) = corio::sync::oneshot::channel();
                let other = thread::spawn(move || {
                    thread::sleep(SHORT);
                    sender.send(7).unwrap();
                });
                assert_eq!(spawn(receiver).await.unwrap().unwrap(), 7);
                other.join().unwrap();
            });
        },
    ),
    poll("a read from a pipe of std", || blocks(reads), || elsewhere(reads)),
    poll("a connection accepted by std", || blocks(accepts), accepts_on_the_loop),
    poll("a thread that is joined", || blocks(joins), || elsewhere(joins)),
    poll(
        "a child process that std waits for",
        || blocks(waits_for_a_child),
        || {
            corio::run(async {
                let mut sleep = corio::process::Command::new("sleep");
                assert!(spawn(sleep.arg("0.05").status()).await.unwrap().unwrap().success());
            });
        },
    ),
    poll(
        "another runtime's block_on",
        || blocks(|| futures::executor::block_on(answer())),
        || {
            corio::run(async { spawn(answer()).await.unwrap() });
        },
    ),
    poll("a destructor", || blocks(|| drop(Slow)), || elsewhere(|| drop(Slow))),
    poll(
        "the main future",
        || corio::run(async { thread::sleep(BLOCKS) }),
        || {
            corio::run(async { corio::sleep(SHORT).await });
        },
    ),
    call(
        "a callback",
        || calls(|event_loop, work| drop(event_loop.call_soon(work))),
        || {
            calls(|event_loop, work| {
                drop(event_loop.call_soon(move || drop(spawn_blocking(work))));
            });
        },
    ),
    call(
        "a timer's callback",
        || {
            calls(|event_loop, work| {
                let _ = event_loop.call_later(Duration::ZERO, work);
            })
        },
        || {
            calls(|event_loop, work| {
                let _ = event_loop.call_later(Duration::ZERO, move || drop(spawn_blocking(work)));
            });
        },
    ),
];

/// A time that is waited for where nothing is wrong with it.
const SHORT: Duration = Duration::from_millis(20);

/// Has a task of the loop do it.
fn blocks(work: fn()) {
    corio::run(async move {
        spawn(async move { work() }).await.unwrap();
    });
}

/// Has another thread do it.
fn elsewhere(work: fn()) {
    corio::run(async move {
        spawn_blocking(work).await.unwrap();
    });
}

fn calls(ask: fn(&EventLoop, fn())) {
    corio::run(async move {
        ask(&EventLoop::current(), || thread::sleep(BLOCKS));
        corio::sleep(SHORT).await;
    });
}

fn computes() {
    let begun = Instant::now();
    let mut sum = 0_u64;
    while begun.elapsed() < BLOCKS {
        sum = black_box(sum.wrapping_mul(31).wrapping_add(7));
    }
}

fn locks() {
    let (lock, held) = (Mutex::new(0), mpsc::channel());
    thread::scope(|scope| {
        scope.spawn(|| {
            let _guard = lock.lock().unwrap();
            held.0.send(()).unwrap();
            thread::sleep(BLOCKS);
        });
        held.1.recv().unwrap();
        *lock.lock().unwrap() += 1;
    });
}

fn receives() {
    let (sender, receiver) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(move || {
            thread::sleep(BLOCKS);
            sender.send(7).unwrap();
        });
        assert_eq!(receiver.recv(), Ok(7));
    });
}

fn reads() {
    let (mut reader, mut writer) = pipe().unwrap();
    thread::scope(|scope| {
        scope.spawn(move || {
            thread::sleep(BLOCKS);
            writer.write_all(b"late").unwrap();
        });
        let mut bytes = [0; 4];
        reader.read_exact(&mut bytes).unwrap();
    });
}

fn accepts() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::scope(|scope| {
        scope.spawn(move || connects(address, BLOCKS));
        listener.accept().unwrap();
    });
}

fn accepts_on_the_loop() {
    corio::run(async {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listener = corio::net::TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let other = thread::spawn(move || connects(address, SHORT));
        spawn(async move { listener.accept().await.map(drop) }).await.unwrap().unwrap();
        spawn_blocking(|| other.join().unwrap()).await.unwrap();
    });
}

fn connects(address: SocketAddr, after: Duration) {
    thread::sleep(after);
    drop(TcpStream::connect(address));
}

fn joins() {
    thread::spawn(|| thread::sleep(BLOCKS)).join().unwrap();
}

fn waits_for_a_child() {
    let time = BLOCKS.as_secs_f64().to_string();
    assert!(Command::new("sleep").arg(time).status().unwrap().success());
}

/// What another thread answers after a while.
async fn answer() {
    let (sender, receiver) = futures::channel::oneshot::channel();
    let other = thread::spawn(move || {
        thread::sleep(BLOCKS);
        sender.send(()).unwrap();
    });
    receiver.await.unwrap();
    drop(other);
}

/// Takes its time to go.
struct Slow;

impl Drop for Slow {
    fn drop(&mut self) {
        thread::sleep(BLOCKS);
    }
}
