//! Connecting, reading, writing and accepting; and what becomes of it when it is cancelled.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use corio::net::{TcpListener, TcpStream, UdpSocket, UnixDatagram, UnixStream};
use corio::{spawn_local, timeout, yield_now};

use crate::sockets::{REQUEST, SocketPath, http_server, soon, unix_http_server};

fn here() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

/// Asks, and reads what comes, into buffers of the caller's.
macro_rules! client_ops {
    ($stream:expr) => {{
        let stream = $stream;
        stream.write_all(REQUEST).await.unwrap();
        let mut data = [0; 1024];
        let count = soon(stream.read(&mut data)).await.unwrap();
        assert!(data[..count].starts_with(b"HTTP/1.0 200 OK"));
        // A vector grows by what comes.
        let mut rest = Vec::with_capacity(1024);
        while soon(stream.read_buf(&mut rest)).await.unwrap() > 0 {}
        assert!(count + rest.len() > b"HTTP/1.0 200 OK".len());
    }};
}

/// A socket that blocks cannot be used by mistake: it does not block any more once it is the loop's.
#[corio::test]
async fn test_sock_client_ops() {
    let (address, server) = http_server();
    client_ops!(TcpStream::connect(address).await.unwrap());
    server.join().unwrap();

    let (address, server) = http_server();
    let blocking = std::net::TcpStream::connect(address).unwrap();
    let stream = TcpStream::from_std(blocking).unwrap();
    let nothing_yet = stream.try_read(&mut [0]).unwrap_err();
    assert_eq!(nothing_yet.kind(), ErrorKind::WouldBlock);
    client_ops!(stream);
    server.join().unwrap();
}

#[corio::test]
async fn test_unix_sock_client_ops() {
    let path = SocketPath::new();
    let server = unix_http_server(&path);
    client_ops!(UnixStream::connect(&*path).await.unwrap());
    server.join().unwrap();
}

