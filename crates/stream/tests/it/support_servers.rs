//! Handlers and clients that the tests of servers share.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use corio_stream::{Server, StreamReader, StreamWriter};

use crate::support::soon;

/// This machine, at a port that the system chooses.
pub(crate) const HERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// Lets nobody in any more, and waits until all who were in have gone.
pub(crate) async fn end(server: &Server) {
    server.close();
    soon(server.wait_closed()).await;
}

/// Sends a line back and closes.
pub(crate) async fn answer(mut reader: StreamReader, writer: StreamWriter) -> io::Result<()> {
    let line = reader.read_line().await?;
    writer.write(&line);
    writer.drain().await?;
    writer.close();
    writer.wait_closed().await
}

/// Reads all, and closes.
pub(crate) async fn read_all(mut reader: StreamReader, writer: StreamWriter) {
    let _ = reader.read_to_end().await;
    writer.close();
    let _ = writer.wait_closed().await;
}

pub(crate) async fn ask((mut reader, writer): (StreamReader, StreamWriter)) -> Vec<u8> {
    writer.write(b"hello world!\n");
    let answer = soon(reader.read_line()).await.unwrap();
    writer.close();
    soon(writer.wait_closed()).await.unwrap();
    answer
}
