//! Where a program's inspector is found: a socket in a folder that only its user may enter.
//!
//! `$XDG_RUNTIME_DIR/corio/<pid>.sock`, or `/tmp/corio-<uid>/<pid>.sock` where that is not set. The folder
//! has mode 0700 and must be the user's own: one that somebody else has put there is refused, as is a
//! link. The socket has mode 0600.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The folder of this user's inspectors, whether it exists or not.
pub fn folder() -> PathBuf {
    match std::env::var_os("XDG_RUNTIME_DIR").filter(|dir| Path::new(dir).is_absolute()) {
        Some(dir) => Path::new(&dir).join("corio"),
        None => std::env::temp_dir().join(format!("corio-{}", own_uid())),
    }
}

/// Where process `pid` listens, if it does.
pub fn socket_of(pid: u32) -> PathBuf {
    folder().join(format!("{pid}.sock"))
}

fn own_uid() -> u32 {
    rustix::process::getuid().as_raw()
}

/// Makes the folder of `socket`, if need be, and sees to it that only this user can enter it.
///
/// # Errors
/// `PermissionDenied` where something else than a folder of this user's is in its place.
pub(crate) fn prepare(socket: &Path) -> io::Result<()> {
    let folder = socket.parent().unwrap_or(Path::new("."));
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        made => made?,
    }
    let about = fs::symlink_metadata(folder)?;
    if !about.is_dir() || about.uid() != own_uid() || about.mode() & 0o077 != 0 {
        let mode = about.mode() & 0o7777;
        let message = format!(
            "{} must be a folder of user {} with mode 0700; it belongs to user {} and has mode {mode:04o}: \
             remove it, or set XDG_RUNTIME_DIR",
            folder.display(),
            own_uid(),
            about.uid(),
        );
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, message));
    }
    // A process of this number that ended without taking its socket away: numbers are used again.
    match fs::remove_file(socket) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Lets only this user connect to `socket`.
pub(crate) fn close_to_others(socket: &Path) -> io::Result<()> {
    fs::set_permissions(socket, Permissions::from_mode(0o600))
}
