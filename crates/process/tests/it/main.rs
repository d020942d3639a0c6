//! Children as a program sees them. They are real: `sh`, `cat`, `sleep`. Nothing waits for longer than a
//! child takes to do what it is told; what should never end is killed.

mod commands;
#[path = "../../../signal/tests/shared/default_actions.rs"]
mod default_actions;
mod drops;
mod ends;
mod groups;
#[path = "../../../trace/tests/shared/kept_log.rs"]
mod kept_log;
mod loops;
mod many;
mod own_process;
#[path = "../../../base/tests/shared/patience.rs"]
mod patience;
mod pipes;
mod races;
mod signals;
#[path = "../../../base/tests/shared/telling.rs"]
mod telling;
mod util;
#[path = "../../../trace/tests/shared/waits.rs"]
mod waits;
#[path = "../../../base/tests/shared/wakes.rs"]
mod wakes;
