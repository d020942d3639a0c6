//! What `join!` and `select!` are in a task's stack.

use std::panic::Location;

use corio_trace::book::{Entered, Frame, FrameKind};

/// The frame of a macro's futures.
#[derive(Debug)]
pub struct Combined {
    frame: Frame,
    kind: FrameKind,
    name: &'static str,
    place: &'static Location<'static>,
}

/// The frame of a `select!`.
#[track_caller]
#[inline]
pub fn of_select() -> Combined {
    let place = Location::caller();
    Combined { frame: Frame::new(), kind: FrameKind::Select, name: "select!", place }
}

/// The frame of a `join!`.
#[track_caller]
#[inline]
pub fn of_join() -> Combined {
    let place = Location::caller();
    Combined { frame: Frame::new(), kind: FrameKind::Join, name: "join!", place }
}

impl Combined {
    /// The futures are polled until the guard is dropped.
    #[inline]
    pub fn enter(&mut self) -> Entered {
        let (kind, name, place) = (self.kind, self.name, self.place);
        self.frame.enter(|| (kind, name, place))
    }
}
