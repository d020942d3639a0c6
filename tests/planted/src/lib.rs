//! Bugs planted in small programs, each of which corio must name, and their corrected twins, of which it
//! must say nothing.
//!
//! The crate exists for its tests (`tests/it`) and for the programs of `docs/debugging.md`, which are
//! compiled and run with them, and whose output is compared with what the page says. Here is only what the
//! two share: a logger that keeps what it is told.

#![forbid(unsafe_code)]

mod page;
mod told;

pub use page::{PAGE, Program, blocks};
pub use told::{Line, PANIC, lines, listen};

#[cfg(doctest)]
#[doc = include_str!("../../../docs/debugging.md")]
struct DebuggingPage;
