//! What a descriptor may be ready for.
//!
//! Plain values, used by everybody from the drivers up to the caller of [`Io`](crate::Io). They
//! carry no tick: a [`Ready`] tells, it is no proof that the next operation will not block.

use std::fmt;
use std::ops::{BitOr, BitOrAssign};

/// Which way bytes go. The two are independent: each has its own waiters and its own readiness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the descriptor to us; also accepting connections.
    Read,
    /// From us to the descriptor; also the end of connecting.
    Write,
}

impl Direction {
    #[inline]
    pub(crate) fn index(self) -> usize {
        match self {
            Direction::Read => 0,
            Direction::Write => 1,
        }
    }
}

/// A set of things a descriptor was seen to be ready for.
///
/// ```
/// use corio_reactor::Ready;
/// let ready = Ready::READABLE | Ready::READ_CLOSED;
/// assert!(ready.is_readable() && ready.is_read_closed() && !ready.is_writable());
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Ready(pub(crate) u8);

impl Ready {
    /// Nothing.
    pub const EMPTY: Ready = Ready(0);
    /// Reading will not block, or will say why nothing more can be read.
    pub const READABLE: Ready = Ready(1 << 0);
    /// Writing will not block, or will say why nothing more can be written.
    pub const WRITABLE: Ready = Ready(1 << 1);
    /// The peer will send no more: after the bytes that are here comes the end.
    pub const READ_CLOSED: Ready = Ready(1 << 2);
    /// The peer will take no more.
    pub const WRITE_CLOSED: Ready = Ready(1 << 3);
    /// An error waits to be fetched by the next operation.
    pub const ERROR: Ready = Ready(1 << 4);
    /// Urgent data is here; a read stops at its mark, so a short read does not mean drained.
    pub const PRIORITY: Ready = Ready(1 << 5);

    /// Whether nothing is in the set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether everything in `other` is in this set.
    #[inline]
    pub const fn contains(self, other: Ready) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether a read is worth trying.
    pub const fn is_readable(self) -> bool {
        self.contains(Ready::READABLE)
    }

    /// Whether a write is worth trying.
    pub const fn is_writable(self) -> bool {
        self.contains(Ready::WRITABLE)
    }

    /// Whether the peer was seen to have stopped sending.
    pub const fn is_read_closed(self) -> bool {
        self.contains(Ready::READ_CLOSED)
    }

    /// What the waiters of `direction` wait for.
    #[inline]
    pub(crate) const fn of(direction: Direction) -> Ready {
        match direction {
            Direction::Read => Ready::READABLE,
            Direction::Write => Ready::WRITABLE,
        }
    }
}

impl BitOr for Ready {
    type Output = Ready;

    #[inline]
    fn bitor(self, other: Ready) -> Ready {
        Ready(self.0 | other.0)
    }
}

impl BitOrAssign for Ready {
    #[inline]
    fn bitor_assign(&mut self, other: Ready) {
        self.0 |= other.0;
    }
}

impl fmt::Debug for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: [(Ready, &str); 6] = [
            (Ready::READABLE, "READABLE"),
            (Ready::WRITABLE, "WRITABLE"),
            (Ready::READ_CLOSED, "READ_CLOSED"),
            (Ready::WRITE_CLOSED, "WRITE_CLOSED"),
            (Ready::ERROR, "ERROR"),
            (Ready::PRIORITY, "PRIORITY"),
        ];
        let mut names = NAMES.iter().filter(|(flag, _)| self.contains(*flag)).map(|(_, name)| name);
        f.write_str("Ready(")?;
        if let Some(first) = names.next() {
            f.write_str(first)?;
        }
        for name in names {
            write!(f, " | {name}")?;
        }
        f.write_str(")")
    }
}
