//! Servers: serving until cancelled, waiting for their end, the file of a Unix socket.

mod base_start_server;
mod selector_start_server_tests;
mod test_server2;
mod unix_server_cleanup_tests;

use std::cell::RefCell;
use std::io::{self, Read, Write};
use std::rc::Rc;

use corio::JoinHandle;
use corio::stream::{ServeError, Server, StreamReader, StreamWriter};

use crate::sockets::soon;

/// The main task, which a handler cancels.
type MainTask = Rc<RefCell<Option<JoinHandle<()>>>>;

/// Reads a line, cancels the main task, answers with one byte.
async fn serve(main: MainTask, mut reader: StreamReader, writer: StreamWriter) -> io::Result<()> {
    reader.read_line().await?;
    main.borrow().as_ref().expect("the main task").task().cancel("of the test");
    writer.write(b"1");
    writer.close();
    writer.wait_closed().await
}

/// A client that blocks: sends a long line, and waits for one byte.
fn client(mut stream: impl Read + Write) {
    let mut hello = vec![b'1'; 5 * 1024];
    hello.push(b'\n');
    stream.write_all(&hello).unwrap();
    stream.read_exact(&mut [0]).unwrap();
}

/// Waits for the main task, and looks at what is left of its server.
async fn check_cancelled(server: &Server, main: MainTask, client: std::thread::JoinHandle<()>) {
    let task = main.borrow().as_ref().expect("the main task").task();
    crate::sockets::until(|| task.is_done()).await;
    let ended = main.take().expect("the main task").await.unwrap_err();
    assert!(ended.is_cancelled());
    client.join().unwrap();
    assert!(server.addresses().is_empty());
    assert!(!server.is_serving() && server.is_closed());
    let error = soon(server.serve_forever()).await.unwrap_err();
    assert!(matches!(error, ServeError::Closed { .. }), "{error:?}");
    assert!(error.to_string().contains("is closed"), "{error}");
}

/// Reads all, and closes.
async fn read_all(mut reader: StreamReader, writer: StreamWriter) {
    // How the client ends is not what is tested.
    let _ = reader.read_to_end().await;
    writer.close();
    let _ = writer.wait_closed().await;
}
