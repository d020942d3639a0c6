//! Sleeps that begin on one thread and go on elsewhere. Threads are real; what a loop does, and its
//! time, are said by hand.

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use corio_base::park::block_on;
use corio_base::{Time, Unpark, WakeBatch, clock};
use corio_timer::{Sleep, Timers, current, sleep, sleep_until};

use crate::util::{Wakes, poll_once};

/// An unparker that is a waker.
struct Unparks(Waker);

impl Unpark for Unparks {
    fn unpark(&self) {
        self.0.wake_by_ref();
    }
}

fn on_another_thread<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    thread::scope(|scope| scope.spawn(work).join().unwrap())
}

/// Polls with this waker, and the timers installed on the thread if any.
fn poll(sleep: &mut Sleep, waker: &Waker) -> bool {
    std::pin::Pin::new(sleep).poll(&mut Context::from_waker(waker)).is_ready()
}

#[test]
fn dropped_elsewhere_it_leaves_its_home() {
    let timers = Timers::new();
    let (unparks, unpark) = Wakes::new();
    timers.set_unparker(Arc::new(Unparks(unpark)));
    let _installed = current::install(timers.clone());
    let mut batch = WakeBatch::new();
    let (wakes, waker) = Wakes::new();
    let mut sleeps: Vec<Sleep> = (0..10).map(|_| sleep(Duration::from_secs(3600))).collect();
    for sleep in &mut sleeps {
        poll(sleep, &waker);
    }
    timers.turn(clock::now(), &mut batch);
    on_another_thread(|| drop(sleeps));
    assert_eq!(unparks.count(), 1, "one unpark for ten letters");
    assert_eq!(timers.len(), 10);
    timers.turn(clock::now(), &mut batch);
    assert_eq!(timers.len(), 0);
    assert!(batch.is_empty() && wakes.count() == 0, "cancelled, so nobody is woken");
    assert_eq!(Arc::strong_count(&wakes), 2, "and their wakers are gone");
}

#[test]
fn polled_elsewhere_it_keeps_its_deadline() {
    let timers = Timers::new();
    let _installed = current::install(timers.clone());
    let mut batch = WakeBatch::new();
    let begin = Instant::now();
    let mut counting = sleep(Duration::from_millis(30));
    let mut filed = sleep_until(begin + Duration::from_millis(30));
    assert!(poll_once(&mut counting).is_pending() && poll_once(&mut filed).is_pending());
    timers.turn(clock::now(), &mut batch);
    let turned = Instant::now();
    // There without a loop, so the fallback takes over; here we answer letters.
    let (send, done) = channel();
    let other = thread::spawn(move || {
        block_on(counting);
        block_on(filed);
        send.send(Instant::now()).unwrap();
    });
    let end = loop {
        timers.turn(clock::now(), &mut batch);
        batch.wake_all();
        match done.recv_timeout(Duration::from_millis(1)) {
            Ok(end) => break end,
            Err(_) => assert!(begin.elapsed() < Duration::from_secs(10), "lost"),
        }
    };
    other.join().unwrap();
    assert!(end - begin >= Duration::from_millis(30), "early: {:?}", end - begin);
    assert!(end - turned < Duration::from_secs(5), "it counted anew: {:?}", end - turned);
    timers.turn(clock::now(), &mut batch);
    assert_eq!(timers.len(), 0, "both have left");
}

#[test]
fn polled_elsewhere_after_it_fired_it_has_its_deadline() {
    const DELAY: Duration = Duration::from_millis(20);
    let timers = Timers::new();
    let _installed = current::install(timers.clone());
    let mut batch = WakeBatch::new();
    let begun = Instant::now();
    let mut sleep = sleep(DELAY);
    assert!(poll_once(&mut sleep).is_pending());
    timers.turn(clock::now(), &mut batch);
    assert_eq!(timers.turn(clock::now().saturating_add(DELAY), &mut batch), 1);
    let sleep = on_another_thread(move || {
        assert!(poll_once(&mut sleep).is_pending(), "only its home knows");
        sleep
    });
    timers.turn(clock::now(), &mut batch);
    on_another_thread(move || block_on(sleep));
    assert!(begun.elapsed() >= DELAY, "the loop's clock was ahead, the thread's is not");
}

#[test]
fn polled_elsewhere_it_ends_though_its_home_rests() {
    let timers = Timers::new();
    let _installed = current::install(timers.clone());
    let begun = Instant::now();
    let mut sleep = sleep(Duration::from_millis(2));
    assert!(poll_once(&mut sleep).is_pending());
    // No turn: nobody answers.
    on_another_thread(move || block_on(sleep));
    assert!(begun.elapsed() >= Duration::from_millis(2));
}

#[test]
fn reset_elsewhere_wakes_the_task_that_waits_at_home() {
    let timers = Timers::new();
    let _installed = current::install(timers.clone());
    let mut batch = WakeBatch::new();
    let (wakes, waker) = Wakes::new();
    let mut sleep = sleep(Duration::from_secs(3600));
    poll(&mut sleep, &waker);
    let deadline = Instant::now() + Duration::from_secs(1);
    on_another_thread(|| sleep.reset(deadline));
    timers.turn(clock::now(), &mut batch);
    batch.wake_all();
    assert_eq!(wakes.count(), 1, "it has to look again");
    poll(&mut sleep, &waker);
    assert_eq!(timers.next_deadline(), Time::from_instant(deadline), "and waits for the new end");
}

