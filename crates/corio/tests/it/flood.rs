//! A loop that always has something to run still sees its sockets and timers, within a bound that is
//! counted in polls.

use std::cell::Cell;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::time::{Duration, Instant};

use corio::io::Io;
use corio::{sleep_until, yield_now};

use crate::util::{MS, bounded};

/// Between two looks lie at most this many polls, and what is left of a turn.
const POLLS_BETWEEN_LOOKS_MAX: u32 = corio_executor::cadence::POLLS_BETWEEN_LOOKS_MAX;

/// How long a poll of the flood takes: long enough that a loop that may ask the OS every 20 µs does
/// so every 128 polls.
const POLL: Duration = Duration::from_micros(1);

/// Tasks that never wait.
struct Flood {
    tasks: u32,
    polls: Cell<u32>,
    /// How many polls there had been at the first one after this moment.
    after: Cell<Option<Instant>>,
    polls_by_then: Cell<u32>,
}

impl Flood {
    fn begin(tasks: u32) -> Rc<Flood> {
        let flood = Rc::new(Flood {
            tasks,
            polls: Cell::new(0),
            after: Cell::new(None),
            polls_by_then: Cell::new(0),
        });
        for _ in 0..tasks {
            let flood = flood.clone();
            corio::spawn_local(async move {
                loop {
                    flood.poll();
                    yield_now().await;
                }
            });
        }
        flood
    }

    fn poll(&self) {
        let begun = Instant::now();
        self.polls.set(self.polls.get() + 1);
        if self.after.get().is_some_and(|moment| begun >= moment) {
            self.after.set(None);
            self.polls_by_then.set(self.polls.get());
        }
        while begun.elapsed() < POLL {
            std::hint::spin_loop();
        }
    }

    /// The look may be 128 polls away, and a turn has to end before it; then the task that was woken
    /// goes to the back of the queue. A few tasks are the test's own.
    fn bound(&self) -> u32 {
        POLLS_BETWEEN_LOOKS_MAX + 2 * (self.tasks + 4)
    }
}

const SIZES: [u32; 4] = [1, 10, 100, 1000];

#[test]
fn a_ready_socket_is_seen_within_the_bound() {
    bounded(|| {
        for tasks in SIZES {
            corio::run(async {
                let flood = Flood::begin(tasks);
                let (ours, mut theirs) = UnixStream::pair().unwrap();
                let ours = Io::new(ours).unwrap();
                for round in 0..20 {
                    let reader = corio::spawn_local({
                        let flood = flood.clone();
                        let ours = ours.get_ref().try_clone().unwrap();
                        async move {
                            let ours = Io::new(ours).unwrap();
                            ours.read_with(|mut socket| socket.read(&mut [0; 1])).await.unwrap();
                            flood.polls.get()
                        }
                    });
                    // It waits by now.
                    yield_now().await;
                    yield_now().await;
                    let written_at = flood.polls.get();
                    theirs.write_all(b"x").unwrap();
                    let late = reader.await.unwrap() - written_at;
                    assert!(
                        late <= flood.bound(),
                        "{tasks} tasks, round {round}: {late} polls, not {}",
                        flood.bound()
                    );
                }
            });
        }
    });
}

#[test]
fn a_due_timer_is_seen_within_the_bound() {
    bounded(|| {
        for tasks in SIZES {
            corio::run(async {
                let flood = Flood::begin(tasks);
                for round in 0..20 {
                    let deadline = Instant::now() + 2 * MS;
                    flood.after.set(Some(deadline));
                    sleep_until(deadline).await;
                    assert!(Instant::now() >= deadline);
                    // The loop may have seen the deadline pass before a task of the flood did.
                    if flood.after.take().is_some() {
                        continue;
                    }
                    let late = flood.polls.get() - flood.polls_by_then.get();
                    assert!(
                        late <= flood.bound(),
                        "{tasks} tasks, round {round}: {late} polls, not {}",
                        flood.bound()
                    );
                }
            });
        }
    });
}

/// A task that reads what never ends gives way to the others.
#[test]
fn a_socket_that_is_always_ready_starves_nobody() {
    bounded(|| {
        corio::run(async {
            let (ours, mut theirs) = UnixStream::pair().unwrap();
            // Bytes enough for every read, written before.
            theirs.set_nonblocking(true).unwrap();
            while theirs.write(&[7; 4096]).is_ok() {}
            let ours = Io::new(ours).unwrap();
            let reads = Rc::new(Cell::new(0u64));
            let counter = reads.clone();
            let reader = corio::spawn_local(async move {
                loop {
                    ours.read_with(|mut socket| socket.read(&mut [0; 1])).await.unwrap();
                    counter.set(counter.get() + 1);
                }
            });
            // Until the loop has looked and told it of the first byte.
            while reads.get() == 0 {
                yield_now().await;
            }
            let turns = 5;
            let before = reads.get();
            for _ in 0..turns {
                yield_now().await;
            }
            let a_turn = corio_base::budget::READY_PER_POLL_MAX;
            assert!(reads.get() - before <= (turns + 1) * a_turn);
            reader.abort();
        });
    });
}
