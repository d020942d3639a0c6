//! Task groups: children that a piece of code starts, and does not leave before they have ended.
//!
//! ```text
//!   TaskGroup::scope ──▶ ScopeRun ─┬─ body, in a target of its own ──spawn──▶ children (tasks)
//!                           ▲      └─ hold: unwinding around waits                 │
//!                           └──────── woken: the last one has ended, or ◀──report──┘
//!                                     one failed; all others are cancelled then
//! ```
//!
//! | module | what it is |
//! |---|---|
//! | `shared` | the children that are alive, the errors so far, the request to unwind |
//! | `child` | a child's future: reports its end, in constant time and without a waker |
//! | `run` | the scope: body, wait, end |
//! | `error` | what went wrong, together |
//! | `start` | a child that says when it is ready |
//! | `results` | children of one type, whose values come as they end |

mod child;
mod error;
mod handle;
mod results;
mod run;
mod shared;
mod sort;
mod start;

pub use error::{ChildError, GroupError};
pub use handle::{GroupResult, TaskGroup};
pub use results::Results;
pub use run::ScopeRun;
pub use sort::{Fallible, Plain, Sort};
pub use start::{NotStarted, Start, Started};
