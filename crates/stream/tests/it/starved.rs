//! Servers without descriptors: they survive, the log says so, and they go on when there are some again.

use std::net::SocketAddr;

use corio_net::TcpStream;
use corio_stream::protocol::create_server;
use corio_stream::{Server, open_connection, start_server};

use crate::alone::alone;
use crate::kept_log::{keep_log, logged};
use crate::limits::hoard_descriptors;
use crate::protocol::Recorder;
use crate::support::{run, soon, until};
use crate::support_servers::{HERE, answer, ask};

/// Takes all descriptors but one, which a client gets, and leaves none for the server's end of it. What comes
/// of it while the server lacks one and after that.
async fn starve_and_recover(address: SocketAddr, clients: impl Fn() -> usize) -> TcpStream {
    keep_log(log::LevelFilter::Warn);
    let mut hoard = hoard_descriptors();
    // Connecting needs one, and says so where there is none.
    let error = open_connection(address).await.unwrap_err();
    assert_eq!(error.kind(), std::io::Error::from_raw_os_error(24).kind(), "{error}");
    assert!(error.to_string().contains(&address.to_string()), "with whom? {error}");
    drop(hoard.pop());
    let stream = TcpStream::connect(address).await.unwrap();
    let paused = || logged("accept pauses: ").len();
    until(|| paused() > 0).await;
    // It waits in the queue, and nobody turns round for it.
    let before = clients();
    for _ in 0..20 {
        corio_timer::sleep(std::time::Duration::from_millis(2)).await;
    }
    assert_eq!((clients(), paused()), (before, 1), "one line for many attempts");
    let line = &logged("accept pauses: ")[0];
    assert!(line.starts_with("ERROR corio::net: ") && line.contains("ulimit -n"), "{line}");
    assert!(line.contains("Too many open files"), "{line}");
    drop(hoard);
    stream
}

async fn end(server: Server) {
    server.close();
    server.close_clients();
    soon(server.wait_closed()).await;
}

#[test]
fn a_server_of_streams_survives_without_descriptors_and_goes_on() {
    alone("starved::a_server_of_streams_survives_without_descriptors_and_goes_on", || {
        run(async {
            let server = start_server(answer, HERE).await.unwrap();
            let address = server.local_addr().unwrap();
            // One that is there all the time, and what accepting needs first.
            let early = open_connection(address).await.unwrap();
            until(|| server.clients() == 1).await;
            let waiting = starve_and_recover(address, || server.clients()).await;
            // Who was there, who waited, and who comes now: all are served.
            assert_eq!(ask(early).await, b"hello world!\n");
            assert_eq!(ask(corio_stream::streams(waiting)).await, b"hello world!\n");
            let late = open_connection(address).await.unwrap();
            assert_eq!(ask(late).await, b"hello world!\n");
            end(server).await;
        });
    });
}

#[test]
fn a_server_of_protocols_survives_without_descriptors_and_goes_on() {
    alone("starved::a_server_of_protocols_survives_without_descriptors_and_goes_on", || {
        run(async {
            let recorder = Recorder::new();
            let factory = recorder.clone();
            let server = create_server(move || factory.clone(), HERE).await.unwrap();
            let address = server.local_addr().unwrap();
            let early = TcpStream::connect(address).await.unwrap();
            until(|| server.clients() == 1).await;
            let waiting = starve_and_recover(address, || server.clients()).await;
            waiting.write_all(b"I waited").await.unwrap();
            recorder.hears("data I waited").await;
            early.write_all(b"I was here").await.unwrap();
            recorder.hears("data I was here").await;
            assert_eq!(server.clients(), 2);
            drop((early, waiting));
            end(server).await;
        });
    });
}
