//! The file that a bound Unix socket has, and which stays behind when the socket is closed.
//!
//! Two rules, asyncio's. **At `bind`** a file left behind by a server that is gone is removed; it has to
//! be a socket, and nobody may answer at it. **When the socket is closed** its own file is removed,
//! unless the path has become another's: it must still be the same inode of the same device. A copy of this
//! process that foreign code has forked off removes nothing.
//!
//! **The race, and how far it is closed.** The file is removed while its socket is still open. An open
//! socket holds its inode, so no other file can have got the number meanwhile, and a file with this
//! number is this file. What is left is the instant between looking and removing, for which Unix has no
//! remedy: a rival that replaces the file just then loses it.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use corio_reactor::Process;
use rustix::io::Errno;
use rustix::net::SocketAddrUnix;
use socket2::{Domain, Socket, Type};

use super::address;

/// The file of a socket of ours; removed when this is dropped, if it is still the same.
#[derive(Debug)]
pub(crate) struct SocketFile {
    path: PathBuf,
    id: FileId,
    /// Not if the socket was given away.
    removes: bool,
    /// Not by a copy of it: the server goes on in the original.
    process: Process,
}

/// What tells one file from another as long as one of them is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    /// Of the file itself: a symbolic link is a file of its own.
    fn at(path: &Path) -> io::Result<FileId> {
        let metadata = fs::symlink_metadata(path)?;
        Ok(FileId { device: metadata.dev(), inode: metadata.ino() })
    }
}

impl SocketFile {
    /// The file that `address` names, just bound; nothing for abstract names.
    pub(super) fn at(address: &SocketAddrUnix) -> io::Result<Option<Box<SocketFile>>> {
        let Some(path) = address::path_of(address) else { return Ok(None) };
        // Absolute, so that changing the directory does not change whose file it is.
        let path = std::path::absolute(path)?;
        let id = FileId::at(&path)?;
        Ok(Some(Box::new(SocketFile { path, id, removes: true, process: Process::this() })))
    }

    /// Leaves the file where it is.
    pub(crate) fn leave(mut self) {
        self.removes = false;
    }

    fn remove(&self) -> io::Result<()> {
        if FileId::at(&self.path)? == self.id {
            fs::remove_file(&self.path)?;
        }
        Ok(())
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if !self.removes || !self.process.is_this() {
            return;
        }
        match self.remove() {
            Err(error) if error.kind() != io::ErrorKind::NotFound => corio_trace::report_error(
                "corio::net",
                format_args!(
                    "the file {:?} of a Unix socket could not be removed: {error}",
                    self.path
                ),
            ),
            _ => {}
        }
    }
}

/// Binds `socket`, which is of type `kind`, in the place of a file left behind by another, if need be.
pub(super) fn bind(
    socket: &Socket,
    kind: Type,
    address: &SocketAddrUnix,
) -> io::Result<Option<Box<SocketFile>>> {
    match rustix::net::bind(socket, address) {
        Err(Errno::ADDRINUSE) => {
            let Some(path) = address::path_of(address) else {
                return Err(in_use(format_args!("{} is in use", address::Shown(address))));
            };
            remove_left_behind(&path, kind, address)?;
            rustix::net::bind(socket, address)?;
        }
        result => result?,
    }
    SocketFile::at(address)
}

/// Removes the file at `path` if it is a socket at which nobody answers.
fn remove_left_behind(path: &Path, kind: Type, address: &SocketAddrUnix) -> io::Result<()> {
    let metadata = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        metadata => metadata?,
    };
    if !metadata.file_type().is_socket() {
        return Err(in_use(format_args!(
            "{path:?} is there and is no socket: remove it, or give another path"
        )));
    }
    let id = FileId { device: metadata.dev(), inode: metadata.ino() };
    match ask(kind, address)? {
        // Not waited for: what does not answer at once has a full queue, so it is there.
        Ok(()) | Err(Errno::AGAIN | Errno::PROTOTYPE) => Err(in_use(format_args!(
            "somebody answers at {path:?}: end that server first, or give another path"
        ))),
        Err(Errno::NOENT) => Ok(()),
        Err(Errno::CONNREFUSED) if FileId::at(path)? == id => match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(in_use(format_args!(
                "the socket {path:?} was left behind and cannot be removed: {error}"
            ))),
            _ => Ok(()),
        },
        Err(Errno::CONNREFUSED) => Ok(()),
        Err(errno) => Err(in_use(format_args!(
            "{path:?} is a socket, and whether somebody answers there is not to be known: {}",
            io::Error::from(errno)
        ))),
    }
}

/// Whether somebody answers.
fn ask(kind: Type, address: &SocketAddrUnix) -> io::Result<Result<(), Errno>> {
    let probe = Socket::new(Domain::UNIX, kind, None)?;
    probe.set_nonblocking(true)?;
    Ok(rustix::net::connect(&probe, address))
}

#[cold]
fn in_use(message: std::fmt::Arguments<'_>) -> io::Error {
    io::Error::new(io::ErrorKind::AddrInUse, message.to_string())
}
