//! How debug mode shows a future that is made of several waits: a frame with the program's own line, and
//! the waits below it, whose lines are in this crate.

use std::panic::Location;

use corio_trace::book::{Entered, Frame, FrameKind};

/// The frame of one future.
#[derive(Debug)]
pub(crate) struct Shown {
    frame: Frame,
    name: &'static str,
    place: &'static Location<'static>,
}

impl Shown {
    /// Of a future that the program makes by calling `name`.
    #[track_caller]
    pub(crate) fn new(name: &'static str) -> Shown {
        Shown { frame: Frame::new(), name, place: Location::caller() }
    }

    /// A poll begins; what waits until the guard is dropped is below the frame.
    pub(crate) fn enter(&mut self) -> Entered {
        let (name, place) = (self.name, self.place);
        self.frame.enter(|| (FrameKind::Scope, name, place))
    }
}
