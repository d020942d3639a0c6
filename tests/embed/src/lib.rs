//! corio's layers inside other people's runtimes.
//!
//! The crate exists for its tests (`tests/it`) and its two examples, which are run by the tests too.
//! It stands apart so that no other crate's build, loom's above all, ever meets a foreign runtime.
//! Here is only what the tests share: hosts to run inside of, and a watchdog.

#![forbid(unsafe_code)]

mod host;
mod watchdog;

pub use host::{Host, Smol, Spawned, TokioCurrent, TokioMulti};
pub use watchdog::bounded;

// The examples of docs/embedding.md are compiled and run with this crate's tests.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/embedding.md")]
struct EmbeddingPage;
