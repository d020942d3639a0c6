//! Unix sockets and pipes inside foreign runtimes.

use corio_embed_tests::Host;
use corio_net::{UnixDatagram, UnixListener, UnixStream, pipe};

use crate::folder::Folder;

in_every_host! {
    a_pair_in_two_tasks,
    a_listener_and_its_file,
    datagrams_between_two,
    a_pipe_and_its_end,
}

fn a_pair_in_two_tasks<H: Host>() {
    H::block_on(async {
        let (near, far) = UnixStream::pair().unwrap();
        let far = H::spawn(async move {
            let mut buffer = [0; 4];
            far.read_exact(&mut buffer).await?;
            far.write_all(&buffer).await
        });
        near.write_all(b"unix").await.unwrap();
        let mut answer = Vec::new();
        near.read_to_end(&mut answer).await.unwrap();
        assert_eq!(answer, b"unix");
        far.await.unwrap();
    });
}

fn a_listener_and_its_file<H: Host>() {
    let folder = Folder::new::<H>("listener");
    let path = folder.join("socket");
    H::block_on(async {
        let listener = UnixListener::bind(&path).await.unwrap();
        let server = H::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            stream.write_all(b"served").await.unwrap();
        });
        let client = UnixStream::connect(&path).await.unwrap();
        let mut text = Vec::new();
        client.read_to_end(&mut text).await.unwrap();
        assert_eq!(text, b"served");
        server.await;
    });
    assert!(!path.exists(), "the listener has taken its file with it");
}

fn datagrams_between_two<H: Host>() {
    H::block_on(async {
        let (near, far) = UnixDatagram::pair().unwrap();
        let far = H::spawn(async move {
            let mut buffer = [0; 16];
            let n = far.recv(&mut buffer).await.unwrap();
            buffer[..n].to_vec()
        });
        near.send(b"one").await.unwrap();
        assert_eq!(far.await, b"one");
    });
}

fn a_pipe_and_its_end<H: Host>() {
    /// More than a pipe holds, so that both sides have to wait.
    const BYTES: usize = 300_000;
    H::block_on(async {
        let (sender, receiver) = pipe::pipe().unwrap();
        let sender = H::spawn(async move { sender.write_all(&vec![7; BYTES]).await });
        let mut received = Vec::new();
        assert_eq!(receiver.read_to_end(&mut received).await.unwrap(), BYTES);
        assert!(received.iter().all(|&byte| byte == 7));
        sender.await.unwrap();
    });
}
