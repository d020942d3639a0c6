//! The reactor this thread registers with.
//!
//! A loop installs its reactor's handle for its thread while it runs. Without one there is a reactor
//! for the whole process, made the first time somebody asks and driven by `corio-base`'s fallback
//! thread: so descriptors work inside tokio, smol, or a plain thread.

use std::io;
use std::sync::{Mutex, PoisonError};

use corio_base::ambient::{self, Installed, LoopId, Table};
use corio_base::fallback;

use crate::reactor::{Reactor, ReactorHandle};

std::thread_local! {
    static REACTORS: Table<ReactorHandle> = const { Table::new() };
}

/// Gives the loop `id` its reactor, until [`remove`] is called on the same thread.
pub fn put(id: LoopId, handle: ReactorHandle) {
    REACTORS.with(|table| table.put(id, handle));
}

/// Takes the reactor of the loop `id` away again.
pub fn remove(id: LoopId) {
    let handle = REACTORS.try_with(|table| table.take(id));
    drop(handle);
}

/// Makes `handle` the reactor of this thread until the guard is dropped, for a thread that parks in
/// it by hand. Guards end in reverse order.
///
/// ```
/// use corio_reactor::{Reactor, current};
///
/// let reactor = Reactor::new()?;
/// let installed = current::install(reactor.handle());
/// assert!(current::handle()?.is_same(&reactor.handle()));
/// drop(installed);
/// assert!(current::try_handle().is_none());
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn install(handle: ReactorHandle) -> InstallGuard {
    ambient::install(&REACTORS, handle)
}

/// The reactor of the loop that is active on this thread, if any.
pub fn try_handle() -> Option<ReactorHandle> {
    REACTORS.try_with(Table::active).ok().flatten()
}

/// That reactor, or else the process's own.
///
/// # Errors
/// As [`Reactor::new`], where the process's own has to be made first.
pub fn handle() -> io::Result<ReactorHandle> {
    match try_handle() {
        Some(handle) => Ok(handle),
        None => process_handle(),
    }
}

/// The process's own, which the fallback thread drives: for what outlives every loop.
///
/// # Errors
/// As [`Reactor::new`], where it has to be made first.
pub fn process_handle() -> io::Result<ReactorHandle> {
    static FALLBACK: Mutex<Option<ReactorHandle>> = Mutex::new(None);
    let mut slot = FALLBACK.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(handle) = &*slot {
        return Ok(handle.clone());
    }
    let reactor = Reactor::new()?;
    let handle = slot.insert(reactor.handle()).clone();
    fallback::park_in(Box::new(reactor));
    Ok(handle)
}

/// While it lives, the thread that made it has a reactor of its own.
pub type InstallGuard = Installed<ReactorHandle>;
