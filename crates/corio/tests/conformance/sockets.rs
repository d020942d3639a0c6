//! What the tests of sockets share: a bounded wait, a path for a socket.
//!
//! Where a peer or a child is outside the loop, time is real: a virtual clock would jump while the loop
//! waits for them. Nothing waits longer than [`LONG`], and nothing that works waits long.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::folder::Folder;

pub(crate) use crate::http::{http_server, unix_http_server};

/// What takes longer hangs.
pub(crate) const LONG: Duration = Duration::from_secs(30);

/// This machine, at a port that the system chooses.
pub(crate) const HERE: &str = "127.0.0.1:0";

pub(crate) const REQUEST: &[u8] = b"GET / HTTP/1.0\r\n\r\n";

/// What `future` gives.
///
/// # Panics
/// If it hangs.
pub(crate) async fn soon<F: Future>(future: F) -> F::Output {
    corio::timeout(LONG, future).await.expect("a future that ends")
}

/// Waits until `done`.
///
/// # Panics
/// If that does not come about.
pub(crate) async fn until(mut done: impl FnMut() -> bool) {
    let waiting = async {
        while !done() {
            corio::sleep(Duration::from_millis(1)).await;
        }
    };
    soon(waiting).await;
}

/// A path for a Unix socket, in a folder of its own that goes with it.
pub(crate) struct SocketPath {
    path: PathBuf,
    _folder: Folder,
}

impl SocketPath {
    pub(crate) fn new() -> Self {
        let folder = Folder::new();
        SocketPath { path: folder.file("socket"), _folder: folder }
    }
}

impl std::ops::Deref for SocketPath {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.path
    }
}
