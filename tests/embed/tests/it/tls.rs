//! TLS inside foreign runtimes: over their tasks' byte streams, and for streams and protocols on a loop that
//! is a guest there.

use std::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::sync::{Arc, LazyLock};

use corio_embed_tests::Host;
use corio_executor::{Guest, yield_now};
use corio_stream::ServerOptions;
use corio_stream::tls::rustls::pki_types::PrivateKeyDer;
use corio_stream::tls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use corio_stream::tls::{
    TlsAcceptor, TlsConnector, TlsStream, create_tls_connection, open_tls_connection,
};
use futures::future::join;
use futures::io::{AsyncReadExt, AsyncWriteExt};

use crate::net;
use crate::peer::Peer;

/// The name of the servers.
pub(crate) const NAME: &str = "localhost";

in_every_host! {
    bytes_between_two_tasks,
    an_echo_with_streams,
    an_echo_with_protocols,
}

/// A server, and a client that trusts it.
pub(crate) fn both() -> (TlsAcceptor, TlsConnector) {
    static MADE: LazyLock<(Arc<ServerConfig>, Arc<ClientConfig>)> = LazyLock::new(|| {
        let made = rcgen::generate_simple_self_signed([NAME.to_owned()]).unwrap();
        let certificate = made.cert.der().clone();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let server = ServerConfig::builder().with_no_client_auth();
        let server = server.with_single_cert(vec![certificate.clone()], key).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(certificate).unwrap();
        let client = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        (Arc::new(server), Arc::new(client))
    });
    (TlsAcceptor::new(MADE.0.clone()), TlsConnector::new(MADE.1.clone()))
}

/// Two sockets that have shaken hands.
async fn pair() -> (TlsStream<corio_net::TcpStream>, TlsStream<corio_net::TcpStream>) {
    let (client, server) = net::connection().await;
    let (acceptor, connector) = both();
    let (client, server) = join(connector.connect(NAME, client), acceptor.accept(server)).await;
    (client.unwrap(), server.unwrap())
}

fn bytes_between_two_tasks<H: Host>() {
    H::block_on(async {
        let (mut client, mut server) = pair().await;
        let answers = H::spawn(async move {
            let mut all = Vec::new();
            server.read_to_end(&mut all).await?;
            server.write_all(&all).await?;
            server.close().await
        });
        let sent: Vec<u8> = (0..200_000).map(|n| n as u8).collect();
        client.write_all(&sent).await.unwrap();
        client.close().await.unwrap();
        let mut all = Vec::new();
        client.read_to_end(&mut all).await.unwrap();
        assert!(all == sent);
        answers.await.unwrap();
    });
}

fn an_echo_with_streams<H: Host>() {
    H::block_on(async {
        let guest = Guest::new();
        let echo = guest.spawn_local(async {
            let (acceptor, connector) = both();
            let options = ServerOptions::new().tls(acceptor);
            let server = options
                .start(
                    |mut reader, writer| async move {
                        writer.write(&reader.read_line().await?);
                        writer.close();
                        writer.wait_closed().await
                    },
                    "127.0.0.1:0",
                )
                .await?;
            let to = server.local_addr().unwrap();
            let (mut reader, writer) = open_tls_connection(to, NAME, &connector).await?;
            writer.write(b"hello\n");
            let line = reader.read_line().await?;
            writer.close();
            writer.wait_closed().await?;
            server.close();
            server.wait_closed().await;
            io::Result::Ok(line)
        });
        assert_eq!(guest.run(echo).await.unwrap().unwrap(), b"hello\n");
    });
}

fn an_echo_with_protocols<H: Host>() {
    H::block_on(async {
        let guest = Guest::new();
        let echo = guest.spawn_local(async {
            let (acceptor, connector) = both();
            let options = ServerOptions::new().tls(acceptor);
            let factory = || Peer { echoes: true, ..Peer::default() };
            let server = options.create_server(factory, "127.0.0.1:0").await?;
            let client = Rc::new(RefCell::new(Peer::default()));
            let (mine, to) = (Rc::clone(&client), server.local_addr().unwrap());
            let transport = create_tls_connection(|| mine, to, NAME, &connector).await?;
            transport.write(b"hello");
            while client.borrow().received.len() < 5 {
                yield_now().await;
            }
            transport.close();
            server.close();
            server.wait_closed().await;
            let received = client.borrow().received.clone();
            io::Result::Ok(received)
        });
        assert_eq!(guest.run(echo).await.unwrap().unwrap(), b"hello");
    });
}
