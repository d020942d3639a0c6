//! Files, folders and standard streams, on real files in the system's folder for temporary ones.

mod cancelling;
mod file;
#[path = "../../../trace/tests/shared/kept_log.rs"]
mod kept_log;
mod lost;
mod paths;
#[path = "../../../base/tests/shared/patience.rs"]
mod patience;
mod stdio;
mod util;
#[path = "../../../base/tests/shared/wakes.rs"]
mod wakes;
