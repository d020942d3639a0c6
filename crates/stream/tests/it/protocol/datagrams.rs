//! Datagrams: CPython's `SelectorDatagramTransportTests` and `create_datagram_endpoint` tests.

use std::cell::RefCell;
use std::io;
use std::net::{SocketAddr, UdpSocket as StdUdpSocket};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use corio_net::UnixDatagram;
use corio_reactor::Reactor;
use corio_stream::Address;
use corio_stream::protocol::{
    DatagramProtocol, DatagramSocket, DatagramTransport, create_datagram_endpoint,
    datagram_endpoint_over,
};

use super::{ended, turns};
use crate::support::{run, until};

fn here() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

#[derive(Default)]
struct Recorder {
    events: Vec<String>,
    transport: Option<DatagramTransport>,
    echoes: bool,
}

type Shared = Rc<RefCell<Recorder>>;

impl DatagramProtocol for Recorder {
    fn connection_made(&mut self, transport: DatagramTransport) {
        self.events.push("made".to_owned());
        self.transport = Some(transport);
    }

    fn datagram_received(&mut self, data: &[u8], from: &Address) {
        self.events.push(format!("got {}", data.escape_ascii()));
        if self.echoes {
            self.transport.as_ref().unwrap().send_to(data, Some(from)).unwrap();
        }
    }

    fn error_received(&mut self, error: io::Error) {
        self.events.push(format!("error {:?}", error.kind()));
    }

    fn connection_lost(&mut self, error: Option<io::Error>) {
        self.events.push(ended(error));
        self.transport = None;
    }

    fn pause_writing(&mut self) {
        self.events.push("pause".to_owned());
    }

    fn resume_writing(&mut self) {
        self.events.push("resume".to_owned());
    }
}

async fn hears(recorder: &Shared, event: &str) {
    until(|| recorder.borrow().events.iter().any(|told| told.starts_with(event))).await;
}

fn events(recorder: &Shared) -> Vec<String> {
    recorder.borrow().events.clone()
}

#[test]
fn test_create_datagram_endpoint() {
    run(async {
        let (server, client) = (Shared::default(), Shared::default());
        server.borrow_mut().echoes = true;
        let at = create_datagram_endpoint(|| server.clone(), Some(here()), None).await.unwrap();
        let to = at.local_addr().unwrap().as_inet();
        let ours = create_datagram_endpoint(|| client.clone(), None, to).await.unwrap();
        assert_eq!(ours.peer_addr().unwrap().as_inet(), to);
        ours.send_to(b"xxx", None).unwrap();
        hears(&client, "got xxx").await;
        ours.send_to(b"", None).unwrap();
        hears(&client, "got").await;
        until(|| events(&client).len() == 3).await;
        ours.close();
        at.close();
        hears(&server, "lost").await;
        hears(&client, "lost").await;
        assert_eq!(events(&server), ["made", "got xxx", "got ", "lost"]);
    });
}

/// Nothing more will ever come there, and the loop has other things to do than to hear so again and again.
#[test]
fn a_socket_of_a_loop_that_has_ended_is_lost() {
    let reactor = Reactor::new().unwrap();
    let installed = corio_reactor::current::install(reactor.handle());
    let socket = corio_net::UdpSocket::from_std(StdUdpSocket::bind(here()).unwrap()).unwrap();
    assert_eq!(reactor.handle().registered(), 1);
    drop((installed, reactor));
    run(async {
        let recorder = Shared::default();
        datagram_endpoint_over(|| recorder.clone(), socket).await.unwrap();
        hears(&recorder, "lost").await;
        let events = events(&recorder);
        assert_eq!((events.len(), &*events[0]), (2, "made"));
        assert!(events[1].contains("has ended"), "{events:?}");
    });
}

