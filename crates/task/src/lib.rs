#![doc = include_str!("../README.md")]
#![deny(unsafe_code)]

mod all;
mod awaiting;
mod callbacks;
mod cell;
mod context;
mod eager;
mod flags;
mod free;
mod guard;
mod header;
mod ledger;
mod local;
mod more;
mod pool;
mod registry;
mod scope;
mod watch;

mod bound;
mod call;
mod waker;

mod home;
mod job;
mod join;
mod mail;
mod root;
mod run_list;
mod runnable;
mod spawn;
mod stack;
mod task;
mod unseen;

pub mod failing;

pub use call::{Call, CallPanic};
pub use callbacks::CallbackId;
#[doc(hidden)]
pub use context::Each;
pub use context::var::{ContextVar, ResetError, Token};
pub use context::{Context, Variable, Variables};
pub use guard::Cancelled;
pub use home::{Home, RemoteHome, Schedule};
pub use join::{JoinError, JoinHandle, TryResult};
pub use mail::Mail;
pub use run_list::RunList;
pub use runnable::{FreeRunnable, Ran, Runnable};
pub use scope::{Catch, Forward, Hold, Mask, Reason, Target, Triggered, Unwinding, catch, mask};
pub use spawn::Spawn;
pub use stack::{StackFrame, StackKind};
pub use task::{Task, TaskInfo, TaskState, current};
pub use unseen::{Fallible, Unseen};

/// Runs user code whose panic is nobody's to catch (a destructor, a foreign waker): the panic hook
/// has told of it, and the loop goes on.
fn quietly(run: impl FnOnce()) {
    if let Err(payload) = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)) {
        // The payload's destructor is user code, too; what it panics with in its turn is let be.
        let dropped = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(payload)));
        std::mem::forget(dropped);
    }
}

/// Too many references to one task: a program that leaks wakers by the million.
#[cold]
fn overflow() -> ! {
    // A panic could be caught, and the count would go on to wrap.
    eprintln!("corio: a task has more references than can be counted; wakers are being leaked");
    std::process::abort()
}
