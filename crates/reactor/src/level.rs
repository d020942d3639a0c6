//! Whether a descriptor is ready at this moment, asked of the system each time.
//!
//! The reactor is told of changes, and takes a descriptor for ready until an attempt says `WouldBlock`.
//! Who makes no attempt himself, but calls others for as long as the descriptor is ready (asyncio's
//! `add_reader`), has to ask. It costs a system call each time; everybody else makes the attempt.

use std::io;
use std::os::fd::AsFd;
use std::task::{Context, Poll, ready};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::io::Io;
use crate::owns_fd::OwnsFd;
use crate::ready::Direction;

const AT_ONCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };

impl<T: OwnsFd> Io<T> {
    /// Waits until the descriptor is ready for `direction`, or has nothing more to wait for (its end, an
    /// error). Of one direction, the last waker given to a poll form wins.
    ///
    /// # Errors
    /// If the loop that the descriptor was registered with has ended, and what the system says.
    #[track_caller]
    pub fn poll_level(
        &self,
        direction: Direction,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            match direction {
                Direction::Read => ready!(self.poll_readable(context))?,
                Direction::Write => ready!(self.poll_writable(context))?,
            };
            match self.try_io(direction, |owner| is_ready(owner, direction)) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return Poll::Ready(result),
            }
        }
    }
}

/// `WouldBlock` if it is not.
fn is_ready(owner: &impl AsFd, direction: Direction) -> io::Result<()> {
    let asked = match direction {
        Direction::Read => PollFlags::IN,
        Direction::Write => PollFlags::OUT,
    };
    let mut fds = [PollFd::new(owner, asked)];
    match poll(&mut fds, Some(&AT_ONCE))? {
        0 => Err(io::ErrorKind::WouldBlock.into()),
        _ => Ok(()),
    }
}