#[test]
fn test_sendto_connected_addr() {
    run(async {
        let peer = StdUdpSocket::bind(here()).unwrap();
        let recorder = Shared::default();
        let to = peer.local_addr().unwrap();
        let transport =
            create_datagram_endpoint(|| recorder.clone(), None, Some(to)).await.unwrap();
        transport.send_to(b"data", Some(&to.into())).unwrap();
        peer.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        let mut buffer = [0; 8];
        assert_eq!(peer.recv(&mut buffer).unwrap(), 4);
        let error = transport.send_to(b"data", Some(&here().into())).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        transport.close();
        hears(&recorder, "lost").await;
    });
}

#[test]
fn test_create_datagram_endpoint_noaddr_nofamily() {
    run(async {
        let error = create_datagram_endpoint(Shared::default, None, None).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        let six: SocketAddr = "[::1]:1".parse().unwrap();
        let error = create_datagram_endpoint(Shared::default, Some(here()), Some(six)).await;
        assert_eq!(error.unwrap_err().kind(), io::ErrorKind::InvalidInput);
    });
}

#[test]
fn test_create_datagram_endpoint_sock_unix() {
    run(async {
        let (ours, theirs) = UnixDatagram::pair().unwrap();
        let recorder = Shared::default();
        let transport = datagram_endpoint_over(|| recorder.clone(), ours).await.unwrap();
        theirs.send(b"to us").await.unwrap();
        hears(&recorder, "got to us").await;
        transport.send_to(b"to them", None).unwrap();
        let mut buffer = [0; 16];
        assert_eq!(theirs.recv(&mut buffer).await.unwrap(), 7);
        transport.abort();
        hears(&recorder, "lost").await;
    });
}

/// A name that no other test has.
#[cfg(target_os = "linux")]
fn abstract_name(end: &str) -> String {
    format!("\0corio-stream-{}-{end}", std::process::id())
}

#[cfg(target_os = "linux")]
#[test]
fn an_abstract_name_is_an_address() {
    run(async {
        let (server, client) = (Shared::default(), Shared::default());
        server.borrow_mut().echoes = true;
        let at = UnixDatagram::bind(abstract_name("server")).await.unwrap();
        let at = datagram_endpoint_over(|| server.clone(), at).await.unwrap();
        let ours = UnixDatagram::bind(abstract_name("client")).await.unwrap();
        let ours = datagram_endpoint_over(|| client.clone(), ours).await.unwrap();
        let to = at.local_addr().unwrap();
        assert_eq!(to, Address::Abstract(abstract_name("server").as_bytes()[1..].to_vec()));
        ours.send_to(b"by its name", Some(&to)).unwrap();
        // The answer goes to whom the datagram came from.
        hears(&client, "got by its name").await;
        // One that nobody has, and one that no socket can have.
        ours.send_to(b"x", Some(&Address::Abstract(b"nobody of corio-stream".to_vec()))).unwrap();
        hears(&client, "error ConnectionRefused").await;
        ours.send_to(b"x", Some(&Address::Abstract(vec![b'x'; 108]))).unwrap();
        hears(&client, "error InvalidInput").await;
        ours.close();
        at.close();
        hears(&server, "lost").await;
        hears(&client, "lost").await;
        assert_eq!(events(&server), ["made", "got by its name", "lost"]);
    });
}

#[test]
fn an_address_that_the_socket_cannot_send_to_is_refused_at_once() {
    run(async {
        let udp = create_datagram_endpoint(Shared::default, Some(here()), None).await.unwrap();
        let unix = UnixDatagram::unbound().unwrap();
        let unix = datagram_endpoint_over(Shared::default, unix).await.unwrap();
        let (path, name) = (Address::Path("/x".into()), Address::Abstract(b"x".to_vec()));
        for (transport, address, says) in [
            (&udp, path, "another kind"),
            (&udp, name, "another kind"),
            (&udp, Address::Unnamed, "bind it"),
            (&unix, here().into(), "another kind"),
            (&unix, Address::Unnamed, "bind it"),
        ] {
            let error = transport.send_to(b"data", Some(&address)).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput, "{address}");
            assert!(error.to_string().contains(says), "{address}: {error}");
        }
        udp.close();
        unix.close();
        turns().await;
    });
}

