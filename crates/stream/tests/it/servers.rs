//! Servers: CPython's `test_server`, and `test_streams.StreamTests` about `start_server`.

use std::cell::RefCell;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::os::unix::net as std_unix;
use std::rc::Rc;

use corio_executor::JoinHandle;
use corio_stream::{
    Address, Listener, ServeError, Server, ServerOptions, StreamReader, StreamWriter,
    open_connection, open_unix_connection, start_server, start_unix_server,
};

use crate::support::{Folder, run, soon, spawn, until, yield_now};
use crate::support_servers::{HERE, answer, ask, end, read_all};

#[test]
fn test_start_server() {
    run(async {
        // The handler is a coroutine.
        let server = start_server(answer, HERE).await.unwrap();
        let client = open_connection(server.local_addr().unwrap()).await.unwrap();
        assert_eq!(ask(client).await, b"hello world!\n");
        end(&server).await;

        // The handler is a function that begins a task of its own.
        let callback = |reader, writer| {
            drop(spawn(answer(reader, writer)));
            std::future::ready(())
        };
        let server = start_server(callback, HERE).await.unwrap();
        let client = open_connection(server.local_addr().unwrap()).await.unwrap();
        assert_eq!(ask(client).await, b"hello world!\n");
        end(&server).await;
    });
}

#[test]
fn test_start_unix_server() {
    run(async {
        let folder = Folder::new();
        let server = start_unix_server(answer, folder.file("socket")).await.unwrap();
        let client = open_unix_connection(folder.file("socket")).await.unwrap();
        assert_eq!(ask(client).await, b"hello world!\n");
        end(&server).await;

        let callback = |reader, writer| {
            drop(spawn(answer(reader, writer)));
            std::future::ready(())
        };
        let server = start_unix_server(callback, folder.file("socket")).await.unwrap();
        let client = open_unix_connection(folder.file("socket")).await.unwrap();
        assert_eq!(ask(client).await, b"hello world!\n");
        end(&server).await;
    });
}

/// A client on a thread of its own, which waits for one byte.
fn thread_client(mut client: impl Read + Write) {
    let mut message = vec![b'1'; 5 * 1024];
    message.push(b'\n');
    client.write_all(&message).unwrap();
    client.read_exact(&mut [0]).unwrap();
}

type MainTask = Rc<RefCell<Option<JoinHandle<()>>>>;

/// Reads a line, cancels the main task, answers with one byte.
fn cancelling(
    main: &MainTask,
) -> impl FnMut(StreamReader, StreamWriter) -> std::pin::Pin<Box<dyn Future<Output = io::Result<()>>>>
+ use<> {
    let main = main.clone();
    move |mut reader, writer| {
        let main = main.clone();
        Box::pin(async move {
            reader.read_line().await?;
            main.borrow().as_ref().unwrap().task().cancel("of the test");
            writer.write(b"1");
            writer.close();
            writer.wait_closed().await
        })
    }
}

async fn check_cancelled(server: Rc<Server>, main: &MainTask, client: std::thread::JoinHandle<()>) {
    let task = main.borrow().as_ref().unwrap().task();
    until(|| task.is_done()).await;
    assert!(task.is_cancelled());
    client.join().unwrap();
    assert!(server.addresses().is_empty());
    assert!(server.is_closed() && !server.is_serving());
    let error = server.serve_forever().await.unwrap_err();
    assert!(matches!(error, ServeError::Closed { .. }));
    assert!(error.to_string().contains("is closed"), "{error}");
}

#[test]
fn test_start_server_1() {
    run(async {
        let main = MainTask::default();
        let options = ServerOptions::new().start_serving(false);
        let server = Rc::new(options.start(cancelling(&main), HERE).await.unwrap());
        assert!(!server.is_serving());
        let address = server.local_addr().unwrap();
        let early = std::net::TcpStream::connect(address).unwrap_err();
        assert_eq!(early.kind(), io::ErrorKind::ConnectionRefused, "nobody listens yet");
        let serving = server.clone();
        *main.borrow_mut() = Some(spawn(async move { serving.serve_forever().await.unwrap() }));
        until(|| server.is_serving()).await;
        let client = std::thread::spawn(move || {
            thread_client(std::net::TcpStream::connect(address).unwrap())
        });
        check_cancelled(server, &main, client).await;
    });
}

