//! Models of `handoff.rs`: no job is left lying while a thread sleeps, and no thread sleeps past the end.
#![cfg(loom)]

use std::sync::PoisonError;
use std::time::Duration;

use corio_base::loom::sync::atomic::{AtomicBool, Ordering};
use corio_base::loom::sync::{Arc, Condvar, Mutex};
use corio_base::loom::thread;
use corio_blocking::handoff::{Handoff, Next, Role, Seat};

/// Nobody is reaped.
const FOR_EVER: Duration = Duration::from_secs(1 << 30);

/// A looker that finds a job calls a taker beside the next looker.
const ROOM: usize = 3;

/// A pool whose jobs are counted, and whose model ends in a deadlock if one is not run.
#[derive(Clone)]
struct World(Arc<Inner>);

struct Inner {
    handoff: Handoff<usize>,
    run: Mutex<Vec<usize>>,
    ran: Condvar,
}

impl World {
    fn new(threads_max: usize, keep_alive: Duration) -> World {
        World(Arc::new(Inner {
            handoff: Handoff::new(threads_max, keep_alive),
            run: Mutex::new(Vec::new()),
            ran: Condvar::new(),
        }))
    }

    fn handoff(&self) -> &Handoff<usize> {
        &self.0.handoff
    }

    fn push(&self, item: usize) {
        let next = self.handoff().push(item).expect("not closed");
        self.follow(next);
    }

    fn push_elsewhere(&self, item: usize) -> thread::JoinHandle<()> {
        let world = self.clone();
        thread::spawn(move || world.push(item))
    }

    fn follow(&self, next: Next) {
        for role in next.roles() {
            let world = self.clone();
            thread::spawn(move || world.thread(role));
        }
    }

    fn thread(&self, role: Role) {
        let mut seat = Seat::new(role);
        while let Some((item, next)) = self.handoff().take(&mut seat, || ROOM, || ()) {
            self.follow(next);
            self.note_run(item);
        }
        self.handoff().leave();
    }

    /// A thread whose second job lasts until the gate opens. No thread that it is to start does start.
    fn slow_thread(&self, gate: &Gate) {
        let mut seat = Seat::new(Role::Looks);
        let mut jobs = 0;
        while let Some((item, next)) = self.handoff().take(&mut seat, || self.room(1), || ()) {
            next.roles().for_each(|role| assert!(!self.handoff().not_started(role)));
            self.note_run(item);
            jobs += 1;
            if jobs == 2 {
                gate.pass();
            }
        }
        self.handoff().leave();
    }

    /// The looker alone is asked, and nobody has taken the word from it. For the models with few threads: with
    /// more, one more load a job makes them take three times as long.
    fn room(&self, room: usize) -> usize {
        assert!(self.handoff().is_looked_into(), "two look, or one that was not called to");
        room
    }

    fn note_run(&self, item: usize) {
        self.0.run.lock().unwrap_or_else(PoisonError::into_inner).push(item);
        self.0.ran.notify_all();
    }

    /// Waits until so many have run: for ever, if one is left lying.
    fn await_run(&self, count: usize) -> Vec<usize> {
        let mut run = self.0.run.lock().unwrap();
        while run.len() < count {
            run = self.0.ran.wait(run).unwrap();
        }
        run.clone()
    }

    /// Each has run, once.
    fn await_all(&self, count: usize) {
        let mut items = self.await_run(count);
        items.sort_unstable();
        assert_eq!(items, (0..count).collect::<Vec<_>>());
    }

    fn end(&self) {
        self.handoff().close();
        assert!(self.handoff().push(9).is_err());
        assert!(self.handoff().wait_until_left(0, FOR_EVER));
    }
}

/// Shut until it is opened.
#[derive(Default)]
struct Gate {
    is_open: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    fn open(&self) {
        *self.is_open.lock().unwrap() = true;
        self.opened.notify_all();
    }

    fn pass(&self) {
        let mut is_open = self.is_open.lock().unwrap();
        while !*is_open {
            is_open = self.opened.wait(is_open).unwrap();
        }
    }
}

/// The second job comes as the thread that ran the first looks, falls asleep, or sleeps.
#[test]
fn a_push_against_a_thread_that_falls_asleep() {
    loom::model(|| {
        let world = World::new(1, FOR_EVER);
        world.push(0);
        world.push(1);
        world.await_all(2);
        world.end();
    });
}

/// One that relies on the looker, or on the word that another one has set for nobody.
#[test]
fn two_who_push_and_one_thread() {
    loom::model(|| {
        let world = World::new(1, FOR_EVER);
        world.push(0);
        let other = world.push_elsewhere(1);
        world.push(2);
        world.await_all(3);
        other.join().unwrap();
        world.end();
    });
}

/// The looker that finds a job calls the next thread for what is left.
#[test]
fn two_threads_and_a_chain_of_calls() {
    loom::model(|| {
        let world = World::new(2, FOR_EVER);
        world.push(0);
        world.push(1);
        world.await_all(2);
        world.end();
    });
}

/// The looker that finds a job calls one to look and one to take, and both are told of the end.
#[test]
fn three_threads_and_a_taker() {
    loom::model(|| {
        let world = World::new(3, FOR_EVER);
        for item in 0..3 {
            world.push(item);
        }
        world.await_all(3);
        world.end();
    });
}

