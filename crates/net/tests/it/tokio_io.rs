//! Tokio's traits: through them bytes go both ways, and to the end.

use std::future::poll_fn;
use std::io::IoSlice;
use std::pin::Pin;

use corio_net::{UnixStream, pipe};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::util::{block_on, pair};

/// Writes all of it, and shuts down.
async fn send(mut stream: impl AsyncWrite + Unpin, mut bytes: &[u8]) {
    assert!(stream.is_write_vectored());
    while !bytes.is_empty() {
        let slices = [IoSlice::new(&bytes[..1]), IoSlice::new(&bytes[1..])];
        let n = poll_fn(|c| Pin::new(&mut stream).poll_write_vectored(c, &slices)).await.unwrap();
        bytes = &bytes[n..];
    }
    assert_eq!(poll_fn(|c| Pin::new(&mut stream).poll_write(c, b"!")).await.unwrap(), 1);
    poll_fn(|c| Pin::new(&mut stream).poll_flush(c)).await.unwrap();
    poll_fn(|c| Pin::new(&mut stream).poll_shutdown(c)).await.unwrap();
}

/// Reads to the end, in pieces, behind what is in the buffer.
async fn receive(mut stream: impl AsyncRead + Unpin) -> Vec<u8> {
    let mut all = Vec::new();
    loop {
        let mut storage = [0; 8];
        let mut buffer = ReadBuf::new(&mut storage);
        buffer.put_slice(b"> ");
        poll_fn(|c| Pin::new(&mut stream).poll_read(c, &mut buffer)).await.unwrap();
        if buffer.filled().len() == 2 {
            return all;
        }
        all.extend_from_slice(&buffer.filled()[2..]);
    }
}

#[test]
fn streams_and_halves() {
    block_on(async {
        let (client, server) = pair();
        send(&client, b"over tcp").await;
        assert_eq!(receive(&server).await, b"over tcp!");

        let (one, mut two) = UnixStream::pair().unwrap();
        let (read, write) = one.into_split();
        send(write, b"over a unix socket").await;
        let (borrowed, _) = two.split();
        assert_eq!(receive(borrowed).await, b"over a unix socket!");
        let (_, borrowed) = two.split();
        send(borrowed, b"back").await;
        assert_eq!(receive(read).await, b"back!");

        let (sender, receiver) = pipe::pipe().unwrap();
        send(sender, b"through a pipe").await;
        assert_eq!(receive(receiver).await, b"through a pipe!");
    });
}
