//! TCP inside foreign runtimes.

use std::io;
use std::net::{Shutdown, SocketAddr};
use std::task::{Context, Waker};
use std::thread;

use corio_embed_tests::Host;
use corio_net::{TcpListener, TcpStream};
use corio_timer::sleep;
use futures::future::{join, join_all};
use futures::io::{AsyncReadExt, AsyncWriteExt};

in_every_host! {
    echo_and_the_end,
    a_half_closed_connection_still_answers,
    many_connections_at_once,
    a_megabyte_each_way_in_two_tasks,
    the_traits_of_futures,
    a_timeout_around_a_read,
    a_connection_begun_on_one_thread_goes_on_on_another,
}

pub(crate) async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

pub(crate) async fn connection() -> (TcpStream, TcpStream) {
    let (listener, address) = listen().await;
    let (client, server) = join(TcpStream::connect(address), listener.accept()).await;
    (client.unwrap(), server.unwrap().0)
}

/// Sends back what comes, until the end.
pub(crate) async fn echo(stream: TcpStream) -> io::Result<()> {
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer).await? {
            0 => return Ok(()),
            n => stream.write_all(&buffer[..n]).await?,
        }
    }
}

fn echo_and_the_end<H: Host>() {
    H::block_on(async {
        let (client, server) = connection().await;
        let server = H::spawn(echo(server));
        for text in [&b"one"[..], b"and", b"two"] {
            client.write_all(text).await.unwrap();
            let mut buffer = [0; 3];
            client.read_exact(&mut buffer).await.unwrap();
            assert_eq!(buffer, text);
        }
        drop(client);
        server.await.unwrap();
    });
}

fn a_half_closed_connection_still_answers<H: Host>() {
    H::block_on(async {
        let (client, server) = connection().await;
        let server = H::spawn(async move {
            let mut question = Vec::new();
            server.read_to_end(&mut question).await?;
            server.write_all(format!("{} bytes", question.len()).as_bytes()).await
        });
        client.write_all(&[7; 1000]).await.unwrap();
        client.shutdown(Shutdown::Write).await.unwrap();
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).await.unwrap();
        assert_eq!(answer, b"1000 bytes");
        server.await.unwrap();
    });
}

fn many_connections_at_once<H: Host>() {
    const CONNECTIONS: usize = 100;
    H::block_on(async {
        let (listener, address) = listen().await;
        let server = H::spawn(async move {
            let mut tasks = Vec::new();
            for _ in 0..CONNECTIONS {
                let (stream, _) = listener.accept().await.unwrap();
                tasks.push(H::spawn(echo(stream)));
            }
            for task in tasks {
                task.await.unwrap();
            }
        });
        let clients = (0..CONNECTIONS).map(|n| {
            H::spawn(async move {
                let stream = TcpStream::connect(address).await.unwrap();
                for round in 0..10 {
                    let sent = [n as u8 ^ round; 64];
                    stream.write_all(&sent).await.unwrap();
                    let mut received = [0; 64];
                    stream.read_exact(&mut received).await.unwrap();
                    assert_eq!(received, sent);
                }
            })
        });
        join_all(clients).await;
        server.await;
    });
}

fn a_megabyte_each_way_in_two_tasks<H: Host>() {
    const BYTES: usize = 1 << 20;
    H::block_on(async {
        let (client, server) = connection().await;
        let server = H::spawn(echo(server));
        let (mut read, mut write) = client.into_split();
        let sender = H::spawn(async move {
            let pattern: Vec<u8> = (0..BYTES).map(|n| (n % 251) as u8).collect();
            write.write_all(&pattern).await.unwrap();
            // Dropped: the peer sees the end.
        });
        let mut received = Vec::new();
        assert_eq!(read.read_to_end(&mut received).await.unwrap(), BYTES);
        assert!(received.iter().enumerate().all(|(n, &byte)| byte == (n % 251) as u8));
        sender.await;
        server.await.unwrap();
    });
}

fn the_traits_of_futures<H: Host>() {
    H::block_on(async {
        let (mut client, server) = connection().await;
        let server = H::spawn(async move {
            let (reader, mut writer) = AsyncReadExt::split(server);
            let copied = futures::io::copy(reader, &mut writer).await.unwrap();
            writer.close().await.unwrap();
            copied
        });
        AsyncWriteExt::write_all(&mut client, b"through two traits").await.unwrap();
        AsyncWriteExt::close(&mut client).await.unwrap();
        let mut text = String::new();
        AsyncReadExt::read_to_string(&mut client, &mut text).await.unwrap();
        assert_eq!(text, "through two traits");
        assert_eq!(server.await, 18);
    });
}

fn a_timeout_around_a_read<H: Host>() {
    use futures::future::{Either, select};
    H::block_on(async {
        let (client, server) = connection().await;
        let mut buffer = [0; 8];
        {
            let read = std::pin::pin!(client.read(&mut buffer));
            let limit = std::pin::pin!(sleep(std::time::Duration::from_millis(2)));
            assert!(matches!(select(read, limit).await, Either::Right(_)), "nothing was sent");
        }
        // The read that was given up has taken nothing.
        server.write_all(b"later").await.unwrap();
        assert_eq!(client.read(&mut buffer).await.unwrap(), 5);
    });
}

fn a_connection_begun_on_one_thread_goes_on_on_another<H: Host>() {
    let (client, server) = H::block_on(connection());
    let mut reading = Box::pin(async move {
        let mut buffer = [0; 5];
        client.read_exact(&mut buffer).await.map(|()| buffer)
    });
    let polled = reading.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(polled.is_pending());
    let other = thread::spawn(move || H::block_on(async { H::spawn(reading).await }));
    H::block_on(async { server.write_all(b"moved").await }).unwrap();
    assert_eq!(&other.join().unwrap().unwrap(), b"moved");
}
