//! The reactor this thread registers with.
//!
//! A loop installs its reactor's handle for its thread while it runs. Without one there is a reactor
//! for the whole process, made the first time somebody asks and driven by `corio-base`'s fallback
//! thread: so descriptors work inside tokio, smol, or a plain thread.

use std::cell::RefCell;
use std::io;
use std::marker::PhantomData;
use std::sync::{Mutex, PoisonError};

use corio_base::fallback;

use crate::reactor::{Reactor, ReactorHandle};

std::thread_local! {
    static INSTALLED: RefCell<Option<ReactorHandle>> = const { RefCell::new(None) };
}

/// Makes `handle` the reactor of this thread until the guard is dropped. Guards end in reverse order.
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
    let before = INSTALLED.with(|slot| slot.replace(Some(handle)));
    InstallGuard { before, _not_send: PhantomData }
}

/// The reactor installed on this thread, if any.
pub fn try_handle() -> Option<ReactorHandle> {
    INSTALLED.with(|slot| slot.borrow().clone())
}

/// The reactor installed on this thread, or else the process's own.
///
/// # Errors
/// As [`Reactor::new`], where the process's own has to be made first.
pub fn handle() -> io::Result<ReactorHandle> {
    match try_handle() {
        Some(handle) => Ok(handle),
        None => fallback_handle(),
    }
}

/// The reactor that the fallback thread drives.
fn fallback_handle() -> io::Result<ReactorHandle> {
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
#[derive(Debug)]
#[must_use = "the reactor is taken off the thread again when the guard is dropped"]
pub struct InstallGuard {
    before: Option<ReactorHandle>,
    _not_send: PhantomData<*const ()>,
}

impl Drop for InstallGuard {
    fn drop(&mut self) {
        let before = self.before.take();
        let ended = INSTALLED.with(|slot| slot.replace(before));
        drop(ended);
    }
}
