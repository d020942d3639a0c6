//! What `tls` asks of a reader whose connection goes on in TLS.

use std::sync::Arc;

use super::StreamReader;
use super::source::Source;
use crate::link::Link;

impl StreamReader {
    /// The connection it reads from, if it has one.
    pub(crate) fn link(&self) -> Option<&Arc<Link>> {
        match &self.source {
            Source::Link(link) => Some(link),
            Source::Reads(_) | Source::Hand(_) => None,
        }
    }

    /// Takes the bytes that have come and were not read.
    pub(crate) fn take_received(&mut self) -> Vec<u8> {
        self.buffer.take(self.buffer.len())
    }
}
