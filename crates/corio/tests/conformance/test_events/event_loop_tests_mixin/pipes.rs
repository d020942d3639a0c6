//! Pipes that call a protocol.

use corio::net::pipe;
use corio::stream::protocol::{connect_read_pipe, connect_write_pipe};

use crate::recorder::Recorder;
use crate::sockets::until;

#[corio::test]
async fn test_read_pipe() {
    let recorder = Recorder::shared();
    let (writer, reader) = pipe::pipe().unwrap();
    let transport = connect_read_pipe(|| recorder.clone(), reader).await.unwrap();
    assert_eq!(recorder.borrow().told, ["made"]);
    writer.write_all(b"1").await.unwrap();
    until(|| recorder.borrow().received == b"1").await;
    writer.write_all(b"2345").await.unwrap();
    until(|| recorder.borrow().received == b"12345").await;
    drop(writer);
    until(|| recorder.borrow().lost.is_some()).await;
    assert_eq!(recorder.borrow().told, ["made", "data", "eof", "lost"]);
    assert!(transport.is_closing());
}

#[corio::test]
async fn test_write_pipe() {
    let recorder = Recorder::shared();
    let (writer, reader) = pipe::pipe().unwrap();
    let transport = connect_write_pipe(|| recorder.clone(), writer).await.unwrap();
    let mut buffer = [0; 1024];
    for bytes in [&b"1"[..], b"2345"] {
        transport.write(bytes);
        let count = reader.read(&mut buffer).await.unwrap();
        assert_eq!(&buffer[..count], bytes);
    }
    transport.close();
    until(|| recorder.borrow().lost.is_some()).await;
    assert_eq!(recorder.borrow().told, ["made", "lost"]);
    assert!(matches!(recorder.borrow().lost, Some(None)));
    assert_eq!(reader.read(&mut buffer).await.unwrap(), 0);
}

#[corio::test]
async fn test_write_pipe_disconnect_on_close() {
    let recorder = Recorder::shared();
    let (writer, reader) = pipe::pipe().unwrap();
    let transport = connect_write_pipe(|| recorder.clone(), writer).await.unwrap();
    transport.write(b"1");
    assert_eq!(reader.read(&mut [0; 1024]).await.unwrap(), 1);
    drop(reader);
    until(|| recorder.borrow().lost.is_some()).await;
    assert!(transport.is_closing());
}
