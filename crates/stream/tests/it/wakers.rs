//! Wakers, and connections of the program's own, that panic while a connection is begun or ended: it is neither
//! lost by that nor kept for good, and nobody else misses anything.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use corio_stream::protocol::{
    DatagramProtocol, DatagramTransport, connect_accepted_socket, datagram_endpoint_over,
};
use corio_stream::{Address, Connection, streams};

use crate::protocol::{Recorder, over, turns};
use crate::support::{Played, listen_to_log, logged, run, soon};

/// A waker that nobody should have.
struct Panics;

impl Wake for Panics {
    fn wake(self: Arc<Self>) {
        panic!("of the test's waker");
    }
}

/// Polls a future that is not ready, for [`Panics`].
fn poll_for_nobody<F: Future>(future: Pin<&mut F>) {
    let waker = Waker::from(Arc::new(Panics));
    assert!(future.poll(&mut Context::from_waker(&waker)).is_pending());
}

/// Listens to the log while `body` runs a loop to its end, and says whether that found an unclosed transport.
fn leaves_something(body: impl AsyncFnOnce()) -> bool {
    listen_to_log();
    run(body());
    logged().iter().any(|line| line.contains("unclosed transport"))
}

#[test]
fn a_connection_outlives_the_waker_of_who_waited_for_it() {
    let leaves = leaves_something(async || {
        let (recorder, played) = (Recorder::new(), Played::new(9));
        let connection = played.clone();
        let protocol = recorder.clone();
        let mut making = pin!(connect_accepted_socket(move || protocol, connection));
        poll_for_nobody(making.as_mut());
        recorder.hears("made").await;
        turns().await;
        let transport = making.await.unwrap();
        transport.write(b"here");
        assert_eq!((recorder.events().len(), played.written()), (1, b"here".to_vec()));
        transport.close();
        recorder.hears("lost").await;
        assert_eq!(recorder.events(), ["made", "lost"]);
    });
    assert!(!leaves);
}

#[test]
fn so_does_a_socket_for_datagrams() {
    #[derive(Clone)]
    struct Tells(Recorder);

    impl DatagramProtocol for Tells {
        fn connection_made(&mut self, _: DatagramTransport) {
            self.0.tell("made");
        }

        fn connection_lost(&mut self, error: Option<io::Error>) {
            self.0.tell(if error.is_none() { "lost" } else { "lost by an error" });
        }
    }

    let leaves = leaves_something(async || {
        let recorder = Recorder::new();
        let (ours, _theirs) = corio_net::UnixDatagram::pair().unwrap();
        let protocol = Tells(recorder.clone());
        let mut making = pin!(datagram_endpoint_over(move || protocol, ours));
        poll_for_nobody(making.as_mut());
        recorder.hears("made").await;
        turns().await;
        making.await.unwrap().close();
        recorder.hears("lost").await;
        assert_eq!(recorder.events(), ["made", "lost"]);
    });
    assert!(!leaves);
}

#[test]
fn a_loop_that_ends_lets_go_of_all_whoever_waited_for_one() {
    let (first, second) = (Recorder::new(), Recorder::new());
    let of_another_loop = run(async {
        // Their turns, which would be their first, do not come any more.
        [&first, &second].map(|recorder| {
            let protocol = recorder.clone();
            let connection = Played::new(0);
            let mut making = Box::pin(connect_accepted_socket(move || protocol, connection));
            poll_for_nobody(making.as_mut());
            making
        })
    });
    for recorder in [first, second] {
        assert!(recorder.events().is_empty());
        assert_eq!(Rc::strong_count(&recorder.0), 1, "it was let go of");
    }
    drop(of_another_loop);
}

/// A connection of the program's own that cannot be aborted.
#[derive(Debug)]
struct Unabortable(Played);

impl Connection for Unabortable {
    fn poll_read(&self, context: &mut Context<'_>, room: &mut [u8]) -> Poll<io::Result<usize>> {
        self.0.poll_read(context, room)
    }

    fn poll_write(
        &self,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.0.poll_write(context, bytes)
    }

    fn poll_write_eof(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll_write_eof(context)
    }

    fn poll_close(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.poll_close(context)
    }

    fn abort(&self) {
        panic!("of the test's connection");
    }

    fn local_addr(&self) -> io::Result<Address> {
        Ok(Address::Unnamed)
    }

    fn peer_addr(&self) -> io::Result<Address> {
        Ok(Address::Unnamed)
    }
}

#[test]
fn a_connection_whose_abort_panics_is_lost_all_the_same() {
    let leaves = leaves_something(async || {
        let recorder = Recorder::new();
        let transport = over(&recorder, Unabortable(Played::new(0))).await;
        assert!(catch_unwind(AssertUnwindSafe(|| transport.abort())).is_err());
        recorder.hears("lost").await;
        turns().await;
        assert_eq!(recorder.events(), ["made", "lost"]);
    });
    assert!(!leaves);
}

#[test]
fn a_stream_is_aborted_whoever_reads_from_it() {
    run(async {
        let played = Played::new(0);
        let (mut reader, writer) = streams(played.clone());
        writer.write(b"unsent");
        writer.close();
        let mut buffer = [0; 1];
        let mut reading = pin!(reader.read(&mut buffer));
        poll_for_nobody(reading.as_mut());
        writer.abort();
        assert!(played.is_aborted());
        drop(soon(writer.wait_closed()).await);
    });
}