#[test]
fn test_datagram_send_to_non_listening_address() {
    run(async {
        let unused = StdUdpSocket::bind(here()).unwrap().local_addr().unwrap();
        let recorder = Shared::default();
        let transport =
            create_datagram_endpoint(|| recorder.clone(), None, Some(unused)).await.unwrap();
        transport.send_to(b"anybody?", None).unwrap();
        hears(&recorder, "error ConnectionRefused").await;
        assert!(!transport.is_closing(), "it is one datagram's error");
        transport.close();
        hears(&recorder, "lost").await;
    });
}

/// A socket that the test plays.
#[derive(Clone, Debug, Default)]
struct Played(Rc<RefCell<Play>>);

#[derive(Debug, Default)]
struct Play {
    room: usize,
    sent: Vec<Vec<u8>>,
    fails: bool,
    writer: Option<Waker>,
}

impl Played {
    fn change(&self, change: impl FnOnce(&mut Play)) {
        change(&mut self.0.borrow_mut());
        let waker = self.0.borrow_mut().writer.take();
        waker.into_iter().for_each(Waker::wake);
    }
}

impl DatagramSocket for Played {
    fn poll_recv(&self, _: &mut Context<'_>, _: &mut [u8]) -> Poll<io::Result<(usize, Address)>> {
        Poll::Pending
    }

    fn poll_send(
        &self,
        context: &mut Context<'_>,
        data: &[u8],
        _: Option<&Address>,
    ) -> Poll<io::Result<usize>> {
        let mut play = self.0.borrow_mut();
        if play.fails {
            return Poll::Ready(Err(io::ErrorKind::PermissionDenied.into()));
        }
        if play.room == 0 {
            play.writer = Some(context.waker().clone());
            return Poll::Pending;
        }
        play.room -= 1;
        play.sent.push(data.to_vec());
        Poll::Ready(Ok(data.len()))
    }

    fn local_addr(&self) -> io::Result<Address> {
        Ok(Address::Unnamed)
    }

    fn peer_addr(&self) -> io::Result<Address> {
        Ok(Address::Unnamed)
    }
}

async fn played() -> (Shared, DatagramTransport, Played) {
    let (recorder, played) = (Shared::default(), Played::default());
    let socket = played.clone();
    let transport = datagram_endpoint_over(|| recorder.clone(), socket).await.unwrap();
    (recorder, transport, played)
}

#[test]
fn test_sendto_buffer() {
    run(async {
        let (recorder, transport, played) = played().await;
        transport.set_write_buffer_limits(Some(20), Some(12));
        transport.send_to(b"data1", None).unwrap();
        transport.send_to(b"", None).unwrap();
        assert_eq!(transport.get_write_buffer_size(), 21);
        assert_eq!(events(&recorder), ["made"], "never within the send");
        turns().await;
        played.change(|play| play.room = 1);
        turns().await;
        assert_eq!(transport.get_write_buffer_size(), 8);
        played.change(|play| play.room = 1);
        turns().await;
        assert_eq!(played.0.borrow().sent, [b"data1".to_vec(), Vec::new()]);
        assert_eq!(events(&recorder), ["made", "pause", "resume"]);
    });
}

#[test]
fn test_sendto_ready_closing() {
    run(async {
        let (recorder, transport, played) = played().await;
        transport.send_to(b"data", None).unwrap();
        transport.close();
        transport.send_to(b"late", None).unwrap();
        turns().await;
        assert_eq!(events(&recorder), ["made"]);
        played.change(|play| play.room = 9);
        turns().await;
        assert_eq!(events(&recorder), ["made", "lost"]);
        assert_eq!(played.0.borrow().sent, [b"data".to_vec()]);
    });
}

#[test]
fn test_sendto_error_received() {
    run(async {
        let (recorder, transport, played) = played().await;
        played.change(|play| play.fails = true);
        transport.send_to(b"data", None).unwrap();
        assert_eq!(events(&recorder), ["made"], "never within the send");
        turns().await;
        assert_eq!(events(&recorder), ["made", "error PermissionDenied"]);
        assert!(!transport.is_closing());
    });
}
