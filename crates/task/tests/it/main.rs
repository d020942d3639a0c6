//! What a task promises, under a home of the tests' own.
//!
//! The modules named after a state machine have one test per numbered edge of its drawing.

mod support;

mod aborts;
#[path = "../../../base/tests/shared/alone.rs"]
mod alone;
mod away;
mod callbacks;
mod calls;
mod context;
#[path = "../../../base/tests/shared/drops.rs"]
mod drops;
mod eager;
mod flags;
mod free;
mod fuzz;
mod homes;
mod info;
mod jobs;
mod joins;
mod ledger;
mod outputs;
mod panics;
mod recorded;
mod root;
mod scopes;
mod scopes_budget;
mod scopes_guards;
mod scopes_holds;
mod scopes_hostile;
mod scopes_lost;
mod scopes_many;
mod scopes_moved;
mod unseen;
mod wakers;
#[path = "../../../base/tests/shared/wakes.rs"]
mod wakes;
