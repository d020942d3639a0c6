//! Memory: what a task, a sleep and a connection keep while they wait.
//!
//! The figure is the growth of the resident memory. What the caller would hold anyway, the vector
//! of handles, is made and touched before, and a few things of the kind are made first, so that what
//! a runtime allocates once is not charged to the many.

use std::cell::Cell;
use std::net::TcpStream;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use super::timers::{far, register};
use crate::machine::{descriptors_max, resident_bytes};
use crate::peers::Peer;

/// How many of each kind are made before the first look at the memory.
const FIRST: usize = 100;
/// How many connections wait to be accepted at once: fewer than any listener's backlog.
const CONNECTS: usize = 50;
/// The buffer of an idle connection.
const BUFFER: usize = 64;
/// Descriptors left for the runtime's own use.
const DESCRIPTORS_SPARE: u64 = 500;

thread_local! {
    static POLLED: Cell<usize> = const { Cell::new(0) };
}

/// Waits for nothing, in a future of so many words.
struct Idle<const WORDS: usize> {
    _state: [u64; WORDS],
}

impl<const WORDS: usize> Future for Idle<WORDS> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        POLLED.set(POLLED.get() + 1);
        Poll::Pending
    }
}

pub(super) fn task_bytes<P: Peer, const WORDS: usize>(runtime: &mut P::Runtime, n: u64) -> f64 {
    P::run(runtime, async move {
        let mut tasks = touched(n);
        let (first, rest) = tasks.split_at_mut(FIRST.min(n as usize / 2));
        POLLED.set(0);
        spawn_idle::<P, WORDS>(first, first.len()).await;
        let before = resident_bytes();
        spawn_idle::<P, WORDS>(rest, n as usize).await;
        bytes_per(rest.len(), before)
    })
}

/// Fills the slots with idle tasks, and returns when `polled` tasks in all have been polled.
async fn spawn_idle<P: Peer, const WORDS: usize>(slots: &mut [Option<P::Join<()>>], polled: usize) {
    for slot in slots {
        *slot = Some(P::spawn(Idle { _state: [1; WORDS] }));
    }
    while POLLED.get() < polled {
        P::sleep(Duration::from_millis(1)).await;
    }
}

pub(super) fn sleep_bytes<P: Peer>(runtime: &mut P::Runtime, n: u64) -> f64 {
    P::run(runtime, async move {
        let mut sleeps = touched(n);
        let (first, rest) = sleeps.split_at_mut(FIRST.min(n as usize / 2));
        for slot in first {
            register(slot.insert(Box::pin(P::sleep(far(0)))).as_mut()).await;
        }
        let before = resident_bytes();
        for (slot, op) in rest.iter_mut().zip(0..) {
            register(slot.insert(Box::pin(P::sleep(far(op)))).as_mut()).await;
        }
        bytes_per(rest.len(), before)
    })
}

pub(super) fn conn_bytes<P: Peer>(runtime: &mut P::Runtime, n: u64) -> f64 {
    // Both ends of each connection are in this process.
    let n = n.min(descriptors_max().saturating_sub(DESCRIPTORS_SPARE) / 2);
    P::run(runtime, async move {
        let mut tasks = touched(n);
        let mut clients = touched(n);
        let first = FIRST.min(n as usize / 2);
        let (listener, address) = P::listen().await;
        let mut before = 0;
        for base in (0..n as usize).step_by(CONNECTS) {
            if base >= first && before == 0 {
                P::sleep(Duration::from_millis(20)).await;
                before = resident_bytes();
            }
            let end = (base + CONNECTS).min(n as usize);
            for client in &mut clients[base..end] {
                *client = Some(TcpStream::connect(address).expect("loopback connects"));
            }
            for task in &mut tasks[base..end] {
                *task = Some(P::spawn(P::echo(P::accept(&listener).await, BUFFER)));
            }
        }
        // In which every task has been polled and waits.
        P::sleep(Duration::from_millis(50)).await;
        bytes_per(n as usize - first.next_multiple_of(CONNECTS), before)
    })
}

/// A vector of empty places whose pages are resident.
pub(crate) fn touched<T>(n: u64) -> Vec<Option<T>> {
    let mut places = Vec::with_capacity(n as usize);
    places.resize_with(n as usize, || None);
    places
}

/// What each of `n` things that were made since took.
pub(crate) fn bytes_per(n: usize, before: u64) -> f64 {
    resident_bytes().saturating_sub(before) as f64 / n as f64
}
