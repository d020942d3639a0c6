//! A live view of a corio program from outside: every task, what it waits for and on whom.
//!
//! | module | what it is |
//! |---|---|
//! | [`report`] | what a program tells of itself, as a value |
//! | [`collect`](collect()) | makes one, of the book, the figures and the threads of the process |
//! | [`tree`] | a report as trees, for `corio pstree` |
//! | [`table`] | a report as a table, for `corio ps` |
//! | [`serve()`] | answers whoever asks, from a thread and loop of its own |
//! | [`client`] | asks another process |
//! | [`door`] | where a process is found |

#![deny(unsafe_code)]

mod at_exit;

pub mod client;

mod collect;

mod connect;

mod crowd;

pub mod door;

mod http;

mod options;

mod page;

pub mod report;

mod served;

mod server;

pub mod table;

mod text;

mod threads;

pub mod tree;

pub use collect::collect;
pub use options::{Options, VARIABLE};
pub use report::Report;
pub use server::{Inspector, serve, serve_from_env, serve_with};
pub use text::plain;
