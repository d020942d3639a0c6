//! What a task promises, under a home of the tests' own.
//!
//! The modules named after a state machine have one test per numbered edge of its drawing.

mod support;

mod aborts;
mod away;
mod flags;
mod free;
mod homes;
mod info;
mod joins;
mod ledger;
mod outputs;
mod panics;
mod root;
mod scopes;
mod wakers;
