//! Children that no descriptor stands for: looked at again and again, by the fallback thread.
//!
//! The last resort of `watch`. It takes no descriptor and no thread of its own, so it is there where the
//! system has neither pidfds nor kqueues, where a sandbox forbids them, and when the very last descriptor is
//! gone. `SIGCHLD` would tell the moment, but takes two descriptors, and any code that sets a handler of
//! its own takes it away; a thread for each child would hear of it, too, and be two hundred threads for two
//! hundred children.

use std::sync::{Arc, Mutex, MutexGuard, Once, PoisonError};
use std::time::Duration;

use corio_base::Time;
use corio_base::fallback::{self, Turn};

use crate::exit::Exit;

/// How long after its end such a child is reaped, at most. Looking costs half a microsecond: a hundred
/// children take half a percent of one core.
const INTERVAL: Duration = Duration::from_millis(10);

/// Those that may still run. Never held while a waker runs.
static ALL: Mutex<Vec<Arc<Exit>>> = Mutex::new(Vec::new());

fn all() -> MutexGuard<'static, Vec<Arc<Exit>>> {
    ALL.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Has `exit` looked at until it has ended.
pub(crate) fn add(exit: Arc<Exit>) {
    static DRIVEN: Once = Once::new();
    all().push(exit);
    DRIVEN.call_once(|| fallback::drive_turn(Box::new(Sweep)));
    fallback::unpark();
}

struct Sweep;

impl Turn for Sweep {
    fn turn(&mut self, now: Time) -> Time {
        // A waker that panics ends this turn; what is left stays in the list for the next one.
        let now_there = all().clone();
        for exit in &now_there {
            // `WouldBlock`: it runs.
            let _ = exit.reap();
        }
        drop(now_there);
        let (ended, is_empty) = {
            let mut all = all();
            let ended: Vec<_> = all.extract_if(.., |exit| exit.has_ended()).collect();
            (ended, all.is_empty())
        };
        drop(ended);
        if is_empty { Time::NEVER } else { now.saturating_add(INTERVAL) }
    }
}
