//! A folder of a test's own: for the tests of every crate that has sockets in the file system, which take this
//! file in as a module of theirs.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

/// A folder for the sockets of a test, removed with all that is in it.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Folder {
        static MADE: AtomicU32 = AtomicU32::new(0);
        // Relaxed: a number of its own is all that is asked for.
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}-{}-{number}", env!("CARGO_PKG_NAME"), std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).expect("the name is new");
        Folder(path)
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left in the system's folder for such things harms nobody.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
