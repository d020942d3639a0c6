//! The promise a descriptor's owner makes.
//!
//! [`AsFd`] alone does not say that it is the same descriptor each time, nor that it stays open: a
//! safe type may swap what is inside. A reactor that has registered one descriptor and then
//! deletes another leaves the first one registered after it is closed, and gives its events to
//! whoever gets the number next.
#![expect(unsafe_code, reason = "this is the promise")]

use std::os::fd::{AsFd, OwnedFd};

/// An owner of one descriptor, always the same.
///
/// # Safety
/// For as long as a value of the type is not dropped, moved out of or changed through a mutable
/// reference, [`AsFd::as_fd`] MUST give the same descriptor each time, and it MUST stay open,
/// whatever safe code does with shared references to the value.
pub unsafe trait OwnsFd: AsFd {}

// SAFETY (all of these): std's types own one descriptor, set when they are made; it is closed when
// they are dropped, and nothing safe replaces or closes it through a shared reference.

// SAFETY: see above.
unsafe impl OwnsFd for OwnedFd {}
// SAFETY: see above.
unsafe impl OwnsFd for std::fs::File {}
// SAFETY: see above.
unsafe impl OwnsFd for std::io::PipeReader {}
// SAFETY: see above.
unsafe impl OwnsFd for std::io::PipeWriter {}
// SAFETY: see above.
unsafe impl OwnsFd for std::net::TcpListener {}
// SAFETY: see above.
unsafe impl OwnsFd for std::net::TcpStream {}
// SAFETY: see above.
unsafe impl OwnsFd for std::net::UdpSocket {}
// SAFETY: see above.
unsafe impl OwnsFd for std::os::unix::net::UnixListener {}
// SAFETY: see above.
unsafe impl OwnsFd for std::os::unix::net::UnixStream {}
// SAFETY: see above.
unsafe impl OwnsFd for std::os::unix::net::UnixDatagram {}
// SAFETY: see above.
unsafe impl OwnsFd for std::process::ChildStdin {}
// SAFETY: see above.
unsafe impl OwnsFd for std::process::ChildStdout {}
// SAFETY: see above.
unsafe impl OwnsFd for std::process::ChildStderr {}
// SAFETY: a box gives its content's descriptor, and cannot change it through a shared reference.
unsafe impl<T: OwnsFd + ?Sized> OwnsFd for Box<T> {}
// SAFETY: as a box.
unsafe impl<T: OwnsFd + ?Sized> OwnsFd for std::sync::Arc<T> {}
