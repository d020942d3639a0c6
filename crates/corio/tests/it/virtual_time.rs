//! A clock that jumps: hours in microseconds, and never past anything that is about to happen.

use std::io;
use std::pin::pin;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use corio::net::{TcpListener, TcpStream};
use corio::park::{Park, Parked, ThreadPark, Unparker, Wait};
use corio::time::{VirtualClock, interval, now};
use corio::{Builder, Clock, Runtime};
use corio_base::clock;
use futures::channel::oneshot;
use futures::future::{Either, select};

use crate::util::{HOUR, Log, MS, bounded};

fn runtime() -> Runtime {
    Builder::new().clock(Clock::virtual_time()).build().unwrap()
}

#[test]
fn a_year_of_hours_takes_no_time() {
    bounded(|| {
        let begun = Instant::now();
        runtime().block_on(async {
            let first = now();
            for _ in 0..365 * 24 {
                corio::sleep(HOUR).await;
            }
            assert_eq!(now() - first, 365 * 24 * HOUR, "to the nanosecond");
        });
        assert!(begun.elapsed() < HOUR);
    });
}

#[test]
fn sleeps_end_in_the_order_of_their_deadlines() {
    bounded(|| {
        runtime().block_on(async {
            let log = Log::default();
            let begun = now();
            let tasks = [5, 1, 3, 2, 4].map(|hours: u32| {
                let log = log.clone();
                corio::spawn_local(async move {
                    corio::sleep(hours * HOUR).await;
                    log.push(format!("{hours} after {:?}", now() - begun));
                })
            });
            for task in tasks {
                task.await.unwrap();
            }
            let expected =
                [1, 2, 3, 4, 5u32].map(|hours| format!("{hours} after {:?}", hours * HOUR));
            assert_eq!(log.take(), expected);
        });
    });
}

#[test]
fn the_clock_stands_still_while_anything_runs() {
    bounded(|| {
        runtime().block_on(async {
            let begun = now();
            let sleeper = corio::spawn(corio::sleep(HOUR));
            for _ in 0..1000 {
                corio::yield_now().await;
            }
            thread::sleep(2 * MS);
            assert_eq!(now(), begun);
            assert!(!sleeper.is_finished());
        });
    });
}

#[test]
fn an_interval_of_a_day() {
    bounded(|| {
        runtime().block_on(async {
            let mut days = interval(24 * HOUR);
            let first = days.tick().await;
            for day in 1..=1000 {
                assert_eq!(days.tick().await, first + day * 24 * HOUR);
            }
        });
    });
}

#[test]
fn a_sleep_without_an_end_is_not_jumped_to() {
    bounded(|| {
        runtime().block_on(async {
            let (send, receive) = oneshot::channel();
            let thread = thread::spawn(move || {
                thread::sleep(2 * MS);
                send.send("mail").unwrap();
            });
            match select(receive, pin!(corio::sleep(Duration::MAX))).await {
                Either::Left((mail, _)) => assert_eq!(mail, Ok("mail")),
                Either::Right(_) => panic!("never has come"),
            }
            thread.join().unwrap();
        });
    });
}

#[test]
fn the_clock_can_be_watched_from_outside_and_is_the_runtime_s_alone() {
    bounded(|| {
        let watched = VirtualClock::new();
        let runtime = Builder::new().clock(Clock::with_virtual(watched.clone())).build().unwrap();
        let begun = watched.now();
        runtime.block_on(corio::sleep(HOUR));
        assert_eq!(watched.now().saturating_since(begun), HOUR);
        let (outside, real) = (now(), Instant::now());
        assert!(real.saturating_duration_since(outside) < HOUR, "this thread has its own again");
        runtime.block_on(async { assert!(now() > real) });
        // Entered, its time is the thread's.
        let _entered = runtime.enter();
        assert!(now() > real);
    });
}

#[test]
fn what_was_delivered_before_the_jump_comes_first() {
    bounded(|| {
        runtime().block_on(async {
            let begun = now();
            let (send, receive) = oneshot::channel();
            let sleep = pin!(corio::sleep(HOUR));
            // Delivered while the loop is in this poll.
            thread::spawn(move || send.send(()).unwrap()).join().unwrap();
            assert!(matches!(select(receive, sleep).await, Either::Left(_)));
            assert_eq!(now(), begun);
        });
    });
}

/// Runs something in the midst of its first wait, where the loop asks the OS for the last time.
struct InTheMidst<F> {
    inner: ThreadPark,
    work: Option<F>,
}

