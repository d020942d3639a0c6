//! What has happened so far; written by the server and its connections, printed at the end.
//!
//! Everything runs on one loop, so cells do: no atomics, no locks.

use std::cell::Cell;
use std::fmt;
use std::rc::Rc;

/// All counts since the start.
#[derive(Debug, Default)]
pub struct Counts {
    /// Connections that are there now.
    present: Cell<usize>,
    served: Cell<u64>,
    refused: Cell<u64>,
    failed: Cell<u64>,
    /// Bytes from clients to the target.
    up: Cell<u64>,
    /// Bytes from the target to clients.
    down: Cell<u64>,
}

/// One connection, counted as present while it lives.
#[derive(Debug)]
pub struct Present(Rc<Counts>);

impl Counts {
    /// Counts one more connection, if that makes no more than `max`.
    pub fn admit(self: &Rc<Self>, max: usize) -> Option<Present> {
        if self.present.get() >= max {
            add(&self.refused, 1);
            return None;
        }
        self.present.set(self.present.get() + 1);
        add(&self.served, 1);
        Some(Present(Rc::clone(self)))
    }

    /// How many connections there are now.
    pub fn present(&self) -> usize {
        self.present.get()
    }

    /// Counts a connection that did not end as it should.
    pub fn failed(&self) {
        add(&self.failed, 1);
    }

    /// Counts what a connection has moved, client to target first.
    pub fn moved(&self, (up, down): (u64, u64)) {
        add(&self.up, up);
        add(&self.down, down);
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        self.0.present.set(self.0.present.get() - 1);
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} served, {} refused, {} failed; {} bytes up, {} bytes down",
            self.served.get(),
            self.refused.get(),
            self.failed.get(),
            self.up.get(),
            self.down.get(),
        )
    }
}

fn add(count: &Cell<u64>, more: u64) {
    count.set(count.get() + more);
}
