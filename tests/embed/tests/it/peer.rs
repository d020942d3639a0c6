//! A protocol for the tests of streams, over TLS and without.

use corio_stream::protocol::{Protocol, Transport};

/// Remembers what it has received, and may send it back.
#[derive(Default)]
pub(crate) struct Peer {
    pub(crate) transport: Option<Transport>,
    pub(crate) received: Vec<u8>,
    pub(crate) echoes: bool,
}

impl Protocol for Peer {
    fn connection_made(&mut self, transport: Transport) {
        self.transport = Some(transport);
    }

    fn data_received(&mut self, data: &[u8]) {
        self.received.extend_from_slice(data);
        if let Some(transport) = self.transport.as_ref().filter(|_| self.echoes) {
            transport.write(data);
        }
    }
}
