//! Loops that are late or stand still without a slow poll: names that take long to look up, many short callbacks,
//! a system that keeps the process waiting, and waits that nothing will end.

use std::io::Read;
use std::net::Ipv4Addr;
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant};

use corio::net::Connect;
use corio::net::resolve::{Resolve, Resolving};
use corio::sync::{Event, mpsc, oneshot};
use corio::{EventLoop, debug, sleep, spawn_local, yield_now};

use crate::harness::{BLOCKS, Case, Told};

const SLOW_TURN: Told = Told::warning("corio::slow");
const LATE: Told = Told::warning("corio::loop");
const NET: Told = Told::info("corio::net");
const HANG: Told = Told::warning("corio::hang");
const LOCK: Told = Told::warning("corio::lock");

pub(crate) const CASES: &[Case] = &[
    SLOW_TURN.case(
        "many short callbacks in a row",
        &[
            "Executing ",
            " polls and callbacks in a row took ",
            " seconds, none of them long by itself",
        ],
        callbacks_in_a_row,
        callbacks_with_pauses,
    ),
    LATE.case(
        "a process that the system stops",
        &["poll ", " ms took ", " events, ", " ms late: the process was stopped"],
        || {
            waits_while(&format!(
                "sleep 0.5; kill -STOP {0}; sleep 5; kill -CONT {0}",
                std::process::id()
            ))
        },
        || waits_while("sleep 0.5"),
    ),
    NET.case(
        "a name that takes long to look up",
        &["Getting address info example.invalid:", " took ", "ms"],
        || connects(BLOCKS),
        || connects(Duration::ZERO),
    ),
    HANG.case(
        "a loop that nothing will ever wake",
        &[
            "Nothing that corio knows of will ever wake the loop of thread ",
            "every task waits for another one",
            " waits for an event at ",
            " waits for a channel at ",
            file!(),
        ],
        || stands_still(false),
        || stands_still(true),
    ),
    HANG.case(
        "a value that was sent to a receiver that nobody polls",
        &["Nothing that corio knows of will ever wake the loop of thread ", file!()],
        || answers(false),
        || answers(true),
    ),
    LOCK.case(
        "a receiver that is called and not polled while senders wait",
        &[
            " was called by a channel ",
            " ago and has not polled the future that waits for it, made at ",
            file!(),
            "with 1 task behind it",
        ],
        || receives(true),
        || receives(false),
    ),
];

const HOUR: Duration = Duration::from_secs(3600);
/// As long as three looks of the watchdog and some.
const LOOKS: Duration = Duration::from_millis(3500);
/// What is too long where the watchdog judges.
const SHORT: Duration = Duration::from_millis(100);
/// From when on something is slow where the loop judges: a machine that does other things beside may well keep
/// a thread from running for a tenth of a second.
const SLOW: Duration = Duration::from_millis(400);

/// How many callbacks there are, and how long each takes.
const CALLBACKS: u32 = 1000;
/// How many are done before the loop may look after others, where it may.
const CALLBACKS_IN_A_ROW: u32 = 10;
/// Long enough for the loop to wait, which is a look at everything.
const PAUSE: Duration = Duration::from_millis(1);

fn computes() {
    let begun = Instant::now();
    while begun.elapsed() < BLOCKS / CALLBACKS {
        std::hint::spin_loop();
    }
}

fn callbacks_in_a_row() {
    corio::run(async {
        let event_loop = EventLoop::current();
        for _ in 0..CALLBACKS {
            event_loop.call_soon(computes);
        }
        sleep(SHORT).await;
    });
}

fn callbacks_with_pauses() {
    corio::run(async {
        for number in 1..=CALLBACKS {
            computes();
            // Sockets and timers have their turn, long before a busy machine makes it late.
            if number % CALLBACKS_IN_A_ROW == 0 {
                sleep(PAUSE).await;
            }
        }
    });
}

/// Waits for 3 seconds, in which a shell that is there already does something after half a second: it has as
/// long again, and more, to be slow in, and so has the loop, which has to wait by then.
fn waits_while(script: &str) {
    debug::set_slow_poll(SLOW);
    let script = format!("echo ready; read go; {script}");
    let mut shell = Command::new("sh");
    let shell = shell.args(["-c", &script]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut shell = shell.spawn().unwrap();
    let mut ready = [0; 6];
    shell.stdout.take().unwrap().read_exact(&mut ready).unwrap();
    corio::run(async {
        drop(shell.stdin.take());
        sleep(Duration::from_secs(3)).await;
    });
    shell.wait().unwrap();
}

/// Knows every name after a while.
#[derive(Debug)]
struct Knows(Duration);

impl Resolve for Knows {
    fn resolve(&self, _: &str, port: u16) -> Resolving {
        let after = self.0;
        Box::pin(async move {
            sleep(after).await;
            Ok(vec![([127, 0, 0, 1], port).into()])
        })
    }
}

fn connects(after: Duration) {
    debug::set_slow_poll(SLOW);
    corio::run(async move {
        let listener = corio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let connect = Connect::to(("example.invalid", port)).resolver(Knows(after));
        drop(connect.await.unwrap());
    });
}

/// Two tasks wait for each other's signs, and one of them for a value; a thread ends it.
fn stands_still(with_a_sign: bool) {
    debug::set_hang_limit(SHORT);
    let (end, ended) = oneshot::channel();
    let outside = thread::spawn(move || {
        thread::sleep(LOOKS);
        // A program that goes on has not waited for it.
        let _ = end.send(());
    });
    corio::run(async move {
        let sign = Rc::new(Event::new());
        let waits = spawn_local({
            let sign = Rc::clone(&sign);
            async move { sign.wait().await }
        });
        if with_a_sign {
            spawn_local(async move {
                sleep(SHORT).await;
                sign.set();
            });
            waits.await.unwrap();
        } else {
            ended.await.unwrap();
            waits.abort();
        }
    });
    outside.join().unwrap();
}

/// One task sends a value and waits for the answer; the other one looks at the receiver once, and waits for
/// something else.
fn answers(it_polls: bool) {
    debug::set_hang_limit(SHORT);
    let (end, ended) = oneshot::channel::<()>();
    let outside = thread::spawn(move || {
        thread::sleep(LOOKS);
        drop(end);
    });
    corio::run(async move {
        let (ask, mut asked) = oneshot::channel();
        let (answer, answered) = oneshot::channel();
        spawn_local(async move {
            assert!(futures::poll!(&mut asked).is_pending());
            if it_polls {
                answer.send(asked.await.unwrap()).unwrap();
            } else {
                let _ = ended.await;
                drop((asked, answer));
            }
        });
        yield_now().await;
        ask.send(7).unwrap();
        let _ = answered.await;
    });
    outside.join().unwrap();
}

/// A task looks at its channel once, and does something else for long; or lets go of the channel before.
fn receives(keeps_it: bool) {
    debug::set_grant_limit(SHORT);
    corio::run(async move {
        let (sender, mut receiver) = mpsc::channel(1);
        let receives = spawn_local(async move {
            let mut next = Box::pin(receiver.recv());
            assert!(futures::poll!(&mut next).is_pending());
            if !keeps_it {
                drop(next);
                while receiver.recv().await.is_some() {}
                return;
            }
            sleep(HOUR).await;
            let _ = next.await;
        });
        yield_now().await;
        let sends = spawn_local(async move {
            sender.send(1).await.unwrap();
            sender.send(2).await.unwrap();
        });
        sleep(LOOKS).await;
        receives.abort();
        sends.abort();
    });
}
