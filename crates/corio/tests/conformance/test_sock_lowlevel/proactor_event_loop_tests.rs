//! A socket from which something was sent to nobody goes on receiving.

use std::net::SocketAddr;
use std::rc::Rc;

use corio::net::UdpSocket;
use corio::{JoinHandle, spawn_local, yield_now};

use crate::sockets::soon;

async fn socket() -> (Rc<UdpSocket>, SocketAddr) {
    let here: SocketAddr = "127.0.0.1:0".parse().unwrap();
    let socket = UdpSocket::bind(here).await.unwrap();
    let address = socket.local_addr().unwrap();
    (Rc::new(socket), address)
}

/// Sends to and fro; before the last message one goes to an address at which nobody listens, while a
/// `receive` waits.
async fn check(receive: impl Fn(Rc<UdpSocket>) -> JoinHandle<Vec<u8>>) {
    let (socket1, address1) = socket().await;
    let (socket2, address2) = socket().await;
    let nobody = socket().await.1;
    let (receiving1, receiving2) = (receive(socket1.clone()), receive(socket2.clone()));
    yield_now().await;
    socket1.send_to(b"a", address2).await.unwrap();
    assert_eq!(soon(receiving2).await.unwrap(), b"a");
    socket2.send_to(b"b", address1).await.unwrap();
    assert_eq!(soon(receiving1).await.unwrap(), b"b");

    let receiving1 = receive(socket1.clone());
    yield_now().await;
    socket1.send_to(b"c", nobody).await.unwrap();
    yield_now().await;
    socket2.send_to(b"d", address1).await.unwrap();
    assert_eq!(soon(receiving1).await.unwrap(), b"d");
}

#[corio::test]
async fn test_datagram_send_to_non_listening_address_recvfrom() {
    check(|socket| {
        spawn_local(async move {
            let mut data = Vec::new();
            socket.recv_buf_from(&mut data, 4096).await.unwrap();
            data
        })
    })
    .await;
}

#[corio::test]
async fn test_datagram_send_to_non_listening_address_recvfrom_into() {
    check(|socket| {
        spawn_local(async move {
            let mut buffer = [0; 4096];
            let (count, _) = socket.recv_from(&mut buffer).await.unwrap();
            buffer[..count].to_vec()
        })
    })
    .await;
}
