//! Children as a program sees them. They are real: `sh`, `cat`, `sleep`. Nothing waits for longer than a
//! child takes to do what it is told; what should never end is killed.

mod commands;
mod drops;
mod ends;
mod groups;
mod loops;
mod many;
mod own_process;
mod pipes;
mod races;
mod signals;
mod util;
#[path = "../../../trace/tests/shared/waits.rs"]
mod waits;
