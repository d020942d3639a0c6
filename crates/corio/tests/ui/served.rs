//! Handlers, protocols, addresses and separators that are none.

use corio::stream::protocol::{Buffered, BufferedProtocol, create_server};
use corio::stream::{StreamReader, StreamWriter, open_connection, start_server};
use corio::sync::{Condition, Lock};

async fn counts(mut reader: StreamReader, _: StreamWriter) -> std::io::Result<usize> {
    reader.read_to_end().await.map(|bytes| bytes.len())
}

struct Fills;

impl BufferedProtocol for Fills {
    fn get_buffer(&mut self, _: usize) -> &mut [u8] {
        &mut []
    }

    fn buffer_updated(&mut self, _: usize) {}
}

async fn serve() -> Result<(), Box<dyn std::error::Error>> {
    start_server(counts, "127.0.0.1:0").await?;
    create_server(|| Buffered(Fills), "127.0.0.1:0").await?;
    create_server(|| Fills, "127.0.0.1:0").await?;
    let (mut reader, _) = open_connection(80).await?;
    reader.read_until("\r\n").await?;
    let (lock, condition) = (Lock::new(), Condition::new());
    condition.wait(&lock).await;
    Ok(())
}

fn main() {
    drop(serve());
}
