//! What the tests share: a folder of their own and a pool that is at work.

use std::fs::OpenOptions;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Sender, channel};
use std::task::{Context, Poll, Waker};

use corio_blocking::{Config, Pool};
use corio_fs::File;

pub(crate) use corio_base::park::block_on;

pub(crate) use crate::patience::{LONG, wait_until};

/// A folder that goes with the value.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(test: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("corio-fs-{}-{test}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// A file with `contents` in it.
    pub(crate) fn file(&self, name: &str, contents: impl AsRef<[u8]>) -> PathBuf {
        let path = self.join(name);
        std::fs::write(&path, contents).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A device that is always full.
pub(crate) fn full() -> File {
    File::from_std(OpenOptions::new().write(true).open("/dev/full").unwrap())
}

/// Polls once, for nobody.
pub(crate) fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    std::pin::Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// A pool of one thread, which is at work until what is given with it is dropped.
pub(crate) fn occupied() -> (Pool, Sender<()>) {
    let pool = Config::new().threads_max(1).build();
    let gate = occupy(&pool);
    (pool, gate)
}

pub(crate) fn occupy(pool: &Pool) -> Sender<()> {
    let (gate, wait) = channel::<()>();
    let (begun, has_begun) = channel();
    drop(pool.spawn(move || {
        begun.send(()).unwrap();
        let _ = wait.recv();
    }));
    has_begun.recv_timeout(LONG).expect("the job begins");
    gate
}

#[track_caller]
pub(crate) fn kind<T: std::fmt::Debug>(result: io::Result<T>) -> io::ErrorKind {
    result.expect_err("it fails").kind()
}
