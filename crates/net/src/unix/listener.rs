//! [`UnixListener`]: what only listeners of Unix sockets have.
//!
//! Accepting is [`Listener`]'s; what becomes of the socket's file is `file`'s.

use std::io;
use std::os::unix::net::{self, SocketAddr};
use std::path::Path;

use corio_trace::action::Deed;
use rustix::net::SocketAddrUnix;
use socket2::{Domain, Socket, Type};

use super::{address, file};
use crate::about::about;
use crate::deeds::UnixBindDeed;
use crate::listener::{BACKLOG, Listener};

/// Listens for connections of Unix sockets.
///
/// Dropped, it removes its socket's file, if that is still the one it made.
///
/// ```
/// use corio_net::{UnixListener, UnixStream};
///
/// # fn main() -> std::io::Result<()> {
/// # let folder = std::env::temp_dir().join(format!("corio-net-doc-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// # let path = folder.join("listener");
/// # corio_base::park::block_on(async {
/// let listener = UnixListener::bind(&path).await?;
/// let client = UnixStream::connect(&path).await?;
/// let (server, _from) = listener.accept().await?;
/// client.write_all(b"hello").await?;
/// assert_eq!(server.read(&mut [0; 8]).await?, 5);
/// drop(listener);
/// assert!(!path.exists());
/// # Ok::<(), std::io::Error>(())
/// # })?;
/// # std::fs::remove_dir(&folder)
/// # }
/// ```
pub type UnixListener = Listener<net::UnixListener>;

impl UnixListener {
    /// Listens at `path`. On Linux a path that begins with a NUL byte is an abstract name, which has no
    /// file.
    ///
    /// A socket's file that is there and at which nobody answers was left behind: it is removed. To see
    /// that, one connection is made to it. Anything else that is there stays. The listener removes its
    /// own file when it is dropped, if it is still the same file ([`UnixListener::keep_file`] does not).
    /// Up to 1024 connections wait to be accepted.
    ///
    /// # Errors
    /// `AddrInUse`, saying what is in the way; `NotFound` if the directory is not there; `InvalidInput`
    /// if it is no path for a socket (too long); `PermissionDenied` and what else the system says.
    ///
    /// # Cancel safety
    /// It ends in its first poll: nothing is ever done by half.
    #[track_caller]
    pub fn bind(path: impl AsRef<Path>) -> impl Future<Output = io::Result<UnixListener>> {
        UnixBindDeed::doing(async move { bind(&address::from_path(path.as_ref())?) })
    }

    /// Listens at an address of std's; otherwise as [`UnixListener::bind`].
    ///
    /// # Errors
    /// As [`UnixListener::bind`].
    ///
    /// # Cancel safety
    /// It ends in its first poll: nothing is ever done by half.
    #[track_caller]
    pub fn bind_addr(address: &SocketAddr) -> impl Future<Output = io::Result<UnixListener>> {
        UnixBindDeed::doing(async move { bind(&address::from_std(address)?) })
    }

    /// Removes the socket's file when the listener is dropped, if it is still the same: as after
    /// [`UnixListener::bind`], for a socket that was bound elsewhere.
    ///
    /// # Errors
    /// If the file is not there (`NotFound`), and what else the system says.
    pub fn adopt_file(&mut self) -> io::Result<()> {
        self.file = file::SocketFile::at(&address::from_std(&self.local_addr()?)?)?;
        Ok(())
    }

    /// Leaves the socket's file where it is when the listener is dropped.
    pub fn keep_file(&mut self) {
        if let Some(file) = self.file.take() {
            file.leave();
        }
    }
}

fn bind(address: &SocketAddrUnix) -> io::Result<UnixListener> {
    bind_to(address)
        .map_err(|error| about(error, format_args!("cannot listen at {}", address::Shown(address))))
}

fn bind_to(address: &SocketAddrUnix) -> io::Result<UnixListener> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    let file = file::bind(&socket, Type::STREAM, address)?;
    socket.listen(BACKLOG)?;
    let mut listener = UnixListener::from_std(socket.into())?;
    listener.file = file;
    Ok(listener)
}
