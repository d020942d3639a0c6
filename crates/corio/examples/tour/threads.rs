//! A wake from another thread.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

use crate::page::{Page, median};

const SOURCE: &str = include_str!("threads.rs");

// [bell]
/// Rung on one thread, awaited on another. Nothing here knows corio: any waker will do.
#[derive(Default)]
struct Bell(Mutex<(Option<Instant>, Option<Waker>)>);

impl Bell {
    fn ring(&self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.0 = Some(Instant::now());
        let waker = state.1.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    async fn rung(&self) -> Instant {
        poll_fn(|context| {
            let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            state.1 = Some(context.waker().clone());
            state.0.take().map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }
}
// [end]

/// Rings a bell on another thread, and spawns from there.
///
/// # Errors
/// If the spawned task did not end well.
pub async fn stop(page: &mut Page) -> Result<(), corio::task::JoinError> {
    page.stop("Other threads");
    page.say("A waker works from any thread, at any moment.");
    page.code(SOURCE, "bell");
    let bell = Arc::new(Bell::default());
    let (ask, asked) = std::sync::mpsc::channel();
    let ringer = std::thread::spawn({
        let bell = Arc::clone(&bell);
        move || {
            for () in asked {
                std::thread::sleep(Duration::from_millis(2)); // by then the loop sleeps as well
                bell.ring();
            }
        }
    });
    let mut late = Vec::new();
    while late.len() < 100 && ask.send(()).is_ok() {
        late.push(bell.rung().await.elapsed());
    }
    drop(ask);
    let _ = ringer.join();
    let middle = median(&mut late);
    page.result(format_args!("from the ring to the task, through a sleeping loop: {middle:.1?}"));

    page.say("A Handle spawns from there, too.");
    page.code(SOURCE, "handle");
    // [handle]
    let handle = corio::Handle::current();
    let (send, receive) = std::sync::mpsc::channel();
    let other = std::thread::spawn(move || {
        let task = handle.spawn(async { std::thread::current().id() });
        let _ = send.send(task);
    });
    // [end]
    let _ = other.join();
    if let Ok(task) = receive.recv() {
        let here = task.await? == std::thread::current().id();
        page.result(format_args!("the task ran on the loop's own thread: {here}"));
    }
    Ok(())
}
