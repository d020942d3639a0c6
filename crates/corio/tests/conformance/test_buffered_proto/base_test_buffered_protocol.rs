//! A client whose protocol receives into a buffer of its own.

use std::io;

use corio::stream::protocol::{Buffered, BufferedProtocol, Transport, create_connection};
use corio::stream::{StreamReader, StreamWriter, start_server};
use corio::sync::oneshot;

use crate::sockets::{HERE, soon};

/// How much the server sends.
const LENGTH: usize = 9 * 1024;

fn noise() -> Vec<u8> {
    b"12345678+".repeat(1024)
}

/// Receives until it has all, and says so with one byte.
#[derive(Debug)]
struct ReceiveStuff {
    transport: Option<Transport>,
    buffer: [u8; 100],
    data: Vec<u8>,
    lost: Option<oneshot::Sender<(Vec<u8>, Option<io::Error>)>>,
}

impl BufferedProtocol for ReceiveStuff {
    fn connection_made(&mut self, transport: Transport) {
        self.transport = Some(transport);
    }

    fn get_buffer(&mut self, _hint: usize) -> &mut [u8] {
        &mut self.buffer
    }

    fn buffer_updated(&mut self, count: usize) {
        self.data.extend_from_slice(&self.buffer[..count]);
        if self.data.len() == LENGTH {
            self.transport.as_ref().expect("it is connected").write(b"1");
        }
    }

    fn connection_lost(&mut self, error: Option<io::Error>) {
        let lost = self.lost.take().expect("it is called once");
        // A test that waits no more has failed already.
        let _ = lost.send((std::mem::take(&mut self.data), error));
    }
}

#[corio::test]
async fn test_buffered_proto_create_connection() {
    async fn on_server_client(mut reader: StreamReader, writer: StreamWriter) {
        writer.write(&noise());
        assert_eq!(reader.read_exactly(1).await.unwrap(), b"1");
        writer.close();
        writer.wait_closed().await.unwrap();
    }
    let server = start_server(on_server_client, HERE).await.unwrap();
    let (lost, waiting) = oneshot::channel();
    let protocol =
        ReceiveStuff { transport: None, buffer: [0; 100], data: Vec::new(), lost: Some(lost) };
    let address = server.local_addr().unwrap();
    let _transport = create_connection(|| Buffered(protocol), address).await.unwrap();
    let (data, error) = soon(waiting).await.unwrap();
    assert!(error.is_none(), "{error:?}");
    assert!(data == noise());
    server.close();
    soon(server.wait_closed()).await;
}
