//! A live view of a corio program from outside: every task, what it waits for and on whom.
//!
//! | module | what it is |
//! |---|---|
//! | [`report`] | what a program tells of itself, as a value |
//! | [`collect`](collect()) | makes one, of the book of [`corio_trace`] |
//! | [`tree`] | a report as trees, for `corio pstree` |
//! | [`table`] | a report as a table, for `corio ps` |
//! | [`serve()`] | answers whoever asks, from a thread and loop of its own |
//! | [`client`] | asks another process |
//! | [`door`] | where a process is found |

#![forbid(unsafe_code)]

pub mod client;

mod collect;

pub mod door;

mod http;

mod page;

pub mod report;

mod server;

pub mod table;

pub mod tree;

pub use collect::collect;
pub use report::Report;
pub use server::{Inspector, Options, VARIABLE, serve, serve_from_env, serve_with};
