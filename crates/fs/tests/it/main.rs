//! Files, folders and standard streams, on real files in the system's folder for temporary ones.

mod cancelling;
mod file;
mod lost;
mod paths;
mod stdio;
mod util;
