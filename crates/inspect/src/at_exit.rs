//! Takes sockets away when the process ends, by `exit` or by the end of `main`: an inspector that serves as long
//! as the process is dropped by nobody.
//!
//! A process that is killed leaves its socket behind; [`door`](crate::door) clears such ones away. A forked
//! child that ends leaves its parent's socket alone.
#![expect(unsafe_code, reason = "only the C library knows when the process ends")]

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

/// What to take away: the process that made it, which file that was, and where.
static SOCKETS: Mutex<Vec<Socket>> = Mutex::new(Vec::new());

#[derive(Debug, PartialEq, Eq)]
struct Socket {
    pid: u32,
    /// Device and inode: another's that was put there meanwhile stays.
    file: (u64, u64),
    path: PathBuf,
}

fn sockets() -> MutexGuard<'static, Vec<Socket>> {
    SOCKETS.lock().unwrap_or_else(PoisonError::into_inner)
}

fn file_at(path: &Path) -> io::Result<(u64, u64)> {
    let about = fs::symlink_metadata(path)?;
    Ok((about.dev(), about.ino()))
}

/// From now on the socket at `path`, which this process has made, goes with the process.
///
/// # Errors
/// If it is not there.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    static ONCE: Once = Once::new();
    let path = std::path::absolute(path)?;
    let socket = Socket { pid: std::process::id(), file: file_at(&path)?, path };
    sockets().push(socket);
    ONCE.call_once(|| {
        // Where the C library has no more room the sockets stay behind, as those of a process that is killed.
        // SAFETY: `at_exit` may be called on any thread at any time, and it does not unwind.
        let _ = unsafe { libc::atexit(at_exit) };
    });
    Ok(())
}

/// The socket at `path` has been taken away.
pub(crate) fn forget(path: &Path) {
    let mut sockets = sockets();
    let gone = sockets.iter().position(|socket| socket.path == path);
    let gone = gone.map(|at| sockets.swap_remove(at));
    drop(sockets);
    drop(gone);
}

extern "C" fn at_exit() {
    // What fails here leaves a file; a panic must not become an abort.
    let _ = catch_unwind(|| {
        // Not waited for: the one who has it may be a thread that a forked child does not have.
        let Ok(sockets) = SOCKETS.try_lock() else { return };
        for socket in sockets.iter().filter(|socket| socket.pid == std::process::id()) {
            if file_at(&socket.path).is_ok_and(|file| file == socket.file) {
                let _ = fs::remove_file(&socket.path);
            }
        }
    });
}
