//! [`UCred`]: who the peer of a Unix socket was when the connection was made.
//!
//! Asked of the system by number, because what a library makes of the answer has a process above 0 in it,
//! and a peer that this process cannot see has none.
#![expect(unsafe_code, reason = "no binding takes a peer without a process for an answer")]

use std::io;
use std::os::fd::{AsFd, AsRawFd};

/// Who a peer is; made by [`UnixStream::peer_cred`](crate::UnixStream::peer_cred).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct UCred {
    pid: Option<i32>,
    uid: u32,
    gid: u32,
}

impl UCred {
    /// The process. It may have ended since, and another may have its number. `None`: it has no number here,
    /// because it runs in a PID namespace that this process does not see into, a container around this one.
    pub fn pid(&self) -> Option<i32> {
        self.pid
    }

    /// The user that the process acted for.
    pub fn uid(&self) -> u32 {
        self.uid
    }

    /// The group that the process acted for.
    pub fn gid(&self) -> u32 {
        self.gid
    }
}

/// What the system says of the peer of `socket`.
pub(super) fn of(socket: impl AsFd) -> io::Result<UCred> {
    // All ones, which is nobody.
    let mut said = libc::ucred { pid: -1, uid: u32::MAX, gid: u32::MAX };
    let mut length = size_of::<libc::ucred>() as libc::socklen_t;
    // SAFETY: the descriptor is open; the system writes `length` bytes at most to `said`, which is as large
    // and three numbers, of which any are valid, and the length to `length`.
    let asked = unsafe {
        libc::getsockopt(
            socket.as_fd().as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            (&raw mut said).cast(),
            &raw mut length,
        )
    };
    if asked != 0 {
        return Err(io::Error::last_os_error());
    }
    let pid = if said.pid > 0 { Some(said.pid) } else { None };
    Ok(UCred { pid, uid: said.uid, gid: said.gid })
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn a_process_that_cannot_be_seen_is_none() {
        // A socket without a peer is answered for in the same way: process 0.
        let socket = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None);
        assert_eq!(of(socket.expect("it opens")).expect("an answer").pid(), None);
        // One that listens names who listens.
        let path = std::env::temp_dir().join(format!("corio-peer-{}", std::process::id()));
        let listener = UnixListener::bind(&path).expect("it binds");
        std::fs::remove_file(path).expect("it is there");
        let own = i32::try_from(std::process::id()).ok();
        assert_eq!(of(listener).expect("an answer").pid(), own);
    }
}