#[test]
fn test_start_unix_server_1() {
    run(async {
        let folder = Folder::new();
        let main = MainTask::default();
        let options = ServerOptions::new().start_serving(false);
        let server = options.start_unix(cancelling(&main), folder.file("socket")).await.unwrap();
        let server = Rc::new(server);
        assert!(!server.is_serving());
        server.start_serving().unwrap();
        assert!(server.is_serving());
        let serving = server.clone();
        *main.borrow_mut() = Some(spawn(async move { serving.serve_forever().await.unwrap() }));
        let path = folder.file("socket");
        let client =
            std::thread::spawn(move || thread_client(std_unix::UnixStream::connect(path).unwrap()));
        check_cancelled(server, &main, client).await;
    });
}

#[test]
fn test_wait_closed_basic() {
    run(async {
        let server = Rc::new(start_server(read_all, HERE).await.unwrap());
        let wait = || {
            let server = server.clone();
            spawn(async move { server.wait_closed().await })
        };
        let first = wait();
        yield_now().await;
        assert!(!first.is_finished(), "not closed, no connection");
        let (_reader, writer) = open_connection(server.local_addr().unwrap()).await.unwrap();
        until(|| server.clients() == 1).await;
        let second = wait();
        yield_now().await;
        assert!(!first.is_finished() && !second.is_finished(), "not closed, a connection");
        server.close();
        yield_now().await;
        let third = wait();
        yield_now().await;
        assert!(!first.is_finished() && !second.is_finished() && !third.is_finished());
        writer.close();
        soon(writer.wait_closed()).await.unwrap();
        for wait in [first, second, third] {
            soon(wait).await.unwrap();
        }
        soon(server.wait_closed()).await;
    });
}

#[test]
fn test_wait_closed_race() {
    run(async {
        let server = Rc::new(start_server(read_all, HERE).await.unwrap());
        let waiting = server.clone();
        let early = spawn(async move { waiting.wait_closed().await });
        yield_now().await;
        assert!(!early.is_finished());
        let (_reader, writer) = open_connection(server.local_addr().unwrap()).await.unwrap();
        let core = corio_executor::current().unwrap();
        let closing = server.clone();
        core.call(move || closing.close());
        core.call(move || writer.close());
        soon(server.wait_closed()).await;
        soon(early).await.unwrap();
    });
}

#[test]
fn test_close_clients() {
    run(async {
        let server = Rc::new(start_server(read_all, HERE).await.unwrap());
        let (_reader, writer) = open_connection(server.local_addr().unwrap()).await.unwrap();
        until(|| server.clients() == 1).await;
        let waiting = server.clone();
        let task = spawn(async move { waiting.wait_closed().await });
        yield_now().await;
        assert!(!task.is_finished());
        server.close();
        server.close_clients();
        yield_now().await;
        yield_now().await;
        assert!(task.is_finished());
        writer.close();
    });
}

#[test]
fn test_abort_clients() {
    run(async {
        let got = Rc::new(RefCell::new(None));
        let giving = got.clone();
        let handler = move |_reader: StreamReader, writer: StreamWriter| {
            let writer = Rc::new(writer);
            *giving.borrow_mut() = Some(writer.clone());
            async move { writer.wait_closed().await }
        };
        let server = Rc::new(start_server(handler, HERE).await.unwrap());
        let (_client_reader, client) = open_connection(server.local_addr().unwrap()).await.unwrap();
        until(|| got.borrow().is_some()).await;
        let writer = got.borrow_mut().take().unwrap();
        // More than the system's buffers hold, and nobody reads.
        for _ in 0..100 {
            writer.write(&[b'a'; 1 << 20]);
            if writer.write_buffer_size() > 0 {
                break;
            }
        }
        assert_ne!(writer.write_buffer_size(), 0);
        let waiting = server.clone();
        let task = spawn(async move { waiting.wait_closed().await });
        yield_now().await;
        server.close();
        server.close_clients();
        yield_now().await;
        assert!(!task.is_finished(), "there is something unsent");
        server.abort_clients();
        yield_now().await;
        yield_now().await;
        assert!(task.is_finished());
        client.close();
    });
}

