//! Servers whose connections call protocols.

use std::io::ErrorKind;
use std::net::{Ipv6Addr, SocketAddr};

use corio::net::{TcpListener, TcpStream};
use corio::stream::protocol::{create_server, create_unix_server};
use corio::stream::{Listener, Server, ServerOptions};

use crate::recorder::{Recorder, Shared};
use crate::sockets::{HERE, SocketPath, soon, until};

/// A factory that keeps the protocol it makes.
fn keeping() -> (Shared, impl FnMut() -> Shared) {
    let recorder = Recorder::shared();
    let made = recorder.clone();
    (recorder, move || made.clone())
}

/// A client comes, sends, and leaves.
async fn visit(server: &Server, recorder: &Shared) {
    let client = TcpStream::connect(server.local_addr().unwrap()).await.unwrap();
    client.write_all(b"xxx").await.unwrap();
    until(|| recorder.borrow().received == b"xxx").await;
    let there = recorder.borrow().transport.clone().unwrap();
    assert_eq!(there.peer_addr().unwrap().as_inet(), client.local_addr().ok());
    assert_eq!(there.local_addr().unwrap().as_inet(), client.peer_addr().ok());
    drop(client);
    until(|| recorder.borrow().lost.is_some()).await;
    assert_eq!(recorder.borrow().told, ["made", "data", "eof", "lost"]);
    there.close();
}

async fn end(server: Server) {
    server.close();
    soon(server.wait_closed()).await;
}

#[corio::test]
async fn test_create_server() {
    let (recorder, factory) = keeping();
    let server = create_server(factory, HERE).await.unwrap();
    visit(&server, &recorder).await;
    end(server).await;
}

#[corio::test]
async fn test_create_server_multiple_hosts_ipv4() {
    let hosts = ["127.0.0.1:0", "127.0.0.2:0"].map(|host| host.parse::<SocketAddr>().unwrap());
    let server = create_server(Recorder::shared, hosts).await.unwrap();
    let addresses = server.addresses();
    let found: Vec<_> = addresses.iter().map(|at| at.as_inet().unwrap().ip()).collect();
    assert_eq!(found, hosts.map(|host| host.ip()));
    end(server).await;
}

#[corio::test]
async fn test_create_server_multiple_hosts_ipv6() {
    let six = SocketAddr::from((Ipv6Addr::LOCALHOST, 0));
    let server = match create_server(Recorder::shared, [HERE.parse().unwrap(), six]).await {
        Ok(server) => server,
        // A machine without IPv6.
        Err(error) if error.kind() == ErrorKind::AddrNotAvailable => return,
        Err(error) => panic!("{error}"),
    };
    let is_six: Vec<_> =
        server.addresses().iter().map(|at| at.as_inet().unwrap().is_ipv6()).collect();
    assert_eq!(is_six, [false, true]);
    end(server).await;
}

/// What a server listens at can be asked, and nothing more can be done to it.
#[corio::test]
async fn test_create_server_trsock() {
    let server = create_server(Recorder::shared, HERE).await.unwrap();
    assert_eq!(server.addresses().len(), 1);
    assert!(server.local_addr().unwrap().ip().is_loopback());
    end(server).await;
}

#[corio::test]
async fn test_create_server_reuse_port() {
    let one = ServerOptions::new().create_server(Recorder::shared, HERE).await.unwrap();
    let there = one.local_addr().unwrap();
    assert!(ServerOptions::new().create_server(Recorder::shared, there).await.is_err());
    end(one).await;
    let shared = || ServerOptions::new().reuse_port(true);
    let one = shared().create_server(Recorder::shared, HERE).await.unwrap();
    let there = one.local_addr().unwrap();
    let two = shared().create_server(Recorder::shared, there).await.unwrap();
    assert_eq!(two.local_addr(), Some(there));
    end(one).await;
    end(two).await;
}

/// Something else is at the path.
#[corio::test]
async fn test_create_unix_server_path_socket_error() {
    let path = SocketPath::new();
    std::fs::write(&*path, "a file").unwrap();
    let error = create_unix_server(Recorder::shared, &*path).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
    assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    assert_eq!(std::fs::read(&*path).unwrap(), b"a file", "it is left alone");
}

#[corio::test]
async fn test_create_server_sock() {
    let listener = TcpListener::bind(([127, 0, 0, 1], 0)).await.unwrap();
    let there = listener.local_addr().unwrap();
    let doors = [Box::new(listener) as Box<dyn Listener>];
    let server = ServerOptions::new()
        .start_on(|_, writer| async move { writer.write(b"welcome") }, doors)
        .unwrap();
    assert_eq!(server.local_addr(), Some(there));
    let client = TcpStream::connect(there).await.unwrap();
    let mut got = Vec::new();
    soon(client.read_to_end(&mut got)).await.unwrap();
    assert_eq!(got, b"welcome");
    end(server).await;
}

#[corio::test]
async fn test_create_server_addr_in_use() {
    let server = create_server(Recorder::shared, HERE).await.unwrap();
    let there = server.local_addr().unwrap();
    let error = create_server(Recorder::shared, there).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddrInUse);
    end(server).await;
}

/// One port for both families: IPv6 does not take IPv4's connections.
#[corio::test]
async fn test_create_server_dual_stack() {
    for _ in 0..5 {
        let four = create_server(Recorder::shared, HERE).await.unwrap();
        let port = four.local_addr().unwrap().port();
        let made = create_server(Recorder::shared, (Ipv6Addr::LOCALHOST, port)).await;
        end(four).await;
        match made {
            Ok(six) => {
                assert_eq!(six.local_addr().unwrap().port(), port);
                return end(six).await;
            }
            // A machine without IPv6.
            Err(error) if error.kind() == ErrorKind::AddrNotAvailable => return,
            // Somebody else's: another port.
            Err(error) => assert_eq!(error.kind(), ErrorKind::AddrInUse),
        }
    }
    panic!("no port is free");
}

#[corio::test]
async fn test_server_close() {
    let (recorder, factory) = keeping();
    let server = create_server(factory, HERE).await.unwrap();
    let there = server.local_addr().unwrap();
    let client = TcpStream::connect(there).await.unwrap();
    client.write_all(b"xxx").await.unwrap();
    until(|| recorder.borrow().received == b"xxx").await;
    server.close();
    let error = TcpStream::connect(there).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    assert!(recorder.borrow().lost.is_none(), "who is here stays");
    drop(client);
    soon(server.wait_closed()).await;
    assert!(recorder.borrow().lost.is_some());
}