/// Threads that fall asleep, or have, are called to take as others push.
#[test]
fn takers_and_two_who_push() {
    loom::model(|| {
        let world = World::new(2, FOR_EVER);
        world.push(0);
        world.push(1);
        world.await_run(1);
        let other = world.push_elsewhere(2);
        world.push(3);
        world.await_all(4);
        other.join().unwrap();
        world.end();
    });
}

/// A thread that goes for want of work, as a job comes.
#[test]
fn a_push_against_a_thread_that_is_reaped() {
    loom::model(|| {
        let world = World::new(1, Duration::ZERO);
        world.push(0);
        world.push(1);
        world.await_all(2);
        world.end();
    });
}

/// The end, as a thread falls asleep: it leaves.
#[test]
fn a_close_against_a_thread_that_falls_asleep() {
    loom::model(|| {
        let world = World::new(1, FOR_EVER);
        world.push(0);
        world.handoff().close();
        assert!(world.handoff().wait_until_left(0, FOR_EVER));
        let left = world.handoff().drain().count();
        assert_eq!(world.await_run(0).len() + left, 1);
    });
}

/// A thread that cannot be started: the job stays for the next start, or is drained.
#[test]
fn a_thread_that_does_not_start_against_another_push() {
    loom::model(|| {
        let world = World::new(1, FOR_EVER);
        assert_eq!(world.handoff().push(0), Ok(Next::START_LOOKER));
        let other = world.push_elsewhere(1);
        assert!(world.handoff().not_started(Role::Looks));
        let drained = world.handoff().drain().count();
        other.join().unwrap();
        // What was not drained came after it, and has a thread.
        world.await_run(2 - drained);
        world.end();
    });
}

/// A thread that cannot be started, as the one that is there falls asleep and relies on it.
#[test]
fn a_thread_that_does_not_start_against_one_that_falls_asleep() {
    loom::model(|| {
        let world = World::new(2, FOR_EVER);
        world.push(0);
        let next = world.handoff().push(1).expect("not closed");
        if next == Next::START_LOOKER {
            assert!(!world.handoff().not_started(Role::Looks));
        }
        world.push(2);
        world.await_all(3);
        world.end();
    });
}

/// A thread that is called to take between its entry among those asleep and its last look at the queue, at which
/// it finds that nobody looks: then it does, or the word stays at LOOKING for nobody.
///
/// One thread is the pool's; two others, which take a job each and are at work from then on, are played by the
/// model. What has to fall between which steps takes three changes of thread that nothing forces.
#[test]
fn a_thread_that_falls_asleep_is_called_to_take_and_looks() {
    const CHANGES: usize = 3;
    let mut models = loom::model::Builder::new();
    models.preemption_bound = Some(CHANGES);
    models.check(|| {
        let world = World::new(3, FOR_EVER);
        let gate = Arc::new(Gate::default());
        assert_eq!(world.handoff().push(0), Ok(Next::START_LOOKER));
        let pools = thread::spawn({
            let (world, gate) = (world.clone(), gate.clone());
            move || world.slow_thread(&gate)
        });
        world.await_run(1);
        let mut roles: Vec<Role> = Vec::new();
        for item in 1..5 {
            roles.extend(world.handoff().push(item).expect("not closed").roles());
        }
        let mut played = 0;
        // The pool's takes one at most before the gate opens: there is one for each.
        while let Some(role) = roles.pop() {
            let mut seat = Seat::new(role);
            let taken = world.handoff().take(&mut seat, || world.room(ROOM), || ());
            let (item, next) = taken.expect("not closed");
            roles.extend(next.roles());
            world.note_run(item);
            played += 1;
        }
        gate.open();
        world.await_all(5);
        let next = world.handoff().push(5).expect("not closed");
        next.roles().for_each(|role| assert!(!world.handoff().not_started(role)));
        world.await_all(6);
        world.handoff().close();
        (0..played).for_each(|_| world.handoff().leave());
        assert!(world.handoff().wait_until_left(0, FOR_EVER));
        pools.join().unwrap();
    });
}

/// A job that came just before the end: no thread is started for it once the last one has left.
#[test]
fn a_push_against_the_end_of_a_pool_without_threads() {
    loom::model(|| {
        let world = World::new(1, FOR_EVER);
        let has_left = Arc::new(AtomicBool::new(false));
        let pushes = thread::spawn({
            let (world, has_left) = (world.clone(), has_left.clone());
            move || {
                if world.handoff().push(0) == Ok(Next::START_LOOKER) {
                    assert!(!has_left.load(Ordering::Acquire), "all have left, and one comes");
                    world.handoff().leave();
                }
            }
        });
        world.handoff().close();
        assert!(world.handoff().wait_until_left(0, FOR_EVER));
        has_left.store(true, Ordering::Release);
        pushes.join().unwrap();
    });
}

/// The last thread that was expected does not start, as somebody waits for all to leave.
#[test]
fn a_thread_that_does_not_start_against_the_wait_for_all_to_leave() {
    for role in [Role::Looks, Role::Takes] {
        loom::model(move || {
            let world = World::new(1, FOR_EVER);
            assert_eq!(world.handoff().push(0), Ok(Next::START_LOOKER));
            let ends = thread::spawn({
                let world = world.clone();
                move || {
                    world.handoff().close();
                    assert!(world.handoff().wait_until_left(0, FOR_EVER));
                }
            });
            assert!(world.handoff().not_started(role));
            ends.join().unwrap();
        });
    }
}
