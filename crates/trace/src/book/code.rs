//! The sorts of records and how a slot's `code` says which: the sort in the lowest byte, its kind in the
//! next, flags above them.

use std::fmt;

use crate::wait::WaitKind;

pub(crate) const TASK: u32 = 1;
pub(crate) const FRAME: u32 = 2;
pub(crate) const LEAF: u32 = 3;
pub(crate) const HELD: u32 = 4;

/// Of a task: it was there before the switch was turned, so what it waited for then is not known.
pub(crate) const LATE: u32 = 1 << 16;

/// Of a held thing: its guard may have been moved to another task.
pub(crate) const MOVABLE: u32 = 1 << 17;

/// Of a wait: it was left by something without a token, and stands only until its task is polled again.
pub(crate) const LOOSE: u32 = 1 << 18;

#[inline]
pub(crate) const fn pack(sort: u32, kind: u8) -> u32 {
    sort | (kind as u32) << 8
}

pub(crate) const fn sort(code: u32) -> u32 {
    code & 0xff
}

pub(crate) const fn kind(code: u32) -> u8 {
    (code >> 8) as u8
}

/// What encloses waits within a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum FrameKind {
    /// A function that was marked as a coroutine.
    Coroutine,
    /// A stretch of code that was given a name.
    Scope,
    /// A catch point of cancellation.
    Catch,
    /// A stretch that waits out a cancellation.
    Mask,
    /// A limit in time.
    Timeout,
    /// A group of tasks and its body.
    Group,
    /// Several futures, each of which is awaited.
    Join,
    /// Several futures, one of which is awaited.
    Select,
}

impl FrameKind {
    pub(crate) const ALL: &[FrameKind] = &[
        FrameKind::Coroutine,
        FrameKind::Scope,
        FrameKind::Catch,
        FrameKind::Mask,
        FrameKind::Timeout,
        FrameKind::Group,
        FrameKind::Join,
        FrameKind::Select,
    ];

    pub(crate) fn of(code: u32) -> Option<FrameKind> {
        Self::ALL.get(usize::from(kind(code))).copied()
    }
}

impl fmt::Display for FrameKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            FrameKind::Coroutine => "coroutine",
            FrameKind::Scope => "scope",
            FrameKind::Catch => "catch",
            FrameKind::Mask => "mask",
            FrameKind::Timeout => "timeout",
            FrameKind::Group => "group",
            FrameKind::Join => "join",
            FrameKind::Select => "select",
        })
    }
}

/// What kind of wait a leaf's or a held thing's code names.
pub(crate) fn wait_kind(code: u32) -> Option<WaitKind> {
    WaitKind::ALL.get(usize::from(kind(code))).copied()
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_found_again() {
        for &frame in FrameKind::ALL {
            assert_eq!(FrameKind::of(pack(FRAME, frame as u8)), Some(frame));
        }
        for &wait in WaitKind::ALL {
            let code = pack(LEAF, wait as u8);
            assert_eq!((sort(code), wait_kind(code)), (LEAF, Some(wait)));
        }
        assert_eq!(FrameKind::of(pack(FRAME, 250)), None);
    }
}
