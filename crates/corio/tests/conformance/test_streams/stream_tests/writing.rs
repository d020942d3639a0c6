//! Waiting until what is written has gone.

use std::cell::Cell;
use std::io::{self, ErrorKind};
use std::rc::Rc;

use corio::net::UnixStream;
use corio::spawn_local;
use corio::stream::{open_connection, streams};

use crate::sockets::{HERE, soon, until};

#[corio::test]
async fn test_multiple_drain() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let (_reader, writer) = streams(ours);
    let writer = Rc::new(writer);
    while writer.write_buffer_size() <= writer.write_buffer_limits().1 {
        writer.write(&[0; 65536]);
    }
    let drained = Rc::new(Cell::new(0));
    let drainers: Vec<_> = (0..10)
        .map(|_| {
            let (writer, drained) = (writer.clone(), drained.clone());
            spawn_local(async move {
                writer.drain().await.unwrap();
                drained.set(drained.get() + 1);
            })
        })
        .collect();
    corio::yield_now().await;
    assert_eq!(drained.get(), 0);
    let reading = spawn_local(async move { theirs.read_to_end(&mut Vec::new()).await.unwrap() });
    for drainer in drainers {
        soon(drainer).await.unwrap();
    }
    assert_eq!(drained.get(), 10);
    writer.close();
    soon(reading).await.unwrap();
    until(|| writer.write_buffer_size() == 0).await;
}

#[corio::test]
async fn test_drain_raises() {
    let listener = std::net::TcpListener::bind(HERE).unwrap();
    let address = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || drop(listener.accept().unwrap()));
    let (_reader, writer) = open_connection(address).await.unwrap();
    // It never has to wait, and still finds out.
    let endless = async {
        loop {
            writer.write(b"foo\n");
            writer.drain().await?;
        }
    };
    let error: io::Error = match soon(endless).await {
        Err(error) => error,
        Ok(never) => never,
    };
    assert!(matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe), "{error}");
    server.join().unwrap();
}
