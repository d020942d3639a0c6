//! What an upgrade asks of a [`Wire`]: another connection in the place of the one that is there.

use std::task::Wake;

use super::{Eof, Phase, Wire};
use crate::connection::Connection;

impl Wire {
    /// Whether what is written will be sent.
    pub(in crate::protocol) fn is_writable(&self) -> bool {
        self.phase.get() == Phase::Open && self.eof.get() == Eof::Open
    }

    /// Puts what `make` makes of the connection in its place, if it has not ended; a turn looks at it.
    pub(in crate::protocol) fn replace_connection(
        &self,
        make: impl FnOnce(Box<dyn Connection>) -> Box<dyn Connection>,
    ) {
        self.unwatch();
        let before = self.connection.take();
        let after = before.map(make);
        self.connection.replace(after);
        self.signal.wake_by_ref();
    }
}
