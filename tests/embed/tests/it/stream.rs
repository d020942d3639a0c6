//! asyncio's streams, servers and protocols inside foreign runtimes: on a loop that is a guest there.

use std::cell::RefCell;
use std::rc::Rc;

use corio_embed_tests::Host;
use corio_executor::{Guest, yield_now};
use corio_stream::protocol::{create_connection, create_server};
use corio_stream::{open_connection, start_server};

use crate::peer::Peer;

in_every_host! {
    an_echo_with_streams,
    an_echo_with_protocols,
}

fn an_echo_with_streams<H: Host>() {
    H::block_on(async {
        let guest = Guest::new();
        let echo = guest.spawn_local(async {
            let server = start_server(
                |mut reader, writer| async move {
                    while let Some(line) = reader.lines().next().await? {
                        writer.write(&line);
                        writer.drain().await?;
                    }
                    writer.close();
                    writer.wait_closed().await
                },
                "127.0.0.1:0",
            )
            .await?;
            let (mut reader, writer) = open_connection(server.local_addr().unwrap()).await?;
            writer.write(b"one\ntwo\n");
            writer.write_eof()?;
            let all = reader.read_to_end().await?;
            writer.close();
            writer.wait_closed().await?;
            server.close();
            server.wait_closed().await;
            std::io::Result::Ok(all)
        });
        assert_eq!(guest.run(echo).await.unwrap().unwrap(), b"one\ntwo\n");
    });
}

fn an_echo_with_protocols<H: Host>() {
    H::block_on(async {
        let guest = Guest::new();
        let echo = guest.spawn_local(async {
            let server = create_server(|| Peer { echoes: true, ..Peer::default() }, "127.0.0.1:0");
            let server = server.await?;
            let client = Rc::new(RefCell::new(Peer::default()));
            let mine = Rc::clone(&client);
            let transport = create_connection(|| mine, server.local_addr().unwrap()).await?;
            transport.write(b"hello");
            while client.borrow().received.len() < 5 {
                yield_now().await;
            }
            transport.close();
            server.close();
            server.wait_closed().await;
            let received = client.borrow().received.clone();
            std::io::Result::Ok(received)
        });
        assert_eq!(guest.run(echo).await.unwrap().unwrap(), b"hello");
    });
}
