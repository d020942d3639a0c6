//! The standard streams, over threads as files are.
//!
//! Why not by readiness? For that a descriptor is set to `O_NONBLOCK`, and this is not the descriptor's
//! but of what is behind it, which the process shares with the shell that started it and with whoever else
//! is at the terminal: they would fail with `EAGAIN`, also after this process is gone. And a file, which a
//! stream may be led to, has no readiness.
//!
//! Where somebody else has set it on ours, a thread here waits for the descriptor and tries again.

mod input;
mod output;
#[cfg(feature = "tokio-io")]
mod tokio_io;

pub use input::{Stdin, stdin};
pub use output::{Stderr, Stdout, stderr, stdout};

use std::io;
use std::os::fd::AsFd;

use rustix::event::{PollFd, PollFlags, poll};

/// Makes the call, and again when `descriptor` is ready, as long as it fails with `WouldBlock`.
fn patiently<D: AsFd>(
    descriptor: D,
    ready: PollFlags,
    mut call: impl FnMut() -> io::Result<usize>,
) -> io::Result<usize> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                match poll(&mut [PollFd::new(&descriptor, ready)], None) {
                    Ok(_) | Err(rustix::io::Errno::INTR) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            result => return result,
        }
    }
}
