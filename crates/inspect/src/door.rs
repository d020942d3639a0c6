//! Where a program's inspector is found: a socket in a folder that only its user may enter.
//!
//! | folder | where |
//! |---|---|
//! | `$XDG_RUNTIME_DIR/corio` | sessions |
//! | `/run/user/<uid>/corio` | programs of the same user that were started without that variable |
//! | `/tmp/corio-<uid>` | where neither is there (`$TMPDIR` first, if that is set) |
//!
//! A program takes the first of them that it can have; who asks looks into all. In it is `<pid>.sock`, of mode
//! 0600. The folder has mode 0700 and must be the user's own: one that somebody else has put there, or that
//! others may enter, is refused by both sides, as is a link. So who asks is not answered by a stranger
//! either.
//!
//! A socket goes with its inspector, also at the end of the process; one that a process left behind which was
//! killed is removed when the next one looks.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

use crate::connect::connect;

/// The longest path of a socket, on Linux; elsewhere the system says so itself, with less.
const PATH_BYTES_MAX: usize = 107;

/// The folders in which inspectors of this user may be found, the first choice first, whether they exist or
/// not.
pub fn folders() -> Vec<PathBuf> {
    let session = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let session = session.filter(|folder| folder.is_absolute()).map(|folder| folder.join("corio"));
    session.into_iter().chain(folders_of(own_uid())).collect()
}

/// Those that do not depend on the environment of who looks.
fn folders_of(uid: u32) -> Vec<PathBuf> {
    let mut folders = vec![PathBuf::from(format!("/run/user/{uid}/corio"))];
    for temporary in [std::env::temp_dir(), PathBuf::from("/tmp")] {
        let folder = temporary.join(format!("corio-{uid}"));
        if !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    folders
}

/// The socket of process `pid`. For root also that of a process of somebody else's.
///
/// # Errors
/// `NotFound` if there is none, with what to do about it.
pub fn find(pid: u32) -> io::Result<PathBuf> {
    let mut places: Vec<(u32, PathBuf)> =
        folders().into_iter().map(|folder| (own_uid(), folder)).collect();
    let owner = fs::metadata(format!("/proc/{pid}")).map_or(own_uid(), |about| about.uid());
    if owner != own_uid() && own_uid() == 0 {
        places.extend(folders_of(owner).into_iter().map(|folder| (owner, folder)));
    }
    let mut refused = String::new();
    for (uid, folder) in &places {
        let socket = folder.join(name(pid));
        if fs::symlink_metadata(&socket).is_err() {
            continue;
        }
        match check(folder, *uid) {
            Ok(()) => return Ok(socket),
            Err(error) => refused = format!("; {error}"),
        }
    }
    let lives = lives(pid);
    let advice =
        "start it with CORIO_INSPECT=1 (feature `inspect`), or call inspect::serve() in it";
    let what = match (lives, owner == own_uid() || own_uid() == 0) {
        (false, _) => format!("there is no process {pid}"),
        (true, false) => format!("process {pid} is user {owner}'s, who alone may inspect it"),
        (true, true) => format!("process {pid} cannot be inspected: {advice}"),
    };
    Err(io::Error::new(io::ErrorKind::NotFound, format!("{what}{refused}")))
}

/// The processes of this user that have a socket, in order; those that have ended are cleared away.
pub fn all() -> Vec<u32> {
    let mut pids = Vec::new();
    for folder in folders() {
        if check(&folder, own_uid()).is_ok() {
            sweep(&folder);
            pids.extend(sockets(&folder).into_iter().map(|(pid, _)| pid));
        }
    }
    pids.sort_unstable();
    pids.dedup();
    pids
}

fn name(pid: u32) -> String {
    format!("{pid}.sock")
}

fn own_uid() -> u32 {
    rustix::process::getuid().as_raw()
}

fn lives(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    // Somebody else's lives too.
    pid.is_some_and(|pid| test_kill_process(pid) != Err(Errno::SRCH))
}

/// The sockets in `folder`, each with the process that its name says.
fn sockets(folder: &Path) -> Vec<(u32, PathBuf)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let named = |path: PathBuf| {
        let pid = path.file_name()?.to_str()?.strip_suffix(".sock")?.parse().ok()?;
        let is_socket =
            fs::symlink_metadata(&path).is_ok_and(|about| about.file_type().is_socket());
        is_socket.then_some((pid, path))
    };
    entries.filter_map(|entry| named(entry.path())).collect()
}

