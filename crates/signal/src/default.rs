//! The default action of a signal, where the program has asked for it back.
//!
//! The registry keeps its handler for good, so a signal that was watched once never comes to the system's own
//! action again. This gives it back: an action of the registry that does, when nobody here watches, what
//! the system would have done.
//!
//! ```text
//!   Theirs ──1 count──▶ Watched ──2 uncount, the last one──▶ Ignored
//!                         ▲  └──3 restore, and the last one is gone──▶ Default
//!                         └──────────────── 1 count ────────────────────┘
//! ```
//!
//! It holds only for a signal that had its default action before corio watched it first. A program that had
//! a handler, or ignores the signal (`nohup`), has that again without anybody's help: the registry
//! calls what was there before.
//!
//! # The race
//! A signal that comes between the end of the last watch and [`restore`] is ignored, and one that is on its
//! way as a watch begins has the effect of before: which of two came first is not known to anybody.
#![expect(unsafe_code, reason = "does in a handler what the system would do without one")]

use std::ffi::c_int;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::interrupt;
use crate::kind::SignalKind;

/// More than any system has: Linux has 64, some BSDs 128.
const SIGNALS_MAX: usize = 129;

/// One kind of signal.
#[derive(Debug)]
struct Slot {
    /// How many watch it.
    watches: AtomicUsize,
    /// It had its default action when it was watched first.
    had_default: AtomicBool,
    /// The program has asked for that, since it was watched last.
    is_restored: AtomicBool,
    /// What is done once in the life of the process.
    once: Mutex<Once>,
}

#[derive(Debug)]
struct Once {
    was_watched: bool,
    has_action: bool,
}

static ALL: [Slot; SIGNALS_MAX] = [const {
    Slot {
        watches: AtomicUsize::new(0),
        had_default: AtomicBool::new(false),
        is_restored: AtomicBool::new(false),
        once: Mutex::new(Once { was_watched: false, has_action: false }),
    }
}; SIGNALS_MAX];

fn slot(signal: c_int) -> Option<&'static Slot> {
    ALL.get(usize::try_from(signal).ok()?)
}

/// One who watches a signal, until it is dropped.
#[derive(Debug)]
pub(crate) struct Counted(Option<&'static Slot>);

impl Drop for Counted {
    fn drop(&mut self) {
        // Edge 2. Release: pairs with the Acquire in `act`: what the watch has told comes before.
        if let Some(slot) = self.0 {
            slot.watches.fetch_sub(1, Ordering::Release);
        }
    }
}

/// Edge 1: somebody watches from now on. To be called before the registry is told.
///
/// # Errors
/// What the system says about the signal.
pub(crate) fn count(signal: c_int) -> io::Result<Counted> {
    let Some(slot) = slot(signal) else { return Ok(Counted(None)) };
    let mut once = slot.once.lock().unwrap_or_else(PoisonError::into_inner);
    if !once.was_watched {
        let had_default = interrupt::has_default_action(signal)?;
        once.was_watched = true;
        // Relaxed: the registry's lock comes between this and whoever reads it in the handler.
        slot.had_default.store(had_default, Ordering::Relaxed);
    }
    // AcqRel: pairs with the Acquire in `act`.
    slot.watches.fetch_add(1, Ordering::AcqRel);
    // Relaxed: who reads it has read the count before.
    slot.is_restored.store(false, Ordering::Relaxed);
    Ok(Counted(Some(slot)))
}

/// Edge 3: gives the signal its default action back, for when nobody watches it any more, until somebody
/// does again. Signals whose action was another one before corio watched them have that one back by
/// themselves, and those that nobody has watched are left alone.
///
/// ```
/// use corio_signal::{SignalKind, restore_default, signal};
///
/// let watch = signal(SignalKind::hangup())?;
/// drop(watch); // from here on it is ignored
/// restore_default(SignalKind::hangup())?; // and now it ends the process again
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Others' handlers
/// Those that were there before go on being called. A library that registers one later, with the registry
/// that corio uses (`signal-hook-registry`, tokio's as well), is called, and the process ends all the same:
/// from here on the signal is the system's, as far as corio knows.
///
/// # Ctrl-C
/// While a run of corio's answers it, it does so again: the first one cancels the run, the next one ends
/// the process.
///
/// # Errors
/// What the system says about the signal.
pub fn restore_default(kind: SignalKind) -> io::Result<()> {
    let signal = kind.as_raw();
    let Some(slot) = slot(signal) else { return Ok(()) };
    let mut once = slot.once.lock().unwrap_or_else(PoisonError::into_inner);
    if !once.was_watched {
        return Ok(());
    }
    if !once.has_action {
        // SAFETY: the action reads atomics and makes system calls that POSIX lists as async-signal-safe; it
        // does not block, allocate, lock or panic.
        unsafe { signal_hook_registry::register(signal, move || act(signal)) }?;
        once.has_action = true;
    }
    if kind == SignalKind::interrupt() {
        interrupt::give_back();
    }
    // Relaxed: who reads it has read the count before.
    slot.is_restored.store(true, Ordering::Relaxed);
    Ok(())
}

/// In the handler.
fn act(signal: c_int) {
    let Some(slot) = slot(signal) else { return };
    // Acquire: pairs with the Release in `Counted::drop`.
    if slot.watches.load(Ordering::Acquire) > 0
        || !slot.is_restored.load(Ordering::Relaxed)
        || !slot.had_default.load(Ordering::Relaxed)
    {
        return;
    }
    match signal {
        libc::SIGCHLD | libc::SIGURG | libc::SIGWINCH | libc::SIGCONT => {}
        libc::SIGTSTP | libc::SIGTTIN | libc::SIGTTOU => {
            // SAFETY: async-signal-safe; the process stops here, and goes on when it is continued.
            unsafe { libc::raise(libc::SIGSTOP) };
        }
        // A run that is under way has been told by its own handler, which was there before.
        libc::SIGINT if interrupt::is_armed() => {}
        _ => interrupt::die_of(signal),
    }
}
