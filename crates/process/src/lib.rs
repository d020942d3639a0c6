//! Child processes as futures, usable in any executor.
//!
//! ```
//! use corio_process::{Command, Stdio};
//!
//! # fn main() -> std::io::Result<()> {
//! # corio_base::park::block_on(async {
//! let mut child = Command::new("sort").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
//! let output = child.communicate(b"pear\napple\n").await?;
//! assert!(output.status.success());
//! assert_eq!(output.stdout, b"apple\npear\n");
//! # Ok(())
//! # })
//! # }
//! ```
//!
//! What a program can count on:
//! - **No zombie.** A child is reaped as soon as it has ended, whether or not anybody waits, whether its
//!   loop runs, is blocked, or has ended.
//! - **No stranger is signalled.** A signal goes to the child or to nobody, also at the moment at which it
//!   ends and its number is given to another process.
//! - **Waiting is only waiting.** A cancelled [`Child::wait`] kills nobody and can be begun again; it is
//!   ready when the child has ended, whoever still holds its pipes.
//! - **Only particular children are waited for.** Children that other code starts are left to it.
//!
//! Inside a corio loop a child's pipes belong to that loop's reactor; elsewhere, in tokio, in smol or on a
//! plain thread, to the one of `corio-base`'s fallback thread. That thread hears of every child's end.
//!
//! | module | what it is | unsafe |
//! |---|---|---|
//! | `command` | [`Command`]: what is to be started, and asyncio's names for it | |
//! | `pre_exec` | what runs between `fork` and `exec` | yes |
//! | `spawn` | starting: everything or nothing | |
//! | `child`, `handle` | [`Child`] and [`ChildHandle`]: waiting and signalling | |
//! | `pipes` | our ends of its pipes | |
//! | `communicate` | writing and reading at the same time | |
//! | `wait`, `waiters` | who waits for its end | |
//! | `exit` | its state, and the lock under which it is reaped and signalled | |
//! | `watch` | who hears of its end and reaps it | |
//! | `sweep` | the last resort, without a descriptor | |
//! | `sys` | what differs between systems | pidfd, kqueue |
//! | `real_time` | signals without names | yes |
//! | `error` | what goes wrong, in words | |
//!
//! # When not to use it
//! To replace this process by a program: [`std::os::unix::process::CommandExt::exec`]. To fork without a
//! program: nothing of corio works in a copy of a process with threads.

#![deny(unsafe_code)]

mod command;
mod pre_exec;
mod spawn;

mod child;
mod handle;
mod wait;

mod communicate;
mod pipes;
#[cfg(feature = "tokio-io")]
mod tokio_io;

mod exit;
mod sweep;
mod waiters;
mod watch;

mod real_time;
mod sys;

mod deeds;
mod error;

pub use child::Child;
pub use command::{Command, create_subprocess_exec, create_subprocess_shell, returncode};
pub use error::{SpawnError, StatusLost};
pub use handle::ChildHandle;
pub use pipes::{ChildStderr, ChildStdin, ChildStdout};
pub use wait::Wait;

#[doc(no_inline)]
pub use corio_signal::SignalKind;
#[doc(no_inline)]
pub use std::process::{ExitStatus, Output, Stdio};
