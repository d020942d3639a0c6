//! The same through TLS.

use corio::stream::streams;
use futures::io::{AsyncReadExt, AsyncWriteExt as _};

use super::super::file;
use crate::recorder::much;
use crate::secured::pair;
use crate::sockets::soon;

#[corio::test]
async fn test_sendfile_ssl_pre_and_post_data() {
    let (mut client, mut server) = pair().await;
    let reads = corio::spawn_local(async move {
        let mut got = Vec::new();
        server.read_to_end(&mut got).await.unwrap();
        let _ = server.shutdown().await;
        got
    });
    client.write_all(b"pre").await.unwrap();
    soon(corio::io::copy(&mut file(), &mut client)).await.unwrap();
    client.write_all(b"post").await.unwrap();
    soon(client.shutdown()).await.unwrap();
    assert!(reads.await.unwrap() == [b"pre", &much()[..], b"post"].concat());
}

#[corio::test]
async fn test_sendfile_ssl_partial() {
    let (mut client, mut server) = pair().await;
    let mut part = AsyncReadExt::take(file(), 1000);
    assert_eq!(soon(corio::io::copy(&mut part, &mut client)).await.unwrap(), 1000);
    client.flush().await.unwrap();
    let mut got = vec![0; 1000];
    soon(server.read_exact(&mut got)).await.unwrap();
    assert!(got == much()[..1000]);
}

/// The other side closes as soon as it has all.
#[corio::test]
async fn test_sendfile_ssl_close_peer_after_receiving() {
    let (mut client, server) = pair().await;
    let reads = corio::spawn_local(async move {
        let (mut reader, writer) = streams(server);
        let got = reader.read_exactly(much().len()).await.unwrap();
        writer.close();
        let _ = writer.wait_closed().await;
        got
    });
    soon(corio::io::copy(&mut file(), &mut client)).await.unwrap();
    client.flush().await.unwrap();
    assert_eq!(soon(client.read(&mut [0; 8])).await.unwrap(), 0);
    drop(client);
    assert!(soon(reads).await.unwrap() == much());
}
