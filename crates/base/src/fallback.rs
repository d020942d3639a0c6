//! The one thread that drives timers and descriptors without a corio loop.
//!
//! A `Sleep` polled by tokio, a socket polled by smol: somebody has to wait for them. The first time
//! that is so, this thread starts; it is named `corio-fallback`, is never joined, and sleeps while
//! nothing is to be waited for. Mechanisms hand it two things: a [`Turn`], called between waits,
//! which fires what is due and says when it wants to be called again; and, once, the [`Park`] it
//! waits in (the reactor's, so that descriptors wake it). Until one comes it parks as a plain thread.
//! Both run foreign wakers. One that panics is told of by the panic hook and stops nothing else: the
//! thread serves the whole process.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use crate::clock::{self, Time};
use crate::park::{Park, ThreadPark, Unparker, Wait};

/// A part of the work of the fallback thread.
pub trait Turn: Send {
    /// Does what is due at `now`, with no lock of its own held while wakers run, and returns the
    /// moment at which it has to be called again ([`Time::NEVER`]: only when unparked).
    fn turn(&mut self, now: Time) -> Time;
}

struct Shared {
    /// What the thread shall take over before its next wait.
    new_turns: Vec<Box<dyn Turn>>,
    new_park: Option<Box<dyn Park + Send>>,
    /// Ends the wait the thread is in, or is about to begin.
    unparker: Unparker,
}

fn shared() -> &'static Mutex<Shared> {
    static SHARED: OnceLock<Mutex<Shared>> = OnceLock::new();
    SHARED.get_or_init(|| {
        let park = ThreadPark::new();
        let shared = Shared { new_turns: Vec::new(), new_park: None, unparker: park.unparker() };
        std::thread::Builder::new()
            .name("corio-fallback".to_owned())
            .spawn(move || drive(Box::new(park)))
            .expect("the fallback thread starts: raise the limit on threads (ulimit -u)");
        Mutex::new(shared)
    })
}

fn lock() -> MutexGuard<'static, Shared> {
    shared().lock().unwrap_or_else(PoisonError::into_inner)
}

/// Gives the thread one more [`Turn`]; it is first called at once and never taken away.
pub fn drive_turn(turn: Box<dyn Turn>) {
    let unparker = {
        let mut shared = lock();
        shared.new_turns.push(turn);
        shared.unparker.clone()
    };
    unparker.unpark();
}

/// Makes the thread wait in `park` from now on. The last one given holds.
pub fn park_in(park: Box<dyn Park + Send>) {
    let next = park.unparker();
    let present = {
        let mut shared = lock();
        shared.new_park = Some(park);
        std::mem::replace(&mut shared.unparker, next)
    };
    present.unpark();
}

/// Makes the thread call its turns soon, from any thread.
pub fn unpark() {
    let unparker = lock().unparker.clone();
    unparker.unpark();
}

fn drive(mut park: Box<dyn Park + Send>) {
    let mut turns: Vec<Box<dyn Turn>> = Vec::new();
    loop {
        {
            let mut shared = lock();
            turns.append(&mut shared.new_turns);
            if let Some(new) = shared.new_park.take() {
                park = new;
            }
        }
        let now = clock::now();
        let next = turns.iter_mut().map(|turn| take_turn(&mut **turn, now)).min();
        let wait = match next {
            None | Some(Time::NEVER) => Wait::Forever,
            Some(next) => Wait::Until(next),
        };
        match catch_unwind(AssertUnwindSafe(|| park.park(wait))) {
            Ok(Ok(_)) | Err(_) => {}
            // Nobody can be told and nothing is lost: what waits here goes on waiting.
            Ok(Err(_)) => std::thread::sleep(PAUSE_AFTER_ERROR),
        }
    }
}

/// Keeps an error that lasts from taking a whole core.
const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(10);

/// When `turn` wants to be called again: after a panic soon, for nobody knows what it left undone.
fn take_turn(turn: &mut dyn Turn, now: Time) -> Time {
    let turned = catch_unwind(AssertUnwindSafe(|| turn.turn(now)));
    turned.unwrap_or_else(|_| now.saturating_add(PAUSE_AFTER_ERROR))
}
