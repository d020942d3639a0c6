//! UDP inside foreign runtimes.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use corio_embed_tests::Host;
use corio_net::UdpSocket;

in_every_host! {
    a_datagram_and_its_answer,
    connected_sockets,
    several_wait_at_one_socket,
}

async fn socket() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

fn a_datagram_and_its_answer<H: Host>() {
    H::block_on(async {
        let (server, address) = socket().await;
        let server = H::spawn(async move {
            let mut buffer = [0; 64];
            let (n, from) = server.recv_from(&mut buffer).await?;
            server.send_to(&buffer[..n], from).await
        });
        let (client, _) = socket().await;
        client.send_to(b"Hello World!", address).await.unwrap();
        let mut buffer = [0; 64];
        let (n, from) = client.recv_from(&mut buffer).await.unwrap();
        assert_eq!((&buffer[..n], from), (&b"Hello World!"[..], address));
        assert_eq!(server.await.unwrap(), 12);
    });
}

fn connected_sockets<H: Host>() {
    H::block_on(async {
        let ((left, left_address), (right, right_address)) = (socket().await, socket().await);
        left.connect(right_address).unwrap();
        right.connect(left_address).unwrap();
        let right = H::spawn(async move {
            let mut buffer = [0; 8];
            for _ in 0..20 {
                let n = right.recv(&mut buffer).await?;
                right.send(&buffer[..n]).await?;
            }
            io::Result::Ok(())
        });
        let mut buffer = [0; 8];
        for n in 0..20u8 {
            left.send(&[n; 3]).await.unwrap();
            assert_eq!(left.recv(&mut buffer).await.unwrap(), 3);
            assert_eq!(buffer[..3], [n; 3]);
        }
        right.await.unwrap();
    });
}

/// Each datagram goes to one of them, and none is left waiting.
fn several_wait_at_one_socket<H: Host>() {
    const RECEIVERS: u8 = 4;
    H::block_on(async {
        let (server, address) = socket().await;
        let server = Arc::new(server);
        let receivers: Vec<_> = (0..RECEIVERS)
            .map(|_| {
                let server = Arc::clone(&server);
                H::spawn(async move {
                    let mut buffer = [0; 4];
                    assert_eq!(server.recv_from(&mut buffer).await.unwrap().0, 1);
                    buffer[0]
                })
            })
            .collect();
        let (client, _) = socket().await;
        for n in 0..RECEIVERS {
            client.send_to(&[n], address).await.unwrap();
        }
        let mut received = Vec::new();
        for receiver in receivers {
            received.push(receiver.await);
        }
        received.sort_unstable();
        assert_eq!(received, (0..RECEIVERS).collect::<Vec<_>>());
    });
}
