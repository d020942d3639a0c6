//! Models of the waker cell: a wake after a register finds it, and no waker is lost or used twice.
#![cfg(loom)]

use std::sync::Arc as StdArc;
use std::sync::atomic::AtomicUsize as StdUsize;
use std::task::{Wake, Waker};

use corio_base::WakerCell;
use corio_base::loom::sync::Arc;
use corio_base::loom::sync::atomic::{AtomicUsize, Ordering};
use corio_base::loom::thread;

/// Counts its wakes; how many there are is no part of what a model explores.
#[derive(Default)]
struct Wakes(StdUsize);

impl Wake for Wakes {
    fn wake(self: StdArc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn wakes() -> (StdArc<Wakes>, Waker) {
    let wakes = StdArc::new(Wakes::default());
    (wakes.clone(), Waker::from(wakes))
}

impl Wakes {
    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// What the waker is for, beside the cell.
struct Shared {
    cell: WakerCell,
    ready: AtomicUsize,
}

fn shared() -> Arc<Shared> {
    Arc::new(Shared { cell: WakerCell::new(), ready: AtomicUsize::new(0) })
}

fn wake(shared: &Arc<Shared>) -> thread::JoinHandle<()> {
    let shared = Arc::clone(shared);
    thread::spawn(move || {
        // Relaxed: the cell has to carry it.
        shared.ready.fetch_add(1, Ordering::Relaxed);
        shared.cell.wake();
    })
}

/// Registers, then looks: what it does not see wakes it.
#[test]
fn seen_or_woken() {
    loom::model(|| {
        let shared = shared();
        let (wakes, waker) = wakes();
        let other = wake(&shared);
        shared.cell.register(&waker);
        let seen = shared.ready.load(Ordering::Relaxed);
        other.join().unwrap();
        assert!(seen == 1 || wakes.count() >= 1, "neither seen nor woken");
        drop((shared, waker));
        assert_eq!(StdArc::strong_count(&wakes), 1, "a waker is left");
    });
}

/// The same with two that wake.
#[test]
fn seen_or_woken_by_two() {
    loom::model(|| {
        let shared = shared();
        let (wakes, waker) = wakes();
        let others = [wake(&shared), wake(&shared)];
        shared.cell.register(&waker);
        let seen = shared.ready.load(Ordering::Relaxed);
        for other in others {
            other.join().unwrap();
        }
        assert!(seen == 2 || wakes.count() >= 1, "neither seen nor woken");
        drop((shared, waker));
        assert_eq!(StdArc::strong_count(&wakes), 1);
    });
}

/// Registered again with another waker: the one that stands is woken.
#[test]
fn the_last_registered_is_woken() {
    loom::model(|| {
        let shared = shared();
        let (first, one) = wakes();
        let (second, two) = wakes();
        shared.cell.register(&one);
        let other = wake(&shared);
        shared.cell.register(&two);
        let seen = shared.ready.load(Ordering::Relaxed);
        other.join().unwrap();
        assert!(seen == 1 || second.count() >= 1, "neither seen nor woken");
        assert!(first.count() + second.count() >= 1);
        drop((shared, one, two));
        assert_eq!((StdArc::strong_count(&first), StdArc::strong_count(&second)), (1, 1));
    });
}

/// Two threads take: one of them gets it.
#[test]
fn taken_once() {
    loom::model(|| {
        let shared = shared();
        let (wakes, waker) = wakes();
        shared.cell.register(&waker);
        let other = wake(&shared);
        if let Some(waker) = shared.cell.take() {
            waker.wake();
        }
        other.join().unwrap();
        assert_eq!(wakes.count(), 1);
    });
}
