//! A folder of a test's own, which goes when the test does, also when it fails.

use std::fs::{self, Permissions};
use std::ops::Deref;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// A folder; dropped, it is removed with all that is in it.
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// A name that no other test has; nothing has it yet.
    fn unmade(test: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("corio-test-{}-{test}", std::process::id()));
        // Of a process of this number that was killed.
        let _ = fs::remove_dir_all(&path);
        Folder(path)
    }

    /// A folder that is there and empty.
    pub(crate) fn new(test: &str, mode: u32) -> Folder {
        let folder = Folder::unmade(test);
        fs::create_dir(&*folder).unwrap();
        fs::set_permissions(&*folder, Permissions::from_mode(mode)).unwrap();
        folder
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
        // Nobody may have made it; and a test that fails says why itself.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The path of a socket in a folder that is not there yet and goes with it.
pub(crate) struct Socket {
    path: PathBuf,
    _folder: Folder,
}

impl Socket {
    pub(crate) fn new(test: &str) -> Socket {
        let folder = Folder::unmade(test);
        Socket { path: folder.join("socket"), _folder: folder }
    }
}

impl Deref for Socket {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.path
    }
}

impl AsRef<Path> for Socket {
    fn as_ref(&self) -> &Path {
        self
    }
}
