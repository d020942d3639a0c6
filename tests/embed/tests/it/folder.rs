//! A folder of a test's own, for sockets and files; gone with its value.

use std::any::type_name;
use std::ops::Deref;
use std::path::{Path, PathBuf};

use corio_embed_tests::Host;

pub(crate) struct Folder(PathBuf);

impl Folder {
    /// For the test `name` inside `H`.
    pub(crate) fn new<H: Host>(name: &str) -> Folder {
        let host = type_name::<H>().rsplit("::").next().unwrap_or_default();
        let name = format!("corio-embed-{}-{host}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }
}

impl Deref for Folder {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A test that fails says why itself.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
