//! Models of the readiness word, of a wait, and of the unpark word, in all interleavings.
#![cfg(loom)]

use std::io::ErrorKind;
use std::task::{Poll, Wake, Waker};

use corio_base::{Wait, WakeBatch};
use corio_reactor::model::{
    Cleared, Drained, Owner, ReadyState, Slot, ToDo, UnparkState, Waitable, WaiterId, Watch,
    WatchLists,
};
use corio_reactor::{Direction, Edges, Ready, Told};
use loom::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;

/// Counts wakes. In std's Arc, which a `Waker` asks for.
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: std::sync::Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn woken() -> (std::sync::Arc<Woken>, Waker) {
    let woken = std::sync::Arc::new(Woken(AtomicUsize::new(0)));
    (woken.clone(), Waker::from(woken))
}

/// A reader whose attempts race with an edge: whatever the order, it has the data, or the word says
/// readable, or it waits and was woken.
#[test]
fn an_edge_between_the_attempt_and_the_clear_is_not_lost() {
    loom::model(|| {
        let waitable = Arc::new(Waitable::new(Ready::READABLE, Drained::AfterShort));
        let data = Arc::new(AtomicBool::new(false));
        let reactor = thread::spawn({
            let (waitable, data) = (waitable.clone(), data.clone());
            move || {
                // The kernel has the data first, then tells. A swap, not a store: loom would let
                // the reader's swap overlook a store that it had not overtaken.
                data.swap(true, Ordering::AcqRel);
                let mut batch = WakeBatch::new();
                waitable.deliver(Ready::READABLE, Ready::READABLE, &mut batch);
                batch.wake_all();
            }
        });
        let (woken, waker) = woken();
        let mut id = WaiterId::new(Direction::Read);
        let got = loop {
            let Poll::Ready(seen) = waitable.poll_ready(&mut id, &waker, &mut false) else {
                break false;
            };
            if data.swap(false, Ordering::AcqRel) {
                break true;
            }
            let _ = waitable.state.clear(Direction::Read, seen);
        };
        reactor.join().unwrap();
        if !got {
            assert_eq!(woken.0.load(Ordering::SeqCst), 1, "the waiter sleeps for ever");
            assert!(waitable.state.load().ends_wait(Direction::Read));
        }
    });
}

/// A short read clears; an edge that the snapshot had not seen stays.
#[test]
fn a_short_read_does_not_clear_a_new_edge() {
    loom::model(|| {
        let state = Arc::new(ReadyState::new(Ready::READABLE, Drained::AfterShort));
        let seen = state.load();
        let reactor = thread::spawn({
            let state = state.clone();
            move || state.set(Ready::READABLE)
        });
        let _ = state.clear_after_short(Direction::Read, seen);
        reactor.join().unwrap();
        assert!(state.load().ends_wait(Direction::Read));
    });
}

/// The two directions clear at the same time; neither brings back or takes away the other's flag.
#[test]
fn directions_clear_independently() {
    loom::model(|| {
        let ready = Ready::READABLE | Ready::WRITABLE;
        let state = Arc::new(ReadyState::new(ready, Drained::AfterShort));
        let seen = state.load();
        let writer = thread::spawn({
            let state = state.clone();
            move || assert_eq!(state.clear(Direction::Write, seen), Cleared::Wait)
        });
        assert_eq!(state.clear(Direction::Read, seen), Cleared::Wait);
        writer.join().unwrap();
        assert_eq!(state.load().ready(), Ready::EMPTY);
    });
}

/// A wait that begins while the reactor ends hears of it.
#[test]
fn a_shut_down_reaches_a_waiter_that_comes_at_the_same_time() {
    loom::model(|| {
        let waitable = Arc::new(Waitable::new(Ready::EMPTY, Drained::AfterShort));
        let reactor = thread::spawn({
            let waitable = waitable.clone();
            move || {
                let mut batch = WakeBatch::new();
                waitable.shut_down(&mut batch);
                batch.wake_all();
            }
        });
        let (woken, waker) = woken();
        let poll =
            waitable.poll_ready(&mut WaiterId::poll_form(Direction::Read), &waker, &mut false);
        reactor.join().unwrap();
        match poll {
            Poll::Ready(seen) => assert!(seen.is_shut_down()),
            Poll::Pending => assert_eq!(woken.0.load(Ordering::SeqCst), 1),
        }
    });
}

