//! Transports and protocols. A recorder is the protocol: it writes down what it is told.

mod buffered;
mod datagrams;
mod endings;
mod pipes;
mod reading;
mod real;
mod serving;
#[cfg(feature = "tls")]
mod start_tls;
mod steady;
mod stress;
#[cfg(feature = "tls")]
mod tls;
mod writing;

use std::cell::RefCell;
use std::io::{self, Write};
use std::os::unix::net::UnixStream as StdUnixStream;
use std::rc::Rc;

use corio_stream::Connection;
use corio_stream::protocol::{Protocol, Transport, connect_accepted_socket};

use crate::support::{until, yield_now};

/// What a protocol was told, in order.
#[derive(Default)]
pub(crate) struct Told {
    pub(crate) events: Vec<String>,
    pub(crate) transport: Option<Transport>,
    pub(crate) keeps_open: bool,
    /// What to do when so many bytes have come.
    pub(crate) on_data: Option<OnData>,
}

pub(crate) type OnData = Rc<dyn Fn(&Transport, &[u8])>;

/// Shared with the test, also while a callback runs.
#[derive(Clone, Default)]
pub(crate) struct Recorder(pub(crate) Rc<RefCell<Told>>);

impl Recorder {
    pub(crate) fn new() -> Self {
        Recorder::default()
    }

    pub(crate) fn keeping_open() -> Self {
        let recorder = Recorder::new();
        recorder.0.borrow_mut().keeps_open = true;
        recorder
    }

    pub(crate) fn doing(on_data: impl Fn(&Transport, &[u8]) + 'static) -> Self {
        let recorder = Recorder::new();
        recorder.0.borrow_mut().on_data = Some(Rc::new(on_data));
        recorder
    }

    pub(crate) fn tell(&self, event: impl Into<String>) {
        self.0.borrow_mut().events.push(event.into());
    }

    pub(crate) fn events(&self) -> Vec<String> {
        self.0.borrow().events.clone()
    }

    pub(crate) fn has(&self, event: &str) -> bool {
        self.0.borrow().events.iter().any(|told| told.starts_with(event))
    }

    pub(crate) async fn hears(&self, event: &str) {
        until(|| self.has(event)).await;
    }

    pub(crate) fn transport(&self) -> Transport {
        self.0.borrow().transport.clone().expect("it was made")
    }
}

pub(crate) fn ended(error: Option<io::Error>) -> String {
    match error {
        None => "lost".to_owned(),
        Some(error) => format!("lost {:?} {error}", error.kind()),
    }
}

impl Protocol for Recorder {
    fn connection_made(&mut self, transport: Transport) {
        self.tell("made");
        self.0.borrow_mut().transport = Some(transport);
    }

    fn data_received(&mut self, data: &[u8]) {
        self.tell(format!("data {}", data.escape_ascii()));
        let on_data = self.0.borrow().on_data.clone();
        if let Some(on_data) = on_data {
            on_data(&self.transport(), data);
        }
        self.tell("-");
    }

    fn eof_received(&mut self) -> bool {
        self.tell("eof");
        self.0.borrow().keeps_open
    }

    fn connection_lost(&mut self, error: Option<io::Error>) {
        self.tell(ended(error));
        self.0.borrow_mut().transport = None;
    }

    fn pause_writing(&mut self) {
        self.tell("pause");
    }

    fn resume_writing(&mut self) {
        self.tell("resume");
    }
}

/// The recorder on one end of a connection.
pub(crate) async fn over(recorder: &Recorder, connection: impl Connection) -> Transport {
    let recorder = recorder.clone();
    connect_accepted_socket(move || recorder, connection).await.unwrap()
}

/// The recorder on one end of a socket, and the test on the other.
pub(crate) async fn pair(recorder: &Recorder) -> (Transport, StdUnixStream) {
    let (ours, theirs) = StdUnixStream::pair().unwrap();
    theirs.set_read_timeout(Some(std::time::Duration::from_secs(20))).unwrap();
    let ours = corio_net::UnixStream::from_std(ours).unwrap();
    (over(recorder, ours).await, theirs)
}

/// Lets all turns come that are due.
pub(crate) async fn turns() {
    for _ in 0..5 {
        yield_now().await;
    }
}

pub(crate) fn send(mut peer: &StdUnixStream, bytes: &[u8]) {
    peer.write_all(bytes).unwrap();
}
