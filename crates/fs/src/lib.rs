//! Files, folders and the standard streams as futures, over a thread pool, usable in any executor.
//!
//! ```
//! # fn main() -> std::io::Result<()> {
//! # let folder = std::env::temp_dir().join(format!("corio-doc-fs-{}", std::process::id()));
//! # corio_base::park::block_on(async {
//! corio_fs::create_dir_all(&folder).await?;
//! let file = corio_fs::File::create(folder.join("log")).await?;
//! file.write_all(b"begun\n").await?;
//! file.close().await?; // and every byte is written, or this is an error
//!
//! assert_eq!(corio_fs::read(folder.join("log")).await?, b"begun\n");
//! # corio_fs::remove_dir_all(&folder).await
//! # })
//! # }
//! ```
//!
//! The system says of every file that it is ready, and then takes its time; so its calls are made by threads
//! of [`corio_blocking`]'s pool: in a corio loop by that of its runtime, elsewhere by one of the process.
//!
//! **Errors** name the operation and the path, and keep the system's kind: [`PathError`].
//!
//! **Nothing that was written is lost** at `close` or at a drop without an error: [`File`] says how.
//!
//! **What it costs** beside tokio's and smol's files: `cargo xtask bench --row file_write --row file_read`
//! measures it on your machine.
//!
//! **Not for** sockets and pipes, which can be watched: those are `corio-net`'s. Nor for one byte a call
//! at random places: `read_at` is a trip to another thread, some 10 µs; so do what belongs together in one
//! `spawn_blocking`.
//!
//! | module | what it is |
//! |---|---|
//! | `file` | [`File`] |
//! | `options` | [`OpenOptions`] |
//! | `paths` | the functions by path |
//! | `read_dir` | [`read_dir`]: what is in a folder |
//! | `stdio` | [`stdin`], [`stdout`], [`stderr`] |
//! | `engine` | bytes between a program and the pool: who is at a file, what waits to be written; the traits |
//! | `operation` | [`Operation`](future::Operation): one trip to the pool |
//! | `error` | [`PathError`] |
#![forbid(unsafe_code)]

mod file;
mod options;

mod paths;
mod read_dir;

mod stdio;

mod engine;
mod error;
mod operation;

mod deeds;

pub use error::PathError;
pub use file::File;
pub use options::OpenOptions;
pub use paths::{
    append, canonicalize, copy, create_dir, create_dir_all, hard_link, metadata, read, read_link,
    read_to_string, remove_dir, remove_dir_all, remove_file, rename, set_permissions, symlink,
    symlink_metadata, try_exists, write,
};
pub use read_dir::{DirEntry, ReadDir, read_dir};
pub use stdio::{Stderr, Stdin, Stdout, stderr, stdin, stdout};

#[doc(no_inline)]
pub use std::fs::{FileType, Metadata, Permissions};

/// The futures of this crate, by name, to be kept in a field. All are `Unpin`.
pub mod future {
    pub use crate::operation::Operation;
}