/// A read that was cancelled takes nothing away from the next one; a write neither.
#[corio::test]
async fn test_sock_client_racing() {
    let (address, server) = http_server();
    let stream = std::rc::Rc::new(TcpStream::connect(address).await.unwrap());
    let reading = stream.clone();
    let task = spawn_local(async move { reading.read(&mut [0; 1024]).await });
    yield_now().await;
    task.task().cancel("of the test");
    let asking = stream.clone();
    let request = spawn_local(async move { asking.write_all(REQUEST).await });
    let mut data = [0; 1024];
    let count = soon(stream.read(&mut data)).await.unwrap();
    assert!(data[..count].starts_with(b"HTTP/1.0 200 OK"));
    assert!(task.await.unwrap_err().is_cancelled());
    request.await.unwrap().unwrap();
    server.join().unwrap();

    let (ours, theirs) = UnixStream::pair().unwrap();
    let ours = std::rc::Rc::new(ours);
    // Until not even one byte more can be sent.
    let full = loop {
        match ours.try_write(b" ") {
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert_eq!(full.kind(), ErrorKind::WouldBlock);
    let writing = ours.clone();
    let task = spawn_local(async move { writing.write_all(b"hello").await });
    yield_now().await;
    task.task().cancel("of the test");
    let receiving = spawn_local(async move {
        let mut all = Vec::new();
        theirs.read_to_end(&mut all).await.unwrap();
        all.retain(|byte| *byte != b' ');
        all
    });
    soon(ours.write_all(b"world")).await.unwrap();
    ours.shutdown(std::net::Shutdown::Write).await.unwrap();
    assert_eq!(soon(receiving).await.unwrap(), b"world");
    assert!(task.await.unwrap_err().is_cancelled());
}

/// An attempt to connect that was cancelled is no hindrance to the next.
#[corio::test]
async fn test_sock_client_connect_racing() {
    let address = std::net::TcpListener::bind(here()).unwrap().local_addr().unwrap();
    let task = spawn_local(async move { TcpStream::connect(address).await.map(drop) });
    yield_now().await;
    task.task().cancel("of the test");
    // That nobody listens there may have been heard before.
    let ended = task.await;
    assert!(ended.is_err() || ended.is_ok_and(|connected| connected.is_err()));
    let listener = TcpListener::bind(address).await.unwrap();
    let stream = soon(TcpStream::connect(address)).await.unwrap();
    let (_peer, from) = soon(listener.accept()).await.unwrap();
    assert_eq!(from, stream.local_addr().unwrap());
}

const HUGE: usize = 1_000_000;

/// Posts much, and reads it back at the same time; `more` reads some and says how much.
async fn huge_content(more: impl AsyncFn(&TcpStream, &mut Vec<u8>) -> io::Result<usize>) {
    let (address, server) = http_server();
    let stream = std::rc::Rc::new(TcpStream::connect(address).await.unwrap());
    let head = format!("POST /loop HTTP/1.0\r\nContent-Length: {HUGE}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let posting = stream.clone();
    let chunk = b"0123456789".repeat(HUGE / 10);
    let sent = chunk.clone();
    let task = spawn_local(async move { posting.write_all(&sent).await });
    let mut data = Vec::new();
    while soon(more(&stream, &mut data)).await.unwrap() > 0 {}
    let end = data.windows(4).position(|four| four == b"\r\n\r\n").expect("the headers' end");
    assert!(data.starts_with(b"HTTP/1.0 200 OK"));
    assert!(data[end + 4..] == chunk, "all of it, in order");
    task.await.unwrap().unwrap();
    server.join().unwrap();
}

#[corio::test]
async fn test_huge_content() {
    huge_content(async |stream, data| {
        data.reserve(HUGE);
        stream.read_buf(data).await
    })
    .await;
}

#[corio::test]
async fn test_huge_content_recvinto() {
    huge_content(async |stream, data| {
        let mut buffer = vec![0; HUGE];
        let count = stream.read(&mut buffer).await?;
        data.extend_from_slice(&buffer[..count]);
        Ok(count)
    })
    .await;
}

/// A server that sends every datagram back, so many times.
fn udp_echo_server(times: usize) -> (SocketAddr, std::thread::JoinHandle<()>) {
    let socket = std::net::UdpSocket::bind(here()).unwrap();
    socket.set_read_timeout(Some(crate::sockets::LONG)).unwrap();
    let address = socket.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        let mut buffer = [0; 65536];
        for _ in 0..times {
            let (count, from) = socket.recv_from(&mut buffer).unwrap();
            socket.send_to(&buffer[..count], from).unwrap();
        }
    });
    (address, server)
}

#[corio::test]
async fn test_recvfrom() {
    let (server_address, server) = udp_echo_server(1);
    let data = [1; 4096];
    let socket = UdpSocket::bind(here()).await.unwrap();
    socket.send_to(&data, server_address).await.unwrap();
    let mut received = Vec::new();
    let (count, from) = soon(socket.recv_buf_from(&mut received, 4096)).await.unwrap();
    assert_eq!((&received[..], count, from), (&data[..], data.len(), server_address));
    server.join().unwrap();
}

#[corio::test]
async fn test_recvfrom_into() {
    let (server_address, server) = udp_echo_server(2);
    let data = [1; 4096];
    let socket = UdpSocket::bind(here()).await.unwrap();
    // A buffer that just fits, and the beginning of a larger one.
    for (mut buffer, room) in [(vec![0; 4096], 4096), (vec![0; 8192], 4096)] {
        socket.send_to(&data, server_address).await.unwrap();
        let (count, from) = soon(socket.recv_from(&mut buffer[..room])).await.unwrap();
        assert_eq!((count, from), (4096, server_address));
        assert_eq!(buffer[..count], data);
    }
    server.join().unwrap();
}

/// A datagram for which there is no room yet. UDP throws away instead; a Unix socket has it.
#[corio::test]
async fn test_sendto_blocking() {
    let path = SocketPath::new();
    let receiver = UnixDatagram::bind(&*path).await.unwrap();
    let sender = UnixDatagram::unbound().unwrap();
    let mut sent = 0;
    while sender.try_send_to(&[1; 4096], &*path).is_ok() {
        sent += 1;
    }
    let blocked = sender.try_send_to(&[2; 4096], &*path).unwrap_err();
    assert_eq!(blocked.kind(), ErrorKind::WouldBlock);
    let at = path.to_owned();
    let task = spawn_local(async move { sender.send_to(&[2; 4096], at).await });
    yield_now().await;
    assert!(!task.is_finished());
    let mut buffer = [0; 4096];
    for number in 0..=sent {
        let (count, _) = soon(receiver.recv_from(&mut buffer)).await.unwrap();
        let byte = if number < sent { 1 } else { 2 };
        assert_eq!((count, buffer), (4096, [byte; 4096]));
    }
    assert_eq!(task.await.unwrap().unwrap(), 4096);
}

#[corio::test]
async fn test_sock_client_fail() {
    let unused = std::net::TcpListener::bind(here()).unwrap().local_addr().unwrap();
    let error = soon(TcpStream::connect(unused)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}

#[corio::test]
async fn test_cancel_sock_accept() {
    let listener = TcpListener::bind(here()).await.unwrap();
    let address = listener.local_addr().unwrap();
    // What passes here is the time that is tested.
    assert!(timeout(Duration::from_millis(20), listener.accept()).await.is_err());
    drop(listener);
    let error = soon(TcpStream::connect(address)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}
