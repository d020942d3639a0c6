//! The command `corio` against processes that can be asked, and some that cannot.

mod commands;
mod target;
mod terminal;
mod top;
