//! The whole server over real sockets, from the first client to the last.

use std::future::{pending, ready};
use std::net::{Ipv4Addr, SocketAddr};

use super::*;

/// Runs a server that ends when `until` is ready, and `client` beside it.
async fn with_server<T>(
    until: impl Future<Output = ()> + 'static,
    client: impl AsyncFnOnce(SocketAddr) -> T,
) -> (T, corio::JoinHandle<io::Result<()>>) {
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await;
    let listener = listener.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let ctrl_c = async {
        until.await;
        Ok(())
    };
    let server = corio::spawn_local(run(listener, ctrl_c));
    (client(address).await, server)
}

/// Sends `bytes` and reads until the server has answered with `expected`.
async fn check(stream: &TcpStream, bytes: &[u8], expected: &str) {
    stream.write_all(bytes).await.expect("the server reads");
    let mut buffer = vec![0; expected.len()];
    stream.read_exact(&mut buffer).await.expect("the server answers");
    assert_eq!(String::from_utf8_lossy(&buffer), expected);
}

async fn check_closed(stream: &TcpStream) {
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
    assert_eq!(String::from_utf8_lossy(&rest), "");
}

#[corio::test]
async fn a_pipeline_is_answered_in_order_and_pieces_wait() {
    let (done, server) = with_server(pending(), async |address| {
        let stream = TcpStream::connect(address).await?;
        check(&stream, b"SET a 1\r\nINCR a\r\nGET a\r\n", "+OK\r\n:2\r\n$1\r\n2\r\n").await;
        stream.write_all(b"*2\r\n$4\r\nECHO\r\n$5\r\nhe").await?;
        corio::sleep(Duration::from_millis(5)).await;
        check(&stream, b"llo\r\n", "$5\r\nhello\r\n").await;
        check(&stream, b"QUIT\r\nPING\r\n", "+OK\r\n").await;
        check_closed(&stream).await;
        io::Result::Ok(())
    })
    .await;
    done.expect("no trouble");
    server.abort();
}

#[corio::test]
async fn bad_clients_hear_why_and_others_go_on() {
    let (done, server) = with_server(pending(), async |address| {
        let good = TcpStream::connect(address).await?;
        for (bad, why) in [
            (b"*1\r\n$-1\r\n".to_vec(), "invalid bulk length"),
            (vec![b'a'; 200_000], "too big inline request"),
        ] {
            let stream = TcpStream::connect(address).await?;
            check(&stream, &bad, &format!("-ERR Protocol error: {why}\r\n")).await;
            check_closed(&stream).await;
        }
        check(&good, b"PING\r\n", "+PONG\r\n").await;
        io::Result::Ok(())
    })
    .await;
    done.expect("no trouble");
    server.abort();
}

#[corio::test]
async fn asked_to_end_it_answers_what_has_arrived_and_refuses_more() {
    let stop = corio::sleep(Duration::from_millis(50));
    let (done, server) = with_server(stop, async |address| {
        let (idle, half) = (TcpStream::connect(address).await?, TcpStream::connect(address).await?);
        check(&idle, b"PING\r\n", "+PONG\r\n").await;
        half.write_all(b"PING\r\nSET a").await?;
        check_closed(&idle).await;
        check(&half, b"", "+PONG\r\n").await;
        check_closed(&half).await;
        let late = TcpStream::connect(address).await;
        assert_eq!(late.err().map(|error| error.kind()), Some(io::ErrorKind::ConnectionRefused));
        io::Result::Ok(())
    })
    .await;
    done.expect("no trouble");
    server.await.expect("no panic").expect("no trouble");
}

#[corio::test]
async fn without_clients_it_ends_at_once() {
    let ((), server) = with_server(ready(()), async |_| ()).await;
    server.await.expect("no panic").expect("no trouble");
}

#[corio::test]
async fn keys_expire_without_being_asked_for() {
    let store = Rc::new(RefCell::new(Store::new()));
    store.borrow_mut().set(b"a", b"1", Some(Instant::now()));
    let sweeper = corio::spawn_local(sweep(Rc::clone(&store)));
    while store.borrow().len() > 0 {
        corio::sleep(Duration::from_millis(10)).await;
    }
    sweeper.abort();
}
