//! Clients on real sockets: CPython's `create_connection` tests.

use std::io;
use std::net::TcpListener as StdTcpListener;

use corio_stream::protocol::{Buffered, create_connection};

use super::{Recorder, turns};
use crate::support::{http_server, run, soon};

#[test]
fn test_create_connection() {
    let (address, server) = http_server();
    run(async {
        let recorder = Recorder::new();
        let transport = create_connection(|| recorder.clone(), address).await.unwrap();
        assert_eq!(transport.peer_addr().unwrap().as_inet(), Some(address));
        transport.write(b"GET / HTTP/1.0\r\n\r\n");
        soon(recorder.hears("lost")).await;
        assert!(recorder.has("data HTTP/1.0 200 OK"));
        assert!(recorder.events().ends_with(&["eof".to_owned(), "lost".to_owned()]));
    });
    server.join().unwrap();
}

#[test]
fn test_create_connection_connect_err() {
    let unused = StdTcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    run(async {
        let mut made = false;
        let factory = || {
            made = true;
            Recorder::new()
        };
        let error = create_connection(factory, unused).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        assert!(!made, "a factory is called for a connection that is there");
    });
}

#[test]
fn a_connection_that_is_given_up_is_aborted() {
    run(async {
        let recorder = Recorder::new();
        let (ours, mut theirs) = std::os::unix::net::UnixStream::pair().unwrap();
        let ours = corio_net::UnixStream::from_std(ours).unwrap();
        let mut making =
            Box::pin(corio_stream::protocol::connect_accepted_socket(|| recorder.clone(), ours));
        assert!(futures::poll!(making.as_mut()).is_pending());
        drop(making);
        turns().await;
        assert_eq!(recorder.events(), ["made", "lost"]);
        assert_eq!(io::Read::read(&mut theirs, &mut [0; 1]).unwrap(), 0);
    });
}

#[test]
#[should_panic(expected = "where no loop runs")]
fn outside_a_loop_it_says_what_to_do() {
    struct Nothing;
    impl corio_stream::protocol::BufferedProtocol for Nothing {
        fn get_buffer(&mut self, _: usize) -> &mut [u8] {
            &mut []
        }

        fn buffer_updated(&mut self, _: usize) {}
    }
    let played = crate::support::Played::new(0);
    let making = corio_stream::protocol::connect_accepted_socket(|| Buffered(Nothing), played);
    let _ = corio_base::park::block_on(making);
}
