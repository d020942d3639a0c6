//! What the functions of this crate do: what debug mode tells of where nobody awaits one.
//!
//! Reading is a wait, and so exempt. Draining is none here, nor is waiting for a close: who calls them and does
//! not await them goes on without flow control, or before the last bytes are out, which is never meant.

use corio_trace::deeds;

deeds! {
    pub(crate) OpenDeed = "open_connection";
    pub(crate) OpenUnixDeed = "open_unix_connection";
    pub(crate) StartServerDeed = "start_server";
    pub(crate) StartUnixServerDeed = "start_unix_server";
    pub(crate) CreateConnectionDeed = "create_connection";
    pub(crate) CreateUnixConnectionDeed = "create_unix_connection";
    pub(crate) ConnectAcceptedDeed = "connect_accepted_socket";
    pub(crate) DatagramEndpointDeed = "create_datagram_endpoint";
    pub(crate) DatagramOverDeed = "datagram_endpoint_over";
    pub(crate) ReadPipeDeed = "connect_read_pipe";
    pub(crate) WritePipeDeed = "connect_write_pipe";
    pub(crate) CreateServerDeed = "create_server";
    pub(crate) CreateUnixServerDeed = "create_unix_server";
    pub(crate) ServeForeverDeed = "Server::serve_forever";
    pub(crate) ServerWaitClosedDeed = "Server::wait_closed";
    pub(crate) DrainDeed = "StreamWriter::drain";
    pub(crate) WaitClosedDeed = "StreamWriter::wait_closed";
}
