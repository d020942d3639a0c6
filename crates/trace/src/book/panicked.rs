//! Where a panic went through: the frames around it, noted while the thread unwinds.
//!
//! A panic drops the frames it passes, and with them their records. So the innermost frame that is left by
//! unwinding writes down the chain above it, which still stands; whoever catches the panic takes that.

use std::cell::{Cell, RefCell};
use std::panic::Location;

use crate::book::code::{self, FrameKind};
use crate::book::{Link, arena, here};

/// Deeper than programs nest.
const DEPTH_MAX: usize = 64;

std::thread_local! {
    /// A chain was noted that nobody may have taken: so that polls need not look. The thread's own, for
    /// others poll while this one unwinds.
    static NOTED: Cell<bool> = const { Cell::new(false) };
    static CHAIN: RefCell<Vec<PanickedFrame>> = const { RefCell::new(Vec::new()) };
}

/// A frame that a panic went through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PanickedFrame {
    /// Of what kind it was.
    pub kind: FrameKind,
    /// What it was called.
    pub name: &'static str,
    /// Where it was made.
    pub place: &'static Location<'static>,
    /// What others named it by; 0 for none.
    pub object: u64,
}

/// The thread unwinds out of the innermost frame; further out, what is noted stays.
#[cold]
pub(crate) fn note() {
    // A thread that is being torn down tells nobody.
    let _ = CHAIN.try_with(|chain| {
        if let Ok(mut chain) = chain.try_borrow_mut()
            && chain.is_empty()
        {
            read_chain(here::here().under, &mut chain);
            let _ = NOTED.try_with(|noted| noted.set(true));
        }
    });
}

/// The frames above `link`, the outermost first.
fn read_chain(mut link: Link, chain: &mut Vec<PanickedFrame>) {
    while chain.len() < DEPTH_MAX
        && let Some(content) = arena::slot(link.number()).and_then(|slot| slot.read())
        && Link::new(link.number(), content.use_number) == link
        && code::sort(content.code) == code::FRAME
        && let (Some(kind), Some(place)) = (FrameKind::of(content.code), content.place)
    {
        chain.push(PanickedFrame { kind, name: content.name, place, object: content.object });
        link = Link(content.parent);
    }
    chain.reverse();
}

/// Nothing is noted from here on of panics that were caught further in; for the beginning of a poll.
#[inline]
pub fn forget_panicked() {
    if NOTED.try_with(Cell::get).unwrap_or(false) {
        forget();
    }
}

#[cold]
fn forget() {
    let _ = CHAIN.try_with(|chain| {
        if let Ok(mut chain) = chain.try_borrow_mut() {
            chain.clear();
        }
    });
    let _ = NOTED.try_with(|noted| noted.set(false));
}

/// The frames that the panic which was just caught went through, the outermost first; empty where it met
/// none, or the switch was off.
pub fn take_panicked() -> Vec<PanickedFrame> {
    CHAIN
        .try_with(|chain| {
            chain.try_borrow_mut().map(|mut c| std::mem::take(&mut *c)).unwrap_or_default()
        })
        .unwrap_or_default()
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;
    use crate::book::Frame;

    #[test]
    fn the_chain_is_that_of_the_innermost_frame() {
        crate::set_enabled(true);
        let place = Location::caller();
        let (mut outer, mut inner) = (Frame::new(), Frame::new());
        let caught = catch_unwind(AssertUnwindSafe(|| {
            let _outer = outer.enter(|| (FrameKind::Timeout, "timeout", place));
            let _inner = inner.enter(|| (FrameKind::Scope, "here", place));
            std::panic::resume_unwind(Box::new(()));
        }));
        assert!(caught.is_err());
        let names: Vec<_> = take_panicked().into_iter().map(|frame| frame.name).collect();
        assert_eq!(names, ["timeout", "here"]);
        assert!(take_panicked().is_empty());
    }

    /// When it is dropped, another thread begins a poll.
    struct OthersPoll;

    impl Drop for OthersPoll {
        fn drop(&mut self) {
            std::thread::spawn(forget_panicked).join().unwrap();
        }
    }

    #[test]
    fn polls_of_other_threads_leave_it_alone() {
        crate::set_enabled(true);
        let place = Location::caller();
        let (mut outer, mut inner) = (Frame::new(), Frame::new());
        let caught = catch_unwind(AssertUnwindSafe(|| {
            let _outer = outer.enter(|| (FrameKind::Timeout, "timeout", place));
            let _others = OthersPoll;
            let _inner = inner.enter(|| (FrameKind::Scope, "here", place));
            std::panic::resume_unwind(Box::new(()));
        }));
        assert!(caught.is_err());
        let names: Vec<_> = take_panicked().into_iter().map(|frame| frame.name).collect();
        assert_eq!(names, ["timeout", "here"]);
    }
}