/// A future that is dropped while the reactor wakes it leaves nothing behind, and another future
/// that waits beside it is woken all the same.
#[test]
fn a_dropped_waiter_takes_nobody_with_it() {
    loom::model(|| {
        let waitable = Arc::new(Waitable::new(Ready::EMPTY, Drained::AfterShort));
        let (_, dropped_waker) = woken();
        let (woken, waker) = woken();
        let (mut dropped, mut waits) =
            (WaiterId::new(Direction::Read), WaiterId::new(Direction::Read));
        let poll = waitable.poll_ready(&mut dropped, &dropped_waker, &mut false);
        assert!(poll.is_pending());
        assert!(waitable.poll_ready(&mut waits, &waker, &mut false).is_pending());
        let reactor = thread::spawn({
            let waitable = waitable.clone();
            move || {
                let mut batch = WakeBatch::new();
                waitable.deliver(Ready::READABLE, Ready::READABLE, &mut batch);
                batch.wake_all();
            }
        });
        waitable.remove(dropped);
        reactor.join().unwrap();
        assert_eq!(woken.0.load(Ordering::SeqCst), 1);
    });
}

/// A watched descriptor: its word, and what the registry has of it under its lock.
struct Watched {
    waitable: Waitable,
    registry: Mutex<Listing>,
    list: u32,
    /// What the kernel has, as a count of edges.
    data: AtomicUsize,
}

struct Listing {
    lists: WatchLists,
    watch: Watch,
    at: u32,
}

impl Watched {
    fn new(owner: Waker) -> Watched {
        let mut lists = WatchLists::new();
        let list = lists.open(std::sync::Arc::new(Owner(owner)));
        let waitable = Waitable::new(Ready::EMPTY, Drained::AfterShort);
        let registry = Mutex::new(Listing { lists, watch: Watch::new(list, 7), at: 0 });
        Watched { waitable, registry, list, data: AtomicUsize::new(0) }
    }

    /// An edge, as the registry takes it in: to the word where it is loud, to the list; the wakes without the
    /// lock.
    fn edge(&self) {
        self.data.fetch_add(1, Ordering::AcqRel);
        let mut batch = WakeBatch::new();
        {
            let Listing { lists, watch, at } = &mut *self.registry.lock().unwrap();
            if !watch.is_quiet() {
                self.waitable.deliver(Ready::READABLE, Ready::READABLE, &mut batch);
            }
            lists.tell(*watch, at, Told::of(Ready::READABLE), &mut batch);
        }
        batch.wake_all();
    }

    /// As the registry's.
    fn speak_up(&self) {
        let mut batch = WakeBatch::new();
        {
            let Listing { watch, .. } = &mut *self.registry.lock().unwrap();
            if watch.is_quiet() {
                *watch = watch.loud();
                self.waitable.deliver(Ready::READABLE, Ready::READABLE, &mut batch);
            }
        }
        batch.wake_all();
    }

    /// Somebody who has a waker, and not the list, begins to wait. Whether that is over at once.
    fn begin_a_wait(&self, waker: &Waker) -> bool {
        let mut id = WaiterId::new(Direction::Read);
        let mut is_first = false;
        let poll = self.waitable.poll_ready(&mut id, waker, &mut is_first);
        if is_first {
            self.speak_up();
        }
        poll.is_ready()
    }

    /// As the registry's `set_watch`, for the one who watches it already.
    fn watch_again(&self) {
        let Listing { watch, .. } = &mut *self.registry.lock().unwrap();
        let new = Watch::new(self.list, 7);
        *watch = if self.waitable.forget_waits() { new } else { new.loud() };
    }

    /// What its owner does when it is woken: takes the list, then tries until nothing is there. How much
    /// it got.
    fn serve(&self, edges: &Edges) -> usize {
        let mut told = Vec::new();
        self.registry.lock().unwrap().lists.take(self.list, &mut told);
        assert!(told.len() <= 1, "listed twice");
        told.iter().for_each(|(_, told)| edges.add(*told));
        let mut got = 0;
        while edges.is_worth_a_try(Direction::Read) {
            match self.data.swap(0, Ordering::AcqRel) {
                0 => assert!(edges.failed(Direction::Read, ErrorKind::WouldBlock.into()).is_ok()),
                some => got += some,
            }
        }
        got
    }
}

