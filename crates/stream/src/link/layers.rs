//! [`Layers`]: a connection, and what was put over it since, one over the other.
//!
//! Grows at the top only, and one layer each time the program calls `start_tls`; so what was lent of a layer
//! stays good, and looking for the top takes no lock. Who may add one is said in `upgrade`.

use std::sync::{Arc, OnceLock};

use crate::connection::Connection;

pub(super) struct Layers {
    connection: Arc<dyn Connection>,
    pub(super) above: OnceLock<Box<Layers>>,
}

impl Layers {
    pub(super) fn new(connection: Arc<dyn Connection>) -> Self {
        Layers { connection, above: OnceLock::new() }
    }

    /// What is read from and written to.
    #[inline]
    pub(super) fn top(&self) -> &Arc<dyn Connection> {
        let mut layer = self;
        while let Some(above) = layer.above.get() {
            layer = above;
        }
        &layer.connection
    }
}
