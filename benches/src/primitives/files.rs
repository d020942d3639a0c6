//! Files: corio's, tokio's, smol's, each as its users open it.

use std::io::SeekFrom;
use std::path::Path;

use futures_lite::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};

/// A file to be read and written, with a position.
pub(crate) trait File: Sized + 'static {
    /// A new one, or one that is emptied.
    fn create(path: &Path) -> impl Future<Output = Self>;
    fn write_all(&mut self, bytes: &[u8]) -> impl Future<Output = ()>;
    fn read_exact(&mut self, bytes: &mut [u8]) -> impl Future<Output = ()>;
    /// Goes to the start, when all that was written is with the system.
    fn rewind(&mut self) -> impl Future<Output = ()>;
}

/// What none of the files here does.
const WORKS: &str = "a file in the folder for such files works";

fn options() -> std::fs::OpenOptions {
    let mut options = std::fs::OpenOptions::new();
    options.read(true).write(true).create(true).truncate(true);
    options
}

#[cfg(feature = "corio")]
impl File for corio::fs::File {
    async fn create(path: &Path) -> Self {
        corio::fs::OpenOptions::from(options()).open(path).await.expect(WORKS)
    }

    async fn write_all(&mut self, bytes: &[u8]) {
        corio::fs::File::write_all(self, bytes).await.expect(WORKS);
    }

    async fn read_exact(&mut self, bytes: &mut [u8]) {
        corio::fs::File::read_exact(self, bytes).await.expect(WORKS);
    }

    async fn rewind(&mut self) {
        self.flush().await.expect(WORKS);
        self.seek(SeekFrom::Start(0)).await.expect(WORKS);
    }
}

impl File for tokio::fs::File {
    async fn create(path: &Path) -> Self {
        tokio::fs::OpenOptions::from(options()).open(path).await.expect(WORKS)
    }

    async fn write_all(&mut self, bytes: &[u8]) {
        tokio::io::AsyncWriteExt::write_all(self, bytes).await.expect(WORKS);
    }

    async fn read_exact(&mut self, bytes: &mut [u8]) {
        tokio::io::AsyncReadExt::read_exact(self, bytes).await.expect(WORKS);
    }

    async fn rewind(&mut self) {
        tokio::io::AsyncWriteExt::flush(self).await.expect(WORKS);
        tokio::io::AsyncSeekExt::seek(self, SeekFrom::Start(0)).await.expect(WORKS);
    }
}

impl File for async_fs::File {
    async fn create(path: &Path) -> Self {
        let mut options = async_fs::OpenOptions::new();
        options.read(true).write(true).create(true).truncate(true);
        options.open(path).await.expect(WORKS)
    }

    async fn write_all(&mut self, bytes: &[u8]) {
        AsyncWriteExt::write_all(self, bytes).await.expect(WORKS);
    }

    async fn read_exact(&mut self, bytes: &mut [u8]) {
        AsyncReadExt::read_exact(self, bytes).await.expect(WORKS);
    }

    async fn rewind(&mut self) {
        AsyncWriteExt::flush(self).await.expect(WORKS);
        AsyncSeekExt::seek(self, SeekFrom::Start(0)).await.expect(WORKS);
    }
}
