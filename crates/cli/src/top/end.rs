//! The signals that end `corio top` from outside, and the terminal given back before.
//!
//! ```text
//!   a signal ──▶ its thread ──▶ `End::signal`, which the loop of the screen asks ──▶ the end, as by a key
//!                     └─ PATIENCE later ─▶ that loop is stuck: lines are edited again, and the process exits
//! ```
//!
//! A signal's own action would end the process at once, and leave a terminal that shows no letters. The loop can
//! be stuck where the terminal itself is the trouble: one that has hung up is read for ever, one that was
//! stopped takes no more output. So the thread waits for it a bounded while only.

use std::io;
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::thread;
use std::time::Duration;

use ratatui::crossterm::terminal;
use signal_hook::consts::signal::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;

/// What ends a program that shows something. Ctrl-C and Ctrl-\ are keys here: these come from elsewhere.
const SIGNALS: [i32; 4] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM];

/// How long the loop may take to hear of it: it asks twenty times a second, and draws in less.
const PATIENCE: Duration = Duration::from_secs(1);

/// No signal came.
const NONE: i32 = 0;

/// What came from outside.
#[derive(Debug)]
pub(crate) struct End {
    signal: Arc<AtomicI32>,
}

impl End {
    /// From here on the signals are this one's.
    pub(crate) fn listen() -> io::Result<End> {
        let signal = Arc::new(AtomicI32::new(NONE));
        let mut signals = Signals::new(SIGNALS)?;
        let heard = Arc::clone(&signal);
        thread::Builder::new().name("corio-end".to_owned()).spawn(move || {
            let Some(number) = signals.forever().next() else { return };
            // Relaxed: a number and nothing else; who sees it later ends later.
            heard.store(number, Ordering::Relaxed);
            thread::sleep(PATIENCE);
            // The screen stays as it is: what could not be drawn on cannot be cleared either.
            let _ = terminal::disable_raw_mode();
            process::exit(i32::from(status(number)));
        })?;
        Ok(End { signal })
    }

    /// The signal that came, if one did.
    pub(crate) fn signal(&self) -> Option<i32> {
        // Relaxed: as in `listen`.
        Some(self.signal.load(Ordering::Relaxed)).filter(|&signal| signal != NONE)
    }
}

/// What a process that a signal has ended says as its status, as shells do.
pub(crate) fn status(signal: i32) -> u8 {
    // Signals go to 64: the sum is at most 192.
    u8::try_from(128 + signal).unwrap_or(u8::MAX)
}
