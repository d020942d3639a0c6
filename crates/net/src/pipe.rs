//! Pipes: bytes one way, between tasks, threads or processes.
//!
//! [`pipe()`] makes a new one without a name. [`Sender::open`] and [`Receiver::open`] open a named one
//! (a FIFO, made with `mkfifo`). Both ends can also be made of a descriptor (`From<OwnedFd>`), such as
//! a child's standard input, and of std's (`from_std`). Reading and writing are [`ByteStream`]'s.
//!
//! ```
//! use corio_net::pipe;
//!
//! # fn main() -> std::io::Result<()> {
//! # corio_base::park::block_on(async {
//! let (sender, receiver) = pipe::pipe()?;
//! sender.write_all(b"one way").await?;
//! drop(sender);
//! let mut all = Vec::new();
//! assert_eq!(receiver.read_to_end(&mut all).await?, 7);
//! # Ok(())
//! # })
//! # }
//! ```
//!
//! **The other end.** A receiver reads the end once all senders are gone. A sender whose receivers are
//! gone gets `BrokenPipe`, and hears of it without a write from [`Sender::closed`]; the signal `SIGPIPE` that comes with it a Rust program ignores unless it was
//! told otherwise.

use std::fs::OpenOptions;
use std::io::{self, PipeReader, PipeWriter};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;
use std::task::{Context, Poll};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fs::OFlags;

use crate::stream::ByteStream;

/// The end of a pipe that is read.
pub type Receiver = ByteStream<PipeReader>;

/// The end of a pipe that is written.
///
/// Writes of at most 4096 bytes (`PIPE_BUF` on Linux; 512 is what every system promises) do not mix with
/// those of other writers.
pub type Sender = ByteStream<PipeWriter>;

/// A new pipe. Both ends belong to this thread's loop.
///
/// # Errors
/// What the system says (too many descriptors), and an error that says so if this thread's loop has
/// ended.
pub fn pipe() -> io::Result<(Sender, Receiver)> {
    let (reader, writer) = io::pipe()?;
    Ok((Sender::from_std(writer)?, Receiver::from_std(reader)?))
}

impl Receiver {
    /// Opens the named pipe at `path` to read. It does not wait for a sender: until one comes, reading
    /// gives the end.
    ///
    /// # Errors
    /// `InvalidInput` if it is no pipe, and what the system says.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Receiver> {
        open(path.as_ref(), OpenOptions::new().read(true)).map(Receiver::from)
    }

    /// Opens the named pipe at `path` to read, and holds it open for senders, too: reading waits
    /// for the first one, and goes on after the last one, without an end.
    ///
    /// # Errors
    /// As [`Receiver::open`]; systems other than Linux may not allow it.
    pub fn open_persistent(path: impl AsRef<Path>) -> io::Result<Receiver> {
        open(path.as_ref(), OpenOptions::new().read(true).write(true)).map(Receiver::from)
    }
}

impl Sender {
    /// Opens the named pipe at `path` to write.
    ///
    /// # Errors
    /// `ENXIO` (`raw_os_error`) if nobody has opened it to read: try again later. `InvalidInput` if it is
    /// no pipe, and what else the system says.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Sender> {
        open(path.as_ref(), OpenOptions::new().write(true)).map(Sender::from)
    }

    /// Waits until nobody can read any more: what is written from then on is lost.
    ///
    /// ```
    /// use corio_net::pipe;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// # corio_base::park::block_on(async {
    /// let (sender, receiver) = pipe::pipe()?;
    /// drop(receiver);
    /// sender.closed().await?;
    /// # Ok(())
    /// # })
    /// # }
    /// ```
    ///
    /// # Errors
    /// What the system says, and an error that says so if the loop of this pipe has ended.
    ///
    /// # Cancel safety
    /// Dropped, it has changed nothing.
    pub async fn closed(&self) -> io::Result<()> {
        self.io.read_with(has_no_reader).await
    }

    /// The poll form of [`Sender::closed`].
    ///
    /// # Errors
    /// As [`Sender::closed`].
    pub fn poll_closed(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io.poll_read_with(context, has_no_reader)
    }
}

/// Whether the readers have gone, as an attempt that would block while there are any. The end that is
/// written is never readable: all that is told of it as of one that is read is this.
fn has_no_reader(pipe: &PipeWriter) -> io::Result<()> {
    let mut asked = [PollFd::new(pipe, PollFlags::empty())];
    rustix::event::poll(&mut asked, Some(&Timespec::default()))?;
    match asked[0].revents().intersects(PollFlags::ERR | PollFlags::HUP) {
        true => Ok(()),
        false => Err(io::ErrorKind::WouldBlock.into()),
    }
}

/// Opened without waiting for the other side.
fn open(path: &Path, options: &mut OpenOptions) -> io::Result<OwnedFd> {
    let file = options.custom_flags(OFlags::NONBLOCK.bits() as i32).open(path)?;
    if !file.metadata()?.file_type().is_fifo() {
        let message = format!("{path:?} is no pipe: mkfifo makes one");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    Ok(file.into())
}
