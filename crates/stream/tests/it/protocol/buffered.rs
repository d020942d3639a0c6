//! Protocols with buffers of their own: CPython's `test_buffered_proto` and
//! `SelectorSocketTransportBufferedProtocolTests`.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;

use corio_stream::protocol::{
    Buffered, BufferedProtocol, Transport, connect_accepted_socket, create_connection,
    create_server,
};

use super::{Recorder, ended, pair, send};
use crate::support::{run, until};

#[derive(Default)]
struct Told {
    got: Vec<u8>,
    calls: usize,
    lost: Option<String>,
    eof: usize,
}

/// With a small buffer, or none.
struct Small {
    buffer: Vec<u8>,
    told: Rc<RefCell<Told>>,
    transport: Option<Transport>,
}

impl Small {
    fn new(room: usize) -> (Small, Rc<RefCell<Told>>) {
        let told = Rc::new(RefCell::new(Told::default()));
        (Small { buffer: vec![0; room], told: told.clone(), transport: None }, told)
    }
}

impl BufferedProtocol for Small {
    fn connection_made(&mut self, transport: Transport) {
        self.transport = Some(transport);
    }

    fn get_buffer(&mut self, hint: usize) -> &mut [u8] {
        assert!(hint > 0);
        self.told.borrow_mut().calls += 1;
        &mut self.buffer
    }

    fn buffer_updated(&mut self, count: usize) {
        self.told.borrow_mut().got.extend_from_slice(&self.buffer[..count]);
    }

    fn eof_received(&mut self) -> bool {
        self.told.borrow_mut().eof += 1;
        false
    }

    fn connection_lost(&mut self, error: Option<io::Error>) {
        self.told.borrow_mut().lost = Some(ended(error));
    }
}

async fn small(room: usize) -> (Transport, std::os::unix::net::UnixStream, Rc<RefCell<Told>>) {
    let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
    let ours = corio_net::UnixStream::from_std(ours).unwrap();
    let (small, told) = Small::new(room);
    let transport = connect_accepted_socket(move || Buffered(small), ours).await.unwrap();
    (transport, theirs, told)
}

#[test]
fn test_buffered_proto_create_connection() {
    const NOISE: usize = 1 << 20;
    struct Sends;
    impl corio_stream::protocol::Protocol for Sends {
        fn connection_made(&mut self, transport: Transport) {
            transport.write(&vec![b'!'; NOISE]);
            transport.close();
        }
    }
    run(async {
        let server = create_server(|| Sends, "127.0.0.1:0").await.unwrap();
        let (small, told) = Small::new(4096);
        create_connection(|| Buffered(small), server.local_addr().unwrap()).await.unwrap();
        until(|| told.borrow().lost.is_some()).await;
        assert_eq!(told.borrow().got.len(), NOISE);
        assert_eq!((told.borrow().eof, told.borrow().lost.as_deref()), (1, Some("lost")));
        server.close();
        server.wait_closed().await;
    });
}

#[test]
fn test_get_buffer_zerosized() {
    run(async {
        let (_transport, peer, told) = small(0).await;
        assert_eq!(told.borrow().calls, 0, "not before there is something");
        send(&peer, b"x");
        until(|| told.borrow().lost.is_some()).await;
        let lost = told.borrow().lost.clone().unwrap();
        assert!(lost.contains("get_buffer() returned an empty buffer"), "{lost}");
    });
}

#[test]
fn test_read_ready_eof() {
    run(async {
        let (_transport, peer, told) = small(10).await;
        send(&peer, b"twelve bytes");
        drop(peer);
        until(|| told.borrow().lost.is_some()).await;
        assert_eq!(told.borrow().got, b"twelve bytes");
        assert_eq!(told.borrow().eof, 1);
    });
}

#[test]
fn test_proto_type_switch() {
    run(async {
        let (small, told) = Small::new(3);
        let small = RefCell::new(Some(small));
        let recorder = Recorder::doing(move |transport, _| {
            if let Some(small) = small.take() {
                transport.set_protocol(Buffered(small));
            }
        });
        let (transport, peer) = pair(&recorder).await;
        send(&peer, b"first");
        recorder.hears("-").await;
        send(&peer, b"second");
        until(|| told.borrow().got == b"second").await;
        transport.set_protocol(recorder.clone());
        send(&peer, b"third");
        recorder.hears("data third").await;
    });
}
