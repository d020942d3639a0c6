//! Connects to a socket, but does not wait for ever: the standard library has no such call for Unix sockets.
//!
//! A process that was stopped while many asked has a full queue, at which the system keeps the next one waiting
//! until the process goes on. Used by who asks, and by who looks whether a socket was left behind.

use std::io;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use rustix::io::{FdFlags, fcntl_setfd, retry_on_intr};
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketType};

/// What the system takes for a limit: zero is none.
const SHORTEST: Duration = Duration::from_millis(1);

/// Connects to `socket` within `limit`.
///
/// # Errors
/// `WouldBlock` if the queue was full all the time; and what the system says.
pub(crate) fn connect(socket: &Path, limit: Duration) -> io::Result<UnixStream> {
    let address = SocketAddrUnix::new(socket)?;
    let stream = rustix::net::socket(AddressFamily::UNIX, SocketType::STREAM, None)?;
    fcntl_setfd(&stream, FdFlags::CLOEXEC)?;
    // The limit for sending is that for connecting, too.
    set_socket_timeout(&stream, Timeout::Send, Some(limit.max(SHORTEST)))?;
    retry_on_intr(|| rustix::net::connect(&stream, &address))?;
    Ok(UnixStream::from(stream))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    /// A socket's file, which goes with the test.
    struct File(PathBuf);

    impl Drop for File {
        fn drop(&mut self) {
            // A test that fails says why itself.
            let _ = std::fs::remove_file(&self.0);
        }
    }

    #[test]
    fn a_full_queue_keeps_nobody_for_ever() {
        let name = format!("corio-connect-{}", std::process::id());
        let file = File(std::env::temp_dir().join(name));
        // Of a process of this number that was killed.
        let _ = std::fs::remove_file(&file.0);
        // It accepts nobody, as a process that is stopped.
        let full = rustix::net::socket(AddressFamily::UNIX, SocketType::STREAM, None).unwrap();
        rustix::net::bind(&full, &SocketAddrUnix::new(&file.0).unwrap()).unwrap();
        rustix::net::listen(&full, 1).unwrap();
        let mut queued = Vec::new();
        let refused = loop {
            match connect(&file.0, Duration::from_millis(20)) {
                Ok(stream) => queued.push(stream),
                Err(error) => break error,
            }
            assert!(queued.len() < 10, "the queue has room for one or two");
        };
        assert_eq!(refused.kind(), io::ErrorKind::WouldBlock);
        assert!(!queued.is_empty());
        drop(full);
        let gone = connect(&file.0, Duration::ZERO).unwrap_err();
        assert_eq!(gone.kind(), io::ErrorKind::ConnectionRefused);
    }
}
