//! asyncio's streams: a server and a client of lines.

use std::error::Error;

use corio::stream::{open_connection, start_server};

use crate::page::Page;

const SOURCE: &str = include_str!("streams.rs");

/// Serves lines, and asks for two.
///
/// # Errors
/// What the sockets say.
pub async fn stop(page: &mut Page) -> Result<(), Box<dyn Error>> {
    page.stop("Streams: asyncio's readers, writers and servers");
    page.code(SOURCE, "server");
    // [server]
    let server = start_server(
        |mut reader, writer| async move {
            let mut lines = reader.lines();
            while let Some(line) = lines.next().await? {
                writer.write(&line.to_ascii_uppercase());
                writer.drain().await?; // waits only if the peer does not keep up
            }
            writer.close();
            writer.wait_closed().await
        },
        "127.0.0.1:0",
    )
    .await?;
    // [end]
    page.code(SOURCE, "client");
    let address = server.local_addr().ok_or("the server has no address")?;
    // [client]
    let (mut reader, writer) = open_connection(address).await?;
    writer.write(b"half a li"); // what a peer sends in pieces comes out in lines
    writer.write(b"ne\nanother\n");
    let (first, second) = (reader.read_line().await?, reader.read_line().await?);
    // [end]
    writer.close();
    writer.wait_closed().await?;
    server.close();
    server.wait_closed().await;
    let lines = [first, second].map(|line| String::from_utf8_lossy(&line).trim_end().to_owned());
    page.result(format_args!("two lines came back: {}", lines.join(", ")));
    Ok(())
}