fn unknown() -> Edges {
    Edges::new(Ready::EMPTY, Drained::AfterShort, false)
}

/// Two edges race with the owner's turns: whatever the order, it has them, or it was woken again and a
/// turn that comes then has them.
#[test]
fn no_edge_of_a_watched_descriptor_is_lost() {
    loom::model(|| {
        let (woken, waker) = woken();
        let watched = Arc::new(Watched::new(waker));
        let reactor = thread::spawn({
            let watched = watched.clone();
            move || {
                watched.edge();
                watched.edge();
            }
        });
        let edges = unknown();
        let mut got = 0;
        let mut turns = 0;
        for _ in 0..2 {
            if woken.0.load(Ordering::SeqCst) > turns {
                turns = woken.0.load(Ordering::SeqCst);
                got += watched.serve(&edges);
            }
        }
        reactor.join().unwrap();
        if got < 2 {
            assert!(woken.0.load(Ordering::SeqCst) > turns, "the owner sleeps for ever");
            got += watched.serve(&edges);
        }
        assert_eq!(got, 2);
    });
}

/// Somebody waits with a waker for a descriptor whose list alone was told so far, while an edge comes: it is
/// ready at once, or woken.
#[test]
fn who_waits_beside_a_watch_misses_no_edge() {
    loom::model(|| {
        let watched = Arc::new(Watched::new(Waker::noop().clone()));
        let reactor = thread::spawn({
            let watched = watched.clone();
            move || watched.edge()
        });
        let (woken, waker) = woken();
        let is_ready = watched.begin_a_wait(&waker);
        reactor.join().unwrap();
        let is_told = woken.0.load(Ordering::SeqCst) == 1 || is_ready;
        assert!(is_told, "the waiter sleeps for ever");
        assert!(watched.waitable.state.load().ends_wait(Direction::Read));
    });
}

/// The same while the watch begins, which takes away the mark of those who waited before.
#[test]
fn who_waits_while_a_watch_begins_misses_no_edge() {
    loom::model(|| {
        let watched = Arc::new(Watched::new(Waker::noop().clone()));
        // Somebody has waited, and does no more: it is loud.
        let mut gone = WaiterId::new(Direction::Read);
        let mut is_first = false;
        let _ = watched.waitable.poll_ready(&mut gone, Waker::noop(), &mut is_first);
        watched.waitable.remove(gone);
        {
            let Listing { watch, .. } = &mut *watched.registry.lock().unwrap();
            *watch = watch.loud();
        }
        let owner = thread::spawn({
            let watched = watched.clone();
            move || {
                watched.watch_again();
                watched.edge();
            }
        });
        let (woken, waker) = woken();
        let is_ready = watched.begin_a_wait(&waker);
        owner.join().unwrap();
        let is_told = woken.0.load(Ordering::SeqCst) >= 1 || is_ready;
        assert!(is_told, "the waiter sleeps for ever");
    });
}

/// The first waiter and the first edge at once: one of them sees the other. Afterwards, a second wait.
#[test]
fn the_first_waiter_is_found_by_an_edge_that_takes_no_lock_without_one() {
    loom::model(|| {
        let waitable = Arc::new(Waitable::new(Ready::EMPTY, Drained::AfterShort));
        let reactor = thread::spawn({
            let waitable = waitable.clone();
            move || {
                let mut batch = WakeBatch::new();
                waitable.deliver(Ready::READABLE, Ready::READABLE, &mut batch);
                batch.wake_all();
            }
        });
        let (woken, waker) = woken();
        let mut id = WaiterId::new(Direction::Read);
        let poll = waitable.poll_ready(&mut id, &waker, &mut false);
        reactor.join().unwrap();
        assert_eq!(woken.0.load(Ordering::SeqCst), usize::from(poll.is_pending()));
        assert!(waitable.state.load().ends_wait(Direction::Read));
    });
}

/// The system's part of an unpark: stays signalled until a wait has seen it.
#[derive(Default)]
struct Signal {
    up: Mutex<bool>,
    changed: Condvar,
}

impl Signal {
    fn signal(&self) {
        *self.up.lock().unwrap() = true;
        self.changed.notify_one();
    }

