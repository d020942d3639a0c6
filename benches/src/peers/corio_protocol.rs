//! corio's transports and protocols: a server whose connections call back, without a task for each.
//!
//! It does the echo rows alone: everything else is the same loop as corio's.

use std::cell::Cell;
use std::io;
use std::rc::Rc;

use ::corio::stream::protocol::{Protocol, Transport, create_server};
use corio_sync::Event;

use crate::workloads::announce;

/// How the command line and the table call it.
pub(crate) const NAME: &str = "corio-protocol";

struct Echo {
    transport: Option<Transport>,
    left: Rc<Left>,
}

/// The connections that have yet to come and go.
struct Left {
    count: Cell<usize>,
    none: Event,
}

impl Protocol for Echo {
    fn connection_made(&mut self, transport: Transport) {
        self.transport = Some(transport);
    }

    fn data_received(&mut self, data: &[u8]) {
        if let Some(transport) = &self.transport {
            transport.write(data);
        }
    }

    fn connection_lost(&mut self, _: Option<io::Error>) {
        self.left.count.set(self.left.count.get() - 1);
        if self.left.count.get() == 0 {
            self.left.none.set();
        }
    }
}

/// Accepts so many connections, echoes until they are closed, and returns.
pub(crate) fn serve(connections: usize) {
    let runtime = ::corio::Builder::new().build().expect("corio builds");
    runtime.block_on(async move {
        let left = Rc::new(Left { count: Cell::new(connections), none: Event::new() });
        let make = {
            let left = Rc::clone(&left);
            move || Echo { transport: None, left: Rc::clone(&left) }
        };
        let server = create_server(make, "127.0.0.1:0").await.expect("loopback listens");
        announce(server.local_addr().expect("a bound socket has an address"));
        left.none.wait().await;
        server.close();
        server.wait_closed().await;
    });
}
