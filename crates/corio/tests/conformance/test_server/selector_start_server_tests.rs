//! The same at a Unix socket.

use std::os::unix::net::UnixStream;
use std::rc::Rc;

use corio::spawn_local;
use corio::stream::ServerOptions;

use super::{MainTask, check_cancelled, client, serve};
use crate::sockets::{SocketPath, until};

#[corio::test]
async fn test_start_unix_server_1() {
    let path = SocketPath::new();
    let main = MainTask::default();
    let handlers = main.clone();
    let handler = move |reader, writer| serve(handlers.clone(), reader, writer);
    let options = ServerOptions::new().start_serving(false);
    let server = Rc::new(options.start_unix(handler, &*path).await.unwrap());
    let serving = server.clone();
    *main.borrow_mut() = Some(spawn_local(async move {
        assert!(!serving.is_serving());
        serving.start_serving().unwrap();
        assert!(serving.is_serving());
        serving.serve_forever().await.unwrap();
    }));
    until(|| server.is_serving()).await;
    let at = path.to_owned();
    let client = std::thread::spawn(move || client(UnixStream::connect(at).unwrap()));
    check_cancelled(&server, main, client).await;
}
