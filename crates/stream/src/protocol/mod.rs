//! asyncio's transports and protocols: a connection that calls back, without a task.
//!
//! ```
//! # use corio_base::park::ThreadPark;
//! # use corio_executor::Executor;
//! use corio_stream::protocol::{Protocol, Transport, create_server};
//!
//! #[derive(Default)]
//! struct Echo(Option<Transport>);
//!
//! impl Protocol for Echo {
//!     fn connection_made(&mut self, transport: Transport) {
//!         self.0 = Some(transport);
//!     }
//!
//!     fn data_received(&mut self, data: &[u8]) {
//!         self.0.as_ref().unwrap().write(data);
//!     }
//! }
//!
//! # fn main() -> std::io::Result<()> {
//! # Executor::new(ThreadPark::new()).block_on(async {
//! let server = create_server(Echo::default, "127.0.0.1:0").await?;
//! # let client = corio_net::TcpStream::connect(server.local_addr().unwrap()).await?;
//! # client.write_all(b"hello").await?;
//! # let mut buffer = [0; 5];
//! # client.read_exact(&mut buffer).await?;
//! # assert_eq!(&buffer, b"hello");
//! # drop(client);
//! server.close();
//! server.wait_closed().await;
//! # Ok(())
//! # })
//! # }
//! ```
//!
//! It is the cheapest way to serve many connections, and the one in which everything has to be said by
//! hand; where a connection is a conversation, a task with a [stream](crate::open_connection) reads
//! better. A [`Protocol`] gets its bytes in a buffer that the loop lends, so an idle connection holds
//! none; a [`BufferedProtocol`] brings its own.
//!
//! Where a callback is called, in which order, and what it may do is said once, in `wire`.
//!
//! | module | what it is |
//! |---|---|
//! | `traits` | [`Protocol`], [`BufferedProtocol`], [`DatagramProtocol`]: what a program writes |
//! | `transport` | [`Transport`]: what it is given |
//! | `connect`, `pipes`, `serve` | [`create_connection`], [`create_server`], and their kind |
//! | `wire` | a connection, and its turns |
//! | `datagram` | the same for datagrams |
//! | `callbacks` | how a protocol is called; its panics |
//! | `flow` | high and low water |
//! | `made` | who waits for `connection_made` |
//! | `upgrade` | with the feature `tls`, another connection over the one that is there |
//! | `hub` | whose turn it is |

mod callbacks;
mod connect;
mod datagram;
mod flow;
mod hub;
mod made;
mod pipes;
mod serve;
mod traits;
mod transport;
#[cfg(feature = "tls")]
mod upgrade;
mod wire;

pub use connect::{connect_accepted_socket, create_connection, create_unix_connection};
pub use datagram::{
    DatagramSocket, DatagramTransport, create_datagram_endpoint, datagram_endpoint_over,
};
pub use pipes::{connect_read_pipe, connect_write_pipe};
pub use serve::{create_server, create_unix_server};
pub use traits::{Buffered, BufferedProtocol, DatagramProtocol, Handler, Protocol};
pub use transport::Transport;

#[cfg(feature = "tls")]
pub(crate) use connect::begin;
#[cfg(feature = "tls")]
pub(crate) use upgrade::UpgradeRefused;
