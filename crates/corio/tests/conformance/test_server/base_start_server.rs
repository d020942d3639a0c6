//! A server that begins to serve when it is told to, and is cancelled.

use std::net::TcpStream;
use std::rc::Rc;

use corio::spawn_local;
use corio::stream::ServerOptions;

use super::{MainTask, check_cancelled, client, serve};
use crate::sockets::{HERE, until};

#[corio::test]
async fn test_start_server_1() {
    let main = MainTask::default();
    let handlers = main.clone();
    let handler = move |reader, writer| serve(handlers.clone(), reader, writer);
    let server = ServerOptions::new().start_serving(false).start(handler, HERE).await.unwrap();
    let server = Rc::new(server);
    assert!(!server.is_serving());
    let address = server.local_addr().unwrap();
    let serving = server.clone();
    *main.borrow_mut() = Some(spawn_local(async move { serving.serve_forever().await.unwrap() }));
    until(|| server.is_serving()).await;
    let client = std::thread::spawn(move || client(TcpStream::connect(address).unwrap()));
    check_cancelled(&server, main, client).await;
}
