//! [`ChildHandle`]: a child as others than its owner have it.

use std::fmt;
use std::io;
use std::process::ExitStatus;
use std::sync::Arc;

use corio_signal::SignalKind;

use crate::exit::Exit;
use crate::wait::Wait;

/// Waits for a child and signals it, from any task and thread, beside its owner; made by
/// [`Child::handle`](crate::Child::handle). Clones are alike.
///
/// It does not keep the child's pipes, and it does not keep the child: if that is to be killed when its
/// owner is dropped, it is.
///
/// ```
/// use corio_process::{Command, SignalKind};
/// use std::os::unix::process::ExitStatusExt;
///
/// # fn main() -> std::io::Result<()> {
/// # corio_base::park::block_on(async {
/// let mut child = Command::new("sleep").arg("60").spawn()?;
/// let handle = child.handle();
/// std::thread::spawn(move || handle.terminate()).join().unwrap()?;
/// assert_eq!(child.wait().await?.signal(), Some(15));
/// # Ok(())
/// # })
/// # }
/// ```
#[derive(Clone)]
pub struct ChildHandle {
    exit: Arc<Exit>,
}

impl ChildHandle {
    pub(crate) fn new(exit: Arc<Exit>) -> Self {
        ChildHandle { exit }
    }

    /// As [`Child::id`](crate::Child::id).
    pub fn id(&self) -> u32 {
        self.exit.id()
    }

    /// As [`Child::wait`](crate::Child::wait), but closes nothing.
    ///
    /// # Errors
    /// As there.
    ///
    /// # Cancel safety
    /// Dropped, it is forgotten. The child runs on.
    #[track_caller]
    pub fn wait(&self) -> Wait<'_> {
        Wait::new(&self.exit)
    }

    /// As [`Child::try_wait`](crate::Child::try_wait).
    ///
    /// # Errors
    /// As there.
    pub fn try_wait(&self) -> io::Result<Option<ExitStatus>> {
        self.exit.try_wait()
    }

    /// As [`Child::send_signal`](crate::Child::send_signal).
    ///
    /// # Errors
    /// As there.
    pub fn send_signal(&self, kind: SignalKind) -> io::Result<()> {
        self.exit.signal(kind)
    }

    /// As [`Child::send_signal_to_group`](crate::Child::send_signal_to_group).
    ///
    /// # Errors
    /// As there.
    pub fn send_signal_to_group(&self, kind: SignalKind) -> io::Result<()> {
        self.exit.signal_group(kind)
    }

    /// As [`Child::terminate`](crate::Child::terminate).
    ///
    /// # Errors
    /// As there.
    pub fn terminate(&self) -> io::Result<()> {
        self.exit.signal(SignalKind::terminate())
    }

    /// As [`Child::start_kill`](crate::Child::start_kill).
    ///
    /// # Errors
    /// As there.
    pub fn start_kill(&self) -> io::Result<()> {
        self.exit.signal(SignalKind::kill())
    }
}

impl fmt::Debug for ChildHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.exit.fmt_as("ChildHandle", f)
    }
}
