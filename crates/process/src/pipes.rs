//! Our ends of a child's pipes: non-blocking, and registered with the reactor.
//!
//! Both ends of a pipe are descriptions of their own, so the child's ends go on blocking, as programs
//! expect. Dropping one closes it.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::pin::Pin;
use std::process::Stdio;
use std::task::{Context, Poll};

use corio_reactor::{After, Direction, Io};
use corio_trace::action::Deed;
use futures_io::{AsyncRead, AsyncWrite};
use rustix::buffer::spare_capacity;

use crate::deeds::{WriteAllDeed, WriteDeed};

/// How much room a read to the end makes at once. What a pipe of Linux holds.
const READ_ROOM: usize = 64 * 1024;

/// Where a child's standard input is written. Dropped or closed, the child reads its end.
///
/// A child that has closed its end makes a write fail with `BrokenPipe`.
#[derive(Debug)]
pub struct ChildStdin {
    /// `None`: closed.
    io: Option<Io<OwnedFd>>,
}

impl ChildStdin {
    pub(crate) fn new(fd: impl Into<OwnedFd>) -> io::Result<Self> {
        Ok(ChildStdin { io: Some(Io::new(fd.into())?) })
    }

    fn io(&self) -> io::Result<&Io<OwnedFd>> {
        self.io.as_ref().ok_or_else(|| {
            io::Error::new(io::ErrorKind::BrokenPipe, "the child's standard input was closed here")
        })
    }

    /// Writes some of `bytes`, and says how many.
    ///
    /// # Errors
    /// `BrokenPipe` if the child reads no more.
    ///
    /// # Cancel safety
    /// Dropped, it has written nothing.
    #[track_caller]
    pub fn write(&self, bytes: &[u8]) -> impl Future<Output = io::Result<usize>> {
        WriteDeed::doing(
            async move { self.io()?.with(Direction::Write, |fd| write(fd, bytes)).await },
        )
    }

    /// Writes all of `bytes`.
    ///
    /// # Errors
    /// As [`ChildStdin::write`].
    ///
    /// # Cancel safety
    /// Dropped, it has written some of them; nobody knows how many.
    #[track_caller]
    pub fn write_all(&self, bytes: &[u8]) -> impl Future<Output = io::Result<()>> {
        WriteAllDeed::doing(async move {
            let mut bytes = bytes;
            while !bytes.is_empty() {
                let written = self.write(bytes).await?;
                bytes = &bytes[written..];
            }
            Ok(())
        })
    }

    /// The poll form of [`ChildStdin::write`]; the last waker wins.
    ///
    /// # Errors
    /// As there.
    pub fn poll_write(&self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.io()?.poll_with(Direction::Write, context, |fd| write(fd, bytes))
    }

    /// Closes it: the child reads its end. A second time, it does nothing.
    pub fn close(&mut self) {
        self.io = None;
    }
}

fn write(fd: &OwnedFd, bytes: &[u8]) -> io::Result<(usize, After)> {
    let written = rustix::io::write(fd, bytes)?;
    Ok((written, After::stream(written, bytes.len())))
}

/// A read that brings less than it could says nothing of what is left: a child may write messages (`O_DIRECT`),
/// and a read ends where one does.
fn read(fd: &OwnedFd, buffer: &mut [u8]) -> io::Result<(usize, After)> {
    Ok((rustix::io::read(fd, buffer)?, After::MaybeMore))
}

/// As [`read`], into what the vector has room for; makes room first.
fn read_more(fd: &OwnedFd, buffer: &mut Vec<u8>) -> io::Result<(usize, After)> {
    if buffer.len() == buffer.capacity() {
        buffer.reserve(READ_ROOM);
    }
    Ok((rustix::io::read(fd, spare_capacity(buffer))?, After::MaybeMore))
}

impl AsyncWrite for ChildStdin {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ChildStdin::poll_write(&self, context, bytes)
    }

    /// A pipe keeps nothing back.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// Closes it: the child reads its end.
    fn poll_close(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.close();
        Poll::Ready(Ok(()))
    }
}

