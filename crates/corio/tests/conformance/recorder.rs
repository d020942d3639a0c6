//! Protocols that write down what they are told, and connections to try them on: the classes of
//! transports use them in place of CPython's mocks.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use corio::net::{TcpStream, UnixStream};
use corio::stream::Address;
use corio::stream::protocol::{
    Buffered, BufferedProtocol, DatagramProtocol, DatagramTransport, Protocol, Transport,
    connect_accepted_socket,
};

/// What a protocol was told, in order, and what it got.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    pub(crate) transport: Option<Transport>,
    pub(crate) told: Vec<&'static str>,
    pub(crate) received: Vec<u8>,
    /// What `eof_received` returns.
    pub(crate) keeps_open: bool,
    /// The callback that panics.
    pub(crate) panics_in: Option<&'static str>,
    pub(crate) lost: Option<Option<io::Error>>,
}

pub(crate) type Shared = Rc<RefCell<Recorder>>;

impl Recorder {
    pub(crate) fn shared() -> Shared {
        Rc::default()
    }

    fn tell(&mut self, what: &'static str) {
        self.told.push(what);
        assert_ne!(self.panics_in, Some(what), "{what} panics");
    }
}

impl Protocol for Recorder {
    fn connection_made(&mut self, transport: Transport) {
        self.transport = Some(transport);
        self.tell("made");
    }

    fn data_received(&mut self, data: &[u8]) {
        self.received.extend(data);
        if self.told.last() != Some(&"data") {
            self.tell("data");
        }
    }

    fn eof_received(&mut self) -> bool {
        self.tell("eof");
        self.keeps_open
    }

    fn connection_lost(&mut self, error: Option<io::Error>) {
        self.lost = Some(error);
        self.tell("lost");
    }

    fn pause_writing(&mut self) {
        self.tell("pause");
    }

    fn resume_writing(&mut self) {
        self.tell("resume");
    }
}

/// The same with a buffer of its own, whose length is given.
pub(crate) struct OwnBuffer(pub(crate) Shared, pub(crate) Vec<u8>);

impl OwnBuffer {
    pub(crate) fn handler(recorder: &Shared, length: usize) -> Buffered<OwnBuffer> {
        Buffered(OwnBuffer(recorder.clone(), vec![0; length]))
    }
}

impl BufferedProtocol for OwnBuffer {
    fn connection_made(&mut self, transport: Transport) {
        self.0.borrow_mut().connection_made(transport);
    }

    fn get_buffer(&mut self, _: usize) -> &mut [u8] {
        if self.0.borrow().panics_in == Some("get_buffer") {
            panic!("get_buffer panics");
        }
        &mut self.1
    }

    fn buffer_updated(&mut self, count: usize) {
        self.0.borrow_mut().data_received(&self.1[..count]);
    }

    fn eof_received(&mut self) -> bool {
        self.0.borrow_mut().eof_received()
    }

    fn connection_lost(&mut self, error: Option<io::Error>) {
        self.0.borrow_mut().connection_lost(error);
    }
}

/// What a protocol of datagrams was told.
#[derive(Debug, Default)]
pub(crate) struct Datagrams {
    pub(crate) transport: Option<DatagramTransport>,
    pub(crate) received: Vec<(Vec<u8>, Address)>,
    pub(crate) errors: Vec<io::Error>,
    pub(crate) lost: Option<Option<io::Error>>,
    pub(crate) panics_in: Option<&'static str>,
}

impl Datagrams {
    pub(crate) fn shared() -> Rc<RefCell<Datagrams>> {
        Rc::default()
    }
}

impl DatagramProtocol for Datagrams {
    fn connection_made(&mut self, transport: DatagramTransport) {
        self.transport = Some(transport);
    }

    fn datagram_received(&mut self, data: &[u8], from: &Address) {
        self.received.push((data.to_vec(), from.clone()));
        assert_ne!(self.panics_in, Some("datagram"), "datagram_received panics");
    }

    fn error_received(&mut self, error: io::Error) {
        self.errors.push(error);
    }

    fn connection_lost(&mut self, error: Option<io::Error>) {
        self.lost = Some(error);
    }
}

/// Lets the loop do what it has to do.
pub(crate) async fn settle() {
    corio::sleep(Duration::from_millis(5)).await;
}

/// A connection with a recorder at this end, and the other end.
pub(crate) async fn connected() -> (Shared, Transport, UnixStream) {
    let recorder = Recorder::shared();
    let (transport, peer) = connected_to(recorder.clone()).await;
    (recorder, transport, peer)
}

/// A connection for `handler`, and the other end.
pub(crate) async fn connected_to(
    handler: impl corio::stream::protocol::Handler,
) -> (Transport, UnixStream) {
    let (near, far) = UnixStream::pair().unwrap();
    let transport = connect_accepted_socket(|| handler, near).await.unwrap();
    // That there is room the system says in the first turn.
    settle().await;
    (transport, far)
}

/// As [`connected`], over TCP.
pub(crate) async fn connected_by_tcp() -> (Shared, Transport, TcpStream) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let near = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let far = TcpStream::from_std(listener.accept().unwrap().0).unwrap();
    let recorder = Recorder::shared();
    let handler = recorder.clone();
    let near = TcpStream::from_std(near).unwrap();
    let transport = connect_accepted_socket(|| handler, near).await.unwrap();
    settle().await;
    (recorder, transport, far)
}

/// More than a socket's buffers take.
pub(crate) fn much() -> Vec<u8> {
    (0..4 << 20).map(|n: u32| n.to_le_bytes()[1]).collect()
}