    fn wait(&self, wait: Wait) {
        let mut up = self.up.lock().unwrap();
        while !*up && wait != Wait::Poll {
            up = self.changed.wait(up).unwrap();
        }
        *up = false;
    }
}

/// Two threads hand over work and unpark; the loop parks until it has it all. A lost unpark is a
/// deadlock, which loom reports; work that is not seen after the park is one, too.
#[test]
fn no_unpark_is_lost_and_a_storm_signals_once_a_park() {
    no_unpark_is_lost(false);
}

/// The same with no descriptor registered: the signal is then the thread's own.
#[test]
fn no_unpark_of_a_loop_without_descriptors_is_lost() {
    no_unpark_is_lost(true);
}

fn no_unpark_is_lost(alone: bool) {
    let expected = if alone { ToDo::Thread } else { ToDo::Signal };
    let mut model = loom::model::Builder::new();
    // Three threads in a loop: with more switches than that a run takes hours.
    model.preemption_bound = Some(2);
    model.check(move || {
        let state = Arc::new(UnparkState::new());
        let signal = Arc::new(Signal::default());
        // Relaxed: only the unpark word orders the work before its being seen.
        let work = Arc::new(AtomicUsize::new(0));
        let others: Vec<_> = (0..2)
            .map(|_| {
                let (state, signal, work) = (state.clone(), signal.clone(), work.clone());
                thread::spawn(move || {
                    work.fetch_add(1, Ordering::Relaxed);
                    match state.unpark() {
                        ToDo::Nothing => {}
                        todo => {
                            assert_eq!(todo, expected);
                            signal.signal();
                        }
                    }
                })
            })
            .collect();
        while work.load(Ordering::Relaxed) < 2 {
            let wait = state.begin(Wait::Forever, alone);
            signal.wait(wait);
            state.end();
        }
        for other in others {
            other.join().unwrap();
        }
    });
}

/// A loop that has no descriptor waits alone, and goes by a number that it reads without the registry's lock. Two
/// threads register one each, of which the first unparks the loop: it finds that it is not alone any more.
#[test]
fn the_first_descriptor_ends_a_wait_without_any() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(2);
    model.check(|| {
        let state = Arc::new(UnparkState::new());
        let signal = Arc::new(Signal::default());
        let registry = Arc::new(Mutex::new(0));
        // Relaxed: as in the registry, which counts under its lock.
        let here = Arc::new(AtomicUsize::new(0));
        let others: Vec<_> = (0..2)
            .map(|_| {
                let (state, signal) = (state.clone(), signal.clone());
                let (registry, here) = (registry.clone(), here.clone());
                thread::spawn(move || {
                    let is_first = {
                        let mut used = registry.lock().unwrap();
                        *used += 1;
                        here.store(*used, Ordering::Relaxed);
                        *used == 1
                    };
                    if is_first && state.unpark() == ToDo::Thread {
                        signal.signal();
                    }
                })
            })
            .collect();
        while here.load(Ordering::Relaxed) == 0 {
            let wait = state.begin(Wait::Forever, true);
            signal.wait(wait);
            state.end();
        }
        for other in others {
            other.join().unwrap();
        }
    });
}

/// What is seen as another number by who does not see all that came before it.
fn seven() -> Arc<AtomicUsize> {
    let number = Arc::new(AtomicUsize::new(0));
    number.store(7, Ordering::Relaxed);
    number
}

/// Two threads use a descriptor first at once: one thing is made, both have it and see all of it.
#[test]
fn a_slot_is_filled_once_and_seen_whole() {
    loom::model(|| {
        let slot = Arc::new(Slot::<AtomicUsize>::empty());
        let lock = Arc::new(Mutex::new(()));
        let made = Arc::new(AtomicUsize::new(0));
        let first_use = {
            let (slot, lock, made) = (slot.clone(), lock.clone(), made.clone());
            move || {
                let filled = slot.get_or_fill(
                    || lock.lock().unwrap(),
                    || {
                        made.fetch_add(1, Ordering::Relaxed);
                        Ok::<_, ()>(seven())
                    },
                );
                assert_eq!(filled.unwrap().load(Ordering::Relaxed), 7);
            }
        };
        let other = thread::spawn(first_use.clone());
        first_use();
        other.join().unwrap();
        assert_eq!(made.load(Ordering::Relaxed), 1, "filled twice");
    });
}
