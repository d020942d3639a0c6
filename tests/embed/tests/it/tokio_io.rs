//! Tokio's own helpers over all that has tokio's traits, inside tokio.

use std::io::SeekFrom;

use corio_embed_tests::{Host, TokioCurrent, TokioMulti, bounded};
use corio_executor::Guest;
use corio_fs::File;
use corio_io::duplex;
use corio_net::pipe;
use corio_process::{Command, Stdio};
use corio_stream::{open_connection, start_server};
use futures::future::join;
use tokio::io::{
    AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncSeek, AsyncSeekExt, AsyncWrite,
    AsyncWriteExt, copy,
};

use crate::folder::Folder;
use crate::{net, tls};

macro_rules! in_tokio {
    ($($test:ident),* $(,)?) => {
        $(#[test] fn $test() {
            bounded(run::$test::<TokioCurrent>);
            bounded(run::$test::<TokioMulti>);
        })*
    };
}

in_tokio! {
    memory_and_pipes,
    sockets_and_their_halves,
    files_with_seeks,
    a_child_s_pipes,
    tls_streams,
    readers_and_writers,
    the_standard_streams,
}

const MANY: usize = 100_000;

/// Writes with tokio's helpers, ends the direction out, and reads the other end to its end.
async fn through<H: Host>(
    mut writes: impl AsyncWrite + Unpin + Send + 'static,
    mut reads: impl AsyncRead + Unpin,
) {
    let writer = H::spawn(async move {
        writes.write_all(&[7; MANY]).await?;
        writes.flush().await?;
        writes.shutdown().await?;
        // A pipe ends when it is dropped; what is held for its answer goes on.
        std::io::Result::Ok(())
    });
    let mut all = Vec::new();
    assert_eq!(reads.read_to_end(&mut all).await.unwrap(), MANY);
    assert!(all.iter().all(|&byte| byte == 7));
    writer.await.unwrap();
}

/// By the traits alone: what the file can do by itself has the same names.
async fn seeks(mut file: impl AsyncRead + AsyncWrite + AsyncSeek + Unpin) {
    file.write_all(b"0123456789").await.unwrap();
    file.flush().await.unwrap();
    assert_eq!(file.seek(SeekFrom::End(-4)).await.unwrap(), 6);
    assert_eq!(file.stream_position().await.unwrap(), 6);
    let mut rest = String::new();
    file.read_to_string(&mut rest).await.unwrap();
    assert_eq!(rest, "6789");
    file.rewind().await.unwrap();
    let mut into = Vec::new();
    assert_eq!(copy(&mut file, &mut into).await.unwrap(), 10);
    assert!(file.seek(SeekFrom::Current(-100)).await.is_err());
    assert_eq!(file.seek(SeekFrom::Start(3)).await.unwrap(), 3);
    file.write_all(b"x").await.unwrap();
    file.shutdown().await.unwrap();
}

/// The first line, and what follows.
async fn lines(mut reader: impl AsyncBufRead + Unpin) -> std::io::Result<(String, String)> {
    let (mut line, mut rest) = (String::new(), String::new());
    reader.read_line(&mut line).await?;
    reader.read_to_string(&mut rest).await?;
    Ok((line, rest))
}

async fn talks(writer: &mut (impl AsyncWrite + Unpin)) -> std::io::Result<()> {
    writer.write_all(b"one\ntwo\n").await?;
    writer.flush().await?;
    writer.shutdown().await?;
    assert!(writer.write_all(b"late").await.is_err());
    Ok(())
}

/// Nothing to see: that it is written, and flushed, is the test.
async fn says_nothing(mut writer: impl AsyncWrite + Unpin) {
    writer.write_all(b"").await.unwrap();
    writer.flush().await.unwrap();
}

mod run {
    use super::*;

    pub(super) fn memory_and_pipes<H: Host>() {
        H::block_on(async {
            let (near, far) = duplex(1000);
            through::<H>(near, far).await;
            let (sender, receiver) = pipe::pipe().unwrap();
            through::<H>(sender, receiver).await;
        });
    }

    pub(super) fn sockets_and_their_halves<H: Host>() {
        H::block_on(async {
            let (client, server) = net::connection().await;
            let (read, _kept) = server.into_split();
            through::<H>(client, read).await;
        });
    }

    pub(super) fn files_with_seeks<H: Host>() {
        let folder = Folder::new::<H>("tokio-io");
        let path = folder.join("file");
        H::block_on(async {
            let mut options = File::options();
            let file = options.read(true).write(true).create(true).open(&path).await.unwrap();
            seeks(file).await;
            assert_eq!(corio_fs::read(&path).await.unwrap(), b"012x456789");
        });
    }

    pub(super) fn a_child_s_pipes<H: Host>() {
        H::block_on(async {
            let mut command = Command::new("sh");
            command.args(["-c", "cat; echo done >&2"]);
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
            let mut child = command.spawn().unwrap();
            through::<H>(child.stdin.take().unwrap(), child.stdout.take().unwrap()).await;
            let mut said = String::new();
            child.stderr.take().unwrap().read_to_string(&mut said).await.unwrap();
            assert_eq!(said, "done\n");
            assert!(child.wait().await.unwrap().success());
        });
    }

    pub(super) fn tls_streams<H: Host>() {
        H::block_on(async {
            let ((near, far), (acceptor, connector)) = (duplex(4096), tls::both());
            let shaken = join(connector.connect(tls::NAME, near), acceptor.accept(far)).await;
            through::<H>(shaken.0.unwrap(), shaken.1.unwrap()).await;
        });
    }

    /// They belong to a loop of corio's, here a guest of tokio's.
    pub(super) fn readers_and_writers<H: Host>() {
        H::block_on(async {
            let guest = Guest::new();
            let talk = guest.spawn_local(async {
                let echo = start_server(
                    |mut reader, mut writer| async move {
                        copy(&mut reader, &mut writer).await?;
                        writer.shutdown().await
                    },
                    "127.0.0.1:0",
                )
                .await?;
                let (reader, mut writer) = open_connection(echo.local_addr().unwrap()).await?;
                talks(&mut writer).await?;
                let said = lines(reader).await?;
                writer.close();
                echo.close();
                echo.wait_closed().await;
                std::io::Result::Ok(said)
            });
            let (line, rest) = guest.run(talk).await.unwrap().unwrap();
            assert_eq!((&*line, &*rest), ("one\n", "two\n"));
        });
    }

    pub(super) fn the_standard_streams<H: Host>() {
        fn reads<T: AsyncRead>(_: &T) {}
        reads(&corio_fs::stdin());
        H::block_on(async {
            says_nothing(corio_fs::stdout()).await;
            says_nothing(corio_fs::stderr()).await;
        });
    }
}
