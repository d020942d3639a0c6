//! How far a connection's life is: a word that its reader looks at without a lock.
//!
//! ```text
//!         ┌──1 close──▶ Closing ──2 closed: all is sent──▶┐
//!   Open ─┤                └────3 abort, fail────────────▶├─▶ Lost
//!         ├──4 abort─────────────────────────────────────▶┤
//!         └──5 break_off──▶ Broken ──6 close, abort──────▶┘
//! ```
//!
//! `Broken`: nothing more can be written, but what the peer had sent before can be read yet.

use corio_base::loom::sync::atomic::{AtomicU8, Ordering};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Phase {
    /// Bytes go both ways.
    Open,
    /// No more is written by the program, nothing is read; what is unsent is under way.
    Closing,
    /// Writing has failed.
    Broken,
    /// Ended.
    Lost,
}

impl Phase {
    /// Whether the connection has ended, for its writer.
    pub(crate) fn is_over(self) -> bool {
        matches!(self, Phase::Broken | Phase::Lost)
    }
}

/// The word. It is changed under the lock of the link's state only.
#[derive(Debug)]
pub(crate) struct PhaseWord(AtomicU8);

impl PhaseWord {
    pub(crate) fn new() -> Self {
        PhaseWord(AtomicU8::new(Phase::Open as u8))
    }

    pub(crate) fn get(&self) -> Phase {
        // Acquire: pairs with the Release in `set`; who sees the end sees what led to it.
        match self.0.load(Ordering::Acquire) {
            0 => Phase::Open,
            1 => Phase::Closing,
            2 => Phase::Broken,
            _ => Phase::Lost,
        }
    }

    pub(crate) fn set(&self, phase: Phase) {
        // Release: pairs with the Acquire in `get`.
        self.0.store(phase as u8, Ordering::Release);
    }
}
