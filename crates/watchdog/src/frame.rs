//! A stack as it is shown: frames with names and places, and why there is none.
//!
//! Made by `stack`, cut by `trim`, written by `report`.

use std::fmt;

/// One line of a stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    /// The function, or the module and the offset in it where no symbol is known.
    pub(crate) name: String,
    /// File, line and column.
    pub(crate) place: Option<String>,
    /// How many times it stands here, one directly in the other.
    pub(crate) times: usize,
}

impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if let Some(place) = &self.place {
            write!(f, " at {place}")?;
        }
        match self.times {
            1 => Ok(()),
            times => write!(f, " ({times} times)"),
        }
    }
}

/// The stack of a thread, the innermost frame first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stack {
    pub(crate) frames: Vec<Frame>,
    /// Why it does not go on to the thread's beginning, if it does not.
    pub(crate) cut: Option<String>,
}

/// Why there is no stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NoStack {
    /// The poll ended before its stack was taken: there is nothing to tell.
    Over,
    /// This, in words.
    Because(String),
}

impl fmt::Display for NoStack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NoStack::Over => "the poll is over",
            NoStack::Because(reason) => reason,
        })
    }
}
