//! Names, and connecting to whichever of their addresses answers, inside foreign runtimes.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use corio_embed_tests::Host;
use corio_net::resolve::{Resolve, Resolving};
use corio_net::{Connect, TcpListener, TcpStream, lookup_host};

use crate::net::{connection, listen};

in_every_host! {
    a_name_of_the_system,
    an_address_that_refuses_is_passed_over,
    an_address_that_is_silent_is_overtaken,
    every_error_is_kept,
}

/// A connection to it is never answered: its queue is full.
struct Silent {
    listener: TcpListener,
    _queued: Vec<std::net::TcpStream>,
}

impl Silent {
    async fn new() -> Silent {
        let options = TcpListener::options().backlog(0);
        let listener = options.bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        // The queue holds one more than it was asked to; the rest is to be sure.
        let limit = Duration::from_millis(20);
        let mut queued = Vec::new();
        while let Ok(stream) = std::net::TcpStream::connect_timeout(&address, limit) {
            queued.push(stream);
            assert!(queued.len() < 100, "a full queue answers no more");
        }
        Silent { listener, _queued: queued }
    }

    fn address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap()
    }
}

/// Nobody listens there, nor ever will: the client's end of a connection is there.
struct Refusing {
    client: TcpStream,
    _server: TcpStream,
}

impl Refusing {
    async fn new() -> Refusing {
        let (client, server) = connection().await;
        Refusing { client, _server: server }
    }

    fn address(&self) -> SocketAddr {
        self.client.local_addr().unwrap()
    }
}

/// Every name has these addresses.
#[derive(Debug)]
struct Known(Vec<SocketAddr>);

impl Resolve for Known {
    fn resolve(&self, _host: &str, _port: u16) -> Resolving {
        let addresses = self.0.clone();
        Box::pin(async move { Ok(addresses) })
    }
}

fn a_name_of_the_system<H: Host>() {
    H::block_on(async {
        let addresses: Vec<_> = lookup_host(("localhost", 80)).await.unwrap().collect();
        assert!(!addresses.is_empty());
        assert!(addresses.iter().all(|address| address.ip().is_loopback() && address.port() == 80));

        let (listener, address) = listen().await;
        let server = H::spawn(async move { listener.accept().await.map(drop) });
        TcpStream::connect(("localhost", address.port())).await.unwrap();
        server.await.unwrap();
    });
}

fn an_address_that_refuses_is_passed_over<H: Host>() {
    H::block_on(async {
        let (refusing, (listener, address)) = (Refusing::new().await, listen().await);
        let known = Known(vec![refusing.address(), address]);
        let stream = Connect::to(("two.example", 1)).resolver(known).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), address);
        drop(listener);
    });
}

fn an_address_that_is_silent_is_overtaken<H: Host>() {
    H::block_on(async {
        let silent = Silent::new().await;
        let (listener, address) = listen().await;
        let connect = Connect::to(("two.example", 1))
            .resolver(Known(vec![silent.address(), address]))
            .happy_eyeballs_delay(Duration::from_millis(5));
        let stream = connect.await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), address);
        drop(listener);
    });
}

fn every_error_is_kept<H: Host>() {
    H::block_on(async {
        let refusing = [Refusing::new().await, Refusing::new().await];
        let addresses: Vec<_> = refusing.iter().map(Refusing::address).collect();
        let connect = Connect::to(("none.example", 1)).resolver(Known(addresses.clone()));
        let error = connect.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        assert_eq!(error.attempts().len(), 2);
        for address in addresses {
            assert!(error.attempts().iter().any(|(tried, _)| *tried == address));
            assert!(error.to_string().contains(&address.to_string()), "{error}");
        }
    });
}
