//! Models with debug mode on, where the words have bits of its own: a record is never left behind, is marked as
//! granted if its wait is, and never in place of another one that has its number by now.
//!
//! The switch is the process's, so these models are a test binary by themselves. The book is made anew in each
//! run of a model.
#![cfg(loom)]

#[path = "loom_debug/channel.rs"]
mod channel;
#[path = "loom_debug/mutex.rs"]
mod mutex;
#[path = "loom_debug/notify.rs"]
mod notify;
#[path = "loom_debug/oneshot.rs"]
mod oneshot;
#[path = "loom_debug/permits.rs"]
mod permits;
#[path = "loom/support.rs"]
mod support;
#[path = "loom_debug/wait_list.rs"]
mod wait_list;

use std::future::Future;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Once;
use std::task::{Context, Poll, Waker};

use corio_base::loom::sync::Arc;
use corio_base::loom::sync::atomic::{AtomicUsize, Ordering};
use corio_base::loom::thread::{self, JoinHandle};
use corio_trace::book::Leaf;
use corio_trace::book::model::records;
use corio_trace::{Wait, WaitKind, set_enabled};

use support::{block_on, wakes};

/// Turns the switch, which looks into the book, so it is a model of its own: a run in which it was turned would
/// differ from the next one.
static TURNED: Once = Once::new();

/// Runs a model with debug mode on. Each run has to leave the book empty.
fn explore(model: impl Fn() + Send + Sync + 'static) {
    TURNED.call_once(|| loom::model(|| set_enabled(true)));
    loom::model(move || {
        model();
        assert_eq!(records(), [], "left in the book");
    });
}

/// What two threads pass between their steps: loom tries either order of them.
///
/// It keeps no more than the last access to a word, so it overlooks that one's look races with the exchange of
/// another, who looks first, too. Of two read-modify-writes it overlooks none.
#[derive(Clone)]
struct Gate(Arc<AtomicUsize>);

impl Gate {
    fn pass(&self) {
        // Relaxed: it must not order what else they do.
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Does `work` on another thread, between two passes of the gate.
fn beside<T: 'static>(work: impl FnOnce() -> T + 'static) -> (JoinHandle<T>, Gate) {
    let gate = Gate(Arc::new(AtomicUsize::new(0)));
    let theirs = gate.clone();
    let other = thread::spawn(move || {
        theirs.pass();
        let done = work();
        theirs.pass();
        done
    });
    (other, gate)
}

/// Of the waits in the book, which are marked as granted. For a moment when no other thread runs.
fn granted() -> Vec<bool> {
    let records = records();
    assert!(records.iter().all(|record| record.waits || !record.granted), "a guard is no wait");
    records.iter().filter(|record| record.waits).map(|record| record.granted).collect()
}

/// Another wait, which takes the number that this thread has given back last.
fn next_wait() -> Leaf {
    let mut leaf = Leaf::new();
    let place = Location::caller();
    leaf.wait(|| Wait { kind: WaitKind::Event, object: 7, owner: None, place });
    leaf
}

fn poll<F: Future>(future: Pin<&mut F>, waker: &Waker) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(waker))
}