impl<F: FnOnce()> Park for InTheMidst<F> {
    fn park(&mut self, wait: Wait) -> io::Result<Parked> {
        let parked = self.inner.park(wait);
        if let Some(work) = self.work.take() {
            work();
        }
        parked
    }

    fn unparker(&self) -> Unparker {
        self.inner.unparker()
    }
}

#[test]
fn what_is_delivered_while_the_loop_asks_the_os_comes_first() {
    bounded(|| {
        let (send, receive) = oneshot::channel();
        // The OS has said that there is nothing; then a thread delivers.
        let work = move || thread::spawn(move || send.send(()).unwrap()).join().unwrap();
        let driver = InTheMidst { inner: ThreadPark::new(), work: Some(work) };
        let builder = Builder::new().clock(Clock::virtual_time()).driver(driver);
        builder.run(async {
            let begun = now();
            assert!(matches!(select(receive, pin!(corio::sleep(HOUR))).await, Either::Left(_)));
            assert_eq!(now(), begun, "not jumped past");
        });
    });
}

/// Holds are the process's: they would keep the clocks of other tests back, but for a moment.
#[test]
fn a_hold_keeps_the_clock_until_its_work_is_delivered() {
    bounded(|| {
        runtime().block_on(async {
            let begun = now();
            let (send, receive) = oneshot::channel();
            let hold = clock::hold();
            thread::spawn(move || {
                thread::sleep(5 * MS);
                send.send(7).unwrap();
                drop(hold);
            });
            match select(receive, pin!(corio::sleep(HOUR))).await {
                Either::Left((answer, _)) => assert_eq!(answer, Ok(7)),
                Either::Right(_) => panic!("the clock has jumped past work under way"),
            }
            assert_eq!(now(), begun);
            corio::sleep(HOUR).await;
            assert_eq!(now() - begun, HOUR, "and goes on jumping afterwards");
        });
    });
}

#[test]
fn a_hold_that_ends_in_silence_lets_the_clock_go_on() {
    bounded(|| {
        runtime().block_on(async {
            let hold = clock::hold();
            thread::spawn(move || {
                thread::sleep(5 * MS);
                drop(hold);
            });
            corio::sleep(HOUR).await;
        });
    });
}

#[test]
fn sockets_come_before_the_jump() {
    bounded(|| {
        runtime().block_on(async {
            let begun = now();
            let listener = TcpListener::bind(([127, 0, 0, 1], 0)).await.unwrap();
            let address = listener.local_addr().unwrap();
            corio::spawn(async move {
                loop {
                    let (stream, _) = listener.accept().await.unwrap();
                    corio::spawn(async move {
                        let mut buffer = [0; 64];
                        while let Ok(n @ 1..) = stream.read(&mut buffer).await {
                            stream.write_all(&buffer[..n]).await.unwrap();
                        }
                    });
                }
            });
            let stream = TcpStream::connect(address).await.unwrap();
            for _ in 0..100 {
                stream.write_all(b"tick").await.unwrap();
                let mut buffer = [0; 4];
                let timeout = pin!(corio::sleep(HOUR));
                match select(pin!(stream.read_exact(&mut buffer)), timeout).await {
                    Either::Left((read, _)) => read.unwrap(),
                    Either::Right(_) => panic!("a timeout before bytes that were there"),
                }
            }
            assert_eq!(now(), begun);
            // Nobody answers: the timeout is what comes next.
            let mut buffer = [0; 4];
            let timeout = pin!(corio::sleep(HOUR));
            let read = pin!(stream.read_exact(&mut buffer));
            assert!(matches!(select(read, timeout).await, Either::Right(_)));
            assert_eq!(now() - begun, HOUR);
        });
    });
}

#[test]
fn a_loop_without_timers_waits_for_other_threads() {
    bounded(|| {
        let (send, receive) = mpsc::channel();
        let runtime = runtime();
        let handle = runtime.handle().clone();
        let thread = thread::spawn(move || {
            receive.recv().unwrap();
            thread::sleep(2 * MS);
            handle.spawn(async { "from outside" })
        });
        let (told, listens) = oneshot::channel();
        thread::spawn(move || told.send(thread.join().unwrap()).unwrap());
        runtime.block_on(async {
            send.send(()).unwrap();
            let task = listens.await.unwrap();
            assert_eq!(task.await.unwrap(), "from outside");
        });
    });
}