#[test]
fn a_question_is_withdrawn_by_a_reset() {
    let timers = Timers::new();
    let installed = current::install(timers.clone());
    let mut sleep = sleep(Duration::from_secs(3600));
    poll(&mut sleep, Waker::noop());
    let (wakes, waker) = Wakes::new();
    on_another_thread(|| {
        poll(&mut sleep, &waker);
        sleep.reset(Instant::now());
        assert_eq!(wakes.count(), 1, "whoever waits for the answer looks again");
        while poll_once(&mut sleep).is_pending() {}
    });
    drop(installed);
    drop(timers);
}

#[test]
fn a_home_that_ends_answers_first() {
    let (send, receive) = channel::<Sleep>();
    let (asked, was_asked) = channel();
    let (wakes, waker) = Wakes::new();
    let home = thread::spawn(move || {
        let timers = Timers::new();
        let installed = current::install(timers.clone());
        let mut sleep = sleep(Duration::from_secs(3600));
        assert!(poll_once(&mut sleep).is_pending());
        send.send(sleep).unwrap();
        was_asked.recv().unwrap();
        drop(installed);
        drop(timers);
    });
    let mut sleep = receive.recv().unwrap();
    assert!(!poll(&mut sleep, &waker));
    assert_eq!(sleep.deadline(), None);
    asked.send(()).unwrap();
    home.join().unwrap();
    assert_eq!(wakes.count(), 1);
    assert!(!poll(&mut sleep, &waker));
    let left = sleep.deadline().unwrap().saturating_duration_since(Instant::now());
    assert!(left <= Duration::from_secs(3600) && left > Duration::from_secs(3500), "{left:?}");
}

#[test]
fn its_home_may_be_gone() {
    let begin = Instant::now();
    let (mut counting, mut filed) = on_another_thread(|| {
        let timers = Timers::new();
        let _installed = current::install(timers.clone());
        let mut counting = sleep(Duration::from_millis(3));
        let mut filed = sleep_until(begin + Duration::from_millis(3));
        assert!(poll_once(&mut counting).is_pending() && poll_once(&mut filed).is_pending());
        (counting, filed)
    });
    block_on(&mut counting);
    block_on(&mut filed);
    assert!(begin.elapsed() >= Duration::from_millis(3));
    assert!(counting.is_elapsed() && filed.is_elapsed());
}

/// Sleeps go round between threads with and without loops, are reset and dropped at random moments:
/// none is early, none is lost.
#[test]
fn at_random_between_threads() {
    const SLEEPS: usize = 400;
    let threads = 4;
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..threads).map(|_| channel()).unzip();
    let (finish, finished) = channel();
    let handles: Vec<_> = receivers
        .into_iter()
        .zip(0..threads)
        .map(|(inbox, number)| {
            let (senders, finish) = (senders.clone(), finish.clone());
            thread::spawn(move || travel(number as u64, &inbox, &senders, &finish))
        })
        .collect();
    for n in 0..SLEEPS {
        let delay = Duration::from_micros(n as u64 * 13 % 3_000 + 1);
        let traveller =
            Traveller { sleep: sleep(delay), not_before: Instant::now() + delay, hops: 0 };
        senders[n % threads].send(Some(traveller)).unwrap();
    }
    for n in 0..SLEEPS {
        finished.recv_timeout(Duration::from_secs(20)).unwrap_or_else(|_| panic!("lost after {n}"));
    }
    for sender in &senders {
        sender.send(None).unwrap();
    }
    for handle in handles {
        handle.join().unwrap();
    }
}

struct Traveller {
    sleep: Sleep,
    not_before: Instant,
    hops: u32,
}

type Senders = [std::sync::mpsc::Sender<Option<Traveller>>];

/// One thread: polls what it has, turns its timers if it has some, sends travellers on.
fn travel(
    number: u64,
    inbox: &std::sync::mpsc::Receiver<Option<Traveller>>,
    senders: &Senders,
    finish: &std::sync::mpsc::Sender<()>,
) {
    let mut random = fastrand::Rng::with_seed(number);
    // Half of the threads have a loop; on the others the fallback serves.
    let timers = number.is_multiple_of(2).then(Timers::new);
    let _installed = timers.clone().map(current::install);
    let mut batch = WakeBatch::new();
    let mut here: Vec<Traveller> = Vec::new();
    loop {
        loop {
            match inbox.try_recv() {
                Ok(Some(traveller)) => here.push(traveller),
                Ok(None) => return,
                Err(_) => break,
            }
        }
        if let Some(timers) = &timers {
            timers.turn(clock::now(), &mut batch);
            batch.wake_all();
        }
        let mut n = 0;
        while n < here.len() {
            let traveller = &mut here[n];
            if let Poll::Ready(()) = poll_once(&mut traveller.sleep) {
                assert!(Instant::now() >= traveller.not_before, "early");
                here.swap_remove(n);
                finish.send(()).unwrap();
                continue;
            }
            match random.u8(..16) {
                0 if traveller.hops < 20 => {
                    traveller.hops += 1;
                    let traveller = here.swap_remove(n);
                    let _ = senders[random.usize(..senders.len())].send(Some(traveller));
                    continue;
                }
                1 if traveller.hops < 20 => {
                    traveller.hops += 1;
                    let deadline = Instant::now() + Duration::from_micros(random.u64(..500));
                    traveller.not_before = deadline;
                    traveller.sleep.reset(deadline);
                }
                _ => {}
            }
            n += 1;
        }
        thread::yield_now();
    }
}
