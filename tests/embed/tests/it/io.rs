//! Copying, in-memory pipes and messages inside foreign runtimes.

use corio_embed_tests::Host;
use corio_io::prelude::*;
use corio_io::{Framed, LengthDelimited, Lines, copy_bidirectional, duplex};

use crate::net;

in_every_host! {
    an_echo_in_memory,
    a_proxy_between_two_sockets,
    frames_over_a_socket,
    lines_over_memory,
}

fn an_echo_in_memory<H: Host>() {
    H::block_on(async {
        // Less room than there are bytes, so both ends have to wait.
        let (near, mut far) = duplex(16);
        let far = H::spawn(async move {
            let mut all = Vec::new();
            AsyncReadExt::read_to_end(&mut far, &mut all).await.unwrap();
            all
        });
        near.write_all(&[1; 1000]).await.unwrap();
        drop(near);
        assert_eq!(far.await, [1; 1000]);
    });
}

fn a_proxy_between_two_sockets<H: Host>() {
    H::block_on(async {
        let (client, mut front) = net::connection().await;
        let (mut back, server) = net::connection().await;
        let server = H::spawn(async move {
            let mut question = Vec::new();
            server.read_to_end(&mut question).await?;
            // Half of the connection has ended, the other half answers.
            server.write_all(&question.repeat(2)).await
        });
        let proxy = H::spawn(async move { copy_bidirectional(&mut front, &mut back).await });
        client.write_all(b"through").await.unwrap();
        client.shutdown(std::net::Shutdown::Write).await.unwrap();
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).await.unwrap();
        assert_eq!(answer, b"throughthrough");
        assert_eq!(proxy.await.unwrap(), (7, 14));
        server.await.unwrap();
    });
}

fn frames_over_a_socket<H: Host>() {
    H::block_on(async {
        let (client, server) = net::connection().await;
        let server = H::spawn(async move {
            let mut frames = Framed::new(server, LengthDelimited::max(1 << 20));
            while let Some(frame) = frames.next().await {
                frames.send(frame.unwrap()).await.unwrap();
            }
        });
        let mut frames = Framed::new(client, LengthDelimited::max(1 << 20));
        for length in [0, 1, 100, 100_000] {
            let frame = vec![length as u8; length];
            frames.send(&frame[..]).await.unwrap();
            assert_eq!(frames.next().await.unwrap().unwrap(), frame);
        }
        drop(frames);
        server.await;
    });
}

fn lines_over_memory<H: Host>() {
    H::block_on(async {
        let (near, far) = duplex(8);
        let writer = H::spawn(async move { near.write_all(b"one\r\ntwo\nthree").await });
        let mut lines = Framed::new(far, Lines::max(64));
        let mut seen = Vec::new();
        while let Some(line) = lines.next().await {
            seen.push(line.unwrap());
        }
        assert_eq!(seen, ["one", "two", "three"]);
        writer.await.unwrap();
    });
}