#[test]
fn test_close_race() {
    run(async {
        for turns in 0..10 {
            let server = start_server(|_, _| std::future::ready(()), HERE).await.unwrap();
            let address = server.local_addr().unwrap();
            let client = spawn(async move { open_connection(address).await });
            for _ in 0..turns {
                yield_now().await;
            }
            server.close();
            if let Ok((_reader, writer)) = soon(client).await.unwrap() {
                writer.close();
            }
            soon(server.wait_closed()).await;
        }
    });
}

#[test]
fn test_unix_server_addr_cleanup() {
    run(async {
        let folder = Folder::new();
        let server = start_unix_server(read_all, folder.file("socket")).await.unwrap();
        assert!(folder.file("socket").exists());
        server.close();
        assert!(!folder.file("socket").exists(), "at once");
    });
}

#[test]
fn test_unix_server_sock_cleanup() {
    run(async {
        let folder = Folder::new();
        let socket = std_unix::UnixListener::bind(folder.file("socket")).unwrap();
        let mut listener = corio_net::UnixListener::from_std(socket).unwrap();
        listener.adopt_file().unwrap();
        let listeners: [Box<dyn Listener>; 1] = [Box::new(listener)];
        let server = ServerOptions::new().start_on(read_all, listeners).unwrap();
        server.close();
        assert!(!folder.file("socket").exists());
    });
}

#[test]
fn test_unix_server_cleanup_gone() {
    run(async {
        let folder = Folder::new();
        let server = start_unix_server(read_all, folder.file("socket")).await.unwrap();
        std::fs::remove_file(folder.file("socket")).unwrap();
        server.close();
    });
}

#[test]
fn test_unix_server_cleanup_replaced() {
    run(async {
        let folder = Folder::new();
        let server = start_unix_server(read_all, folder.file("socket")).await.unwrap();
        std::fs::remove_file(folder.file("socket")).unwrap();
        let _other = std_unix::UnixListener::bind(folder.file("socket")).unwrap();
        server.close();
        assert!(folder.file("socket").exists());
    });
}

#[test]
fn test_unix_server_cleanup_prevented() {
    run(async {
        let folder = Folder::new();
        let options = ServerOptions::new().keep_file(true);
        let server = options.start_unix(read_all, folder.file("socket")).await.unwrap();
        server.close();
        assert!(folder.file("socket").exists());
    });
}

#[test]
fn only_one_serves_for_ever() {
    run(async {
        let server = Rc::new(start_server(read_all, HERE).await.unwrap());
        let serving = server.clone();
        let first = spawn(async move { serving.serve_forever().await });
        yield_now().await;
        let error = server.serve_forever().await.unwrap_err();
        assert!(matches!(error, ServeError::AlreadyAwaited { .. }), "{error}");
        assert!(error.to_string().contains("already being awaited"), "{error}");
        assert!(server.is_serving(), "the first is not disturbed");
        server.close();
        server.close();
        soon(first).await.unwrap().expect("closed by somebody else: it waits, and returns");
    });
}

#[test]
fn serving_that_is_dropped_closes() {
    run(async {
        let server = start_server(read_all, HERE).await.unwrap();
        {
            let mut serving = std::pin::pin!(server.serve_forever());
            assert!(futures::poll!(serving.as_mut()).is_pending());
        }
        assert!(server.is_closed());
        soon(server.wait_closed()).await;
    });
}