macro_rules! reading_end {
    ($name:ident, $what:literal) => {
        #[doc = concat!("Where a child's standard ", $what, " is read.")]
        ///
        /// It ends when every process that has the other end has closed it: the child, and whoever
        /// inherited it from the child. What the child has written can be read after it has ended.
        #[derive(Debug)]
        pub struct $name {
            io: Io<OwnedFd>,
        }

        impl $name {
            pub(crate) fn new(fd: impl Into<OwnedFd>) -> io::Result<Self> {
                Ok($name { io: Io::new(fd.into())? })
            }

            /// Reads some bytes, and says how many; 0 at the end.
            ///
            /// # Errors
            /// What the system says.
            ///
            /// # Cancel safety
            /// Dropped, it has read nothing.
            pub async fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
                self.io.with(Direction::Read, |fd| read(fd, buffer)).await
            }

            /// Reads everything up to the end, after what is in `buffer`, and says how much.
            ///
            /// # Errors
            /// What the system says; what was read by then is in `buffer`.
            ///
            /// # Cancel safety
            /// Dropped, it leaves what was read in `buffer`, and can be called again.
            pub async fn read_to_end(&self, buffer: &mut Vec<u8>) -> io::Result<usize> {
                let before = buffer.len();
                while self.io.with(Direction::Read, |fd| read_more(fd, buffer)).await? > 0 {}
                Ok(buffer.len() - before)
            }

            /// The poll form of reading; the last waker wins.
            ///
            /// # Errors
            /// What the system says.
            pub fn poll_read(
                &self,
                context: &mut Context<'_>,
                buffer: &mut [u8],
            ) -> Poll<io::Result<usize>> {
                self.io.poll_with(Direction::Read, context, |fd| read(fd, buffer))
            }

            /// The poll form of reading to the end; what was read is in `buffer`, also while pending.
            ///
            /// # Errors
            /// What the system says.
            pub fn poll_read_to_end(
                &self,
                context: &mut Context<'_>,
                buffer: &mut Vec<u8>,
            ) -> Poll<io::Result<()>> {
                loop {
                    let more = |fd: &OwnedFd| read_more(fd, buffer);
                    match self.io.poll_with(Direction::Read, context, more) {
                        Poll::Ready(Ok(0)) => return Poll::Ready(Ok(())),
                        Poll::Ready(Ok(_)) => {}
                        Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                        Poll::Pending => return Poll::Pending,
                    }
                }
            }
        }

        impl AsyncRead for $name {
            fn poll_read(
                self: Pin<&mut Self>,
                context: &mut Context<'_>,
                buffer: &mut [u8],
            ) -> Poll<io::Result<usize>> {
                $name::poll_read(&self, context, buffer)
            }
        }

        impl AsFd for $name {
            fn as_fd(&self) -> BorrowedFd<'_> {
                self.io.as_fd()
            }
        }

        impl AsRawFd for $name {
            fn as_raw_fd(&self) -> RawFd {
                self.io.as_raw_fd()
            }
        }

        impl From<$name> for OwnedFd {
            /// The descriptor, deregistered, and still non-blocking.
            fn from(pipe: $name) -> OwnedFd {
                pipe.io.into_inner()
            }
        }

        /// For another child, which reads what this one writes: deregistered, and blocking again.
        impl TryFrom<$name> for Stdio {
            type Error = io::Error;

            fn try_from(pipe: $name) -> io::Result<Stdio> {
                blocking(pipe.io)
            }
        }
    };
}

reading_end!(ChildStdout, "output");
reading_end!(ChildStderr, "error");

/// For another child, which writes to this one: deregistered, and blocking again.
impl TryFrom<ChildStdin> for Stdio {
    type Error = io::Error;

    fn try_from(mut pipe: ChildStdin) -> io::Result<Stdio> {
        pipe.io()?;
        pipe.io.take().map_or_else(|| Ok(Stdio::null()), blocking)
    }
}

fn blocking(io: Io<OwnedFd>) -> io::Result<Stdio> {
    let fd = io.into_inner();
    rustix::io::ioctl_fionbio(&fd, false)?;
    Ok(fd.into())
}