/// Removes the sockets in `folder`, which is this user's alone, of processes that have ended. Two signs are
/// wanted: another container that shares the folder has processes of its own, and a socket that is just
/// being made refuses for an instant.
fn sweep(folder: &Path) {
    for (pid, socket) in sockets(folder) {
        if !lives(pid) && is_dead(&socket) {
            // Somebody may have been faster.
            let _ = fs::remove_file(socket);
        }
    }
}

fn is_dead(socket: &Path) -> bool {
    // It refuses at once, or it is alive, in another container perhaps, and stopped there.
    let answer = connect(socket, Duration::ZERO);
    answer.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
}

/// A place for this process's socket, in the first folder that can be had.
///
/// # Errors
/// What is wrong with the first one, if none can be had.
pub(crate) fn take() -> io::Result<PathBuf> {
    let mut first = None;
    for folder in folders() {
        let socket = folder.join(name(std::process::id()));
        match prepare(&socket) {
            Ok(()) => return Ok(socket),
            Err(error) => drop(first.get_or_insert(error)),
        }
    }
    Err(first.unwrap_or_else(|| io::ErrorKind::NotFound.into()))
}

/// Makes the folder of `socket`, if need be, and sees to it that only this user can enter it.
///
/// # Errors
/// `PermissionDenied` where something else than a folder of this user's is in its place; `InvalidInput` if the
/// path is too long for a socket; and what the system says.
pub(crate) fn prepare(socket: &Path) -> io::Result<()> {
    let bytes = socket.as_os_str().as_bytes().len();
    if bytes > PATH_BYTES_MAX {
        let message = format!(
            "the path of the inspector's socket has {bytes} bytes, and a socket's may have {PATH_BYTES_MAX}: \
             {}; set XDG_RUNTIME_DIR to a folder with a shorter name",
            socket.display()
        );
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    let folder = socket.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            let message = format!(
                "the folder {} of the inspector's socket cannot be made: {error}; make it, or set \
                 XDG_RUNTIME_DIR to a folder of yours",
                folder.display()
            );
            return Err(io::Error::new(error.kind(), message));
        }
        _ => {}
    }
    check(folder, own_uid())?;
    // A socket of a process of this number that has ended is left to `bind`, which sees whether somebody answers:
    // numbers are used again, and what is no socket is somebody's file.
    sweep(folder);
    Ok(())
}

/// Whether `folder` is `uid`'s, and nobody else may enter it.
///
/// # Errors
/// What it is instead, and what to do about it.
fn check(folder: &Path, uid: u32) -> io::Result<()> {
    // Of the folder itself: a link to a good one may be another's, who can turn it.
    let about = fs::symlink_metadata(folder)?;
    if about.is_dir() && about.uid() == uid && about.mode() & 0o077 == 0 {
        return Ok(());
    }
    let message = format!(
        "{} must be a folder of user {uid} with mode 0700; it is a {} of user {} with mode {:04o}: remove it, \
         or set XDG_RUNTIME_DIR to a folder of yours",
        folder.display(),
        if about.is_dir() {
            "folder"
        } else if about.is_symlink() {
            "link"
        } else {
            "file"
        },
        about.uid(),
        about.mode() & 0o7777,
    );
    Err(io::Error::new(io::ErrorKind::PermissionDenied, message))
}

/// Lets only this user connect to `socket`.
pub(crate) fn close_to_others(socket: &Path) -> io::Result<()> {
    fs::set_permissions(socket, Permissions::from_mode(0o600))
}