#[test]
fn the_address_is_free_when_close_returns() {
    run(async {
        let mut address = HERE;
        for _ in 0..3 {
            let options = ServerOptions::new().reuse_address(false).backlog(5);
            let server = options.start(read_all, address).await.unwrap();
            address = server.local_addr().unwrap();
            assert!(format!("{server:?}").contains(&format!("serving at {address}")));
            server.close();
        }
        let listening = std::net::TcpListener::bind(address).unwrap();
        let error = start_server(read_all, address).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        assert!(error.to_string().contains(&address.to_string()), "{error}");
        drop(listening);
    });
}

#[test]
fn ports_can_be_shared_and_addresses_be_several() {
    run(async {
        let shared = || ServerOptions::new().reuse_port(true);
        let one = shared().start(answer, HERE).await.unwrap();
        let port = one.local_addr().unwrap();
        let two = shared().start(answer, port).await.unwrap();
        let several = start_server(answer, [HERE, SocketAddr::from(([127, 0, 0, 2], 0)), HERE]);
        let several = several.await.unwrap();
        assert_eq!(several.addresses().len(), 2, "each address once");
        for address in several.addresses().iter().filter_map(Address::as_inet) {
            let client = open_connection(address).await.unwrap();
            assert_eq!(ask(client).await, b"hello world!\n");
        }
        drop((one, two, several));
        // 192.0.2.1 is for documentation: nobody has it.
        let missing = SocketAddr::from(([192, 0, 2, 1], 0));
        let error = start_server(answer, missing).await.unwrap_err();
        assert!(error.to_string().contains("192.0.2.1"), "{error}");
        assert_eq!(start_server(answer, [missing, HERE]).await.unwrap().addresses().len(), 1);
        let none: [SocketAddr; 0] = [];
        let error = start_server(answer, none).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    });
}

#[test]
fn small_writes_go_out_at_once() {
    run(async {
        let nodelay = |writer: &StreamWriter| {
            let socket = writer.socket().expect("a socket");
            socket2::SockRef::from(&socket).tcp_nodelay().unwrap()
        };
        let handler = move |_reader, writer: StreamWriter| async move {
            writer.write(&[u8::from(nodelay(&writer))]);
            writer.close();
        };
        let server = start_server(handler, HERE).await.unwrap();
        let (mut reader, writer) = open_connection(server.local_addr().unwrap()).await.unwrap();
        assert!(nodelay(&writer));
        assert_eq!(soon(reader.read_to_end()).await.unwrap(), [1]);
        writer.close();
    });
}

#[test]
fn a_hundred_clients_at_once() {
    run(async {
        let server = start_server(answer, HERE).await.unwrap();
        let address = server.local_addr().unwrap();
        let clients: Vec<_> = (0..100)
            .map(|_| spawn(async move { ask(open_connection(address).await.unwrap()).await }))
            .collect();
        for client in clients {
            assert_eq!(soon(client).await.unwrap(), b"hello world!\n");
        }
        end(&server).await;
        assert_eq!(server.clients(), 0);
    });
}

#[test]
fn a_server_may_be_closed_by_another_thread() {
    run(async {
        let server = std::sync::Arc::new(start_server(read_all, HERE).await.unwrap());
        let address = server.local_addr().unwrap();
        let (mut reader, writer) = open_connection(address).await.unwrap();
        until(|| server.clients() == 1).await;
        let other = server.clone();
        let thread = std::thread::spawn(move || {
            other.close();
            other.close_clients();
        });
        soon(server.wait_closed()).await;
        assert_eq!(soon(reader.read_to_end()).await.unwrap(), b"");
        writer.close();
        thread.join().unwrap();
        let refused = open_connection(address).await.unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
    });
}

#[test]
fn test_start_server_without_listeners() {
    run(async {
        let options = ServerOptions::new();
        let error = options.start_on(answer, Vec::<Box<dyn Listener>>::new()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        assert!(error.to_string().ends_with("give it one at least"), "{error}");
    });
}
