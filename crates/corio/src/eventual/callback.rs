//! A callback as a waker: to wake it is to put it into the queue of its loop.

use std::panic::Location;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Wake, Waker};

use corio_executor::Spawn;
use corio_task::Context;

use crate::handle::{Handle, no_runtime};

use super::Eventual;
use super::shared::{Shared, WaiterId};

/// Which callback, for [`Eventual::remove_done_callback`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallbackId(pub(super) Option<WaiterId>);

struct Callback<T, E, F> {
    home: Handle,
    context: Context,
    place: &'static Location<'static>,
    /// Weak, because the callback is kept in there.
    shared: Weak<Shared<T, E>>,
    /// Taken by the one who wakes it; in a lock only to be `Sync`.
    run: Mutex<Option<F>>,
}

/// The waker that calls `run` soon, on this thread's loop.
pub(super) fn waker<T, E, F>(
    place: &'static Location<'static>,
    shared: &Arc<Shared<T, E>>,
    run: F,
) -> Waker
where
    T: Send + Sync + 'static,
    E: Send + Sync + 'static,
    F: FnOnce(Eventual<T, E>) + Send + 'static,
{
    let Some(home) = Handle::try_current() else {
        no_runtime("Eventual::add_done_callback", place)
    };
    let shared = Arc::downgrade(shared);
    let context = Context::copy();
    Waker::from(Arc::new(Callback { home, context, place, shared, run: Mutex::new(Some(run)) }))
}

impl<T, E, F> Wake for Callback<T, E, F>
where
    T: Send + Sync + 'static,
    E: Send + Sync + 'static,
    F: FnOnce(Eventual<T, E>) + Send + 'static,
{
    fn wake(self: Arc<Self>) {
        let run = self.run.lock().unwrap_or_else(PoisonError::into_inner).take();
        // Whoever completes it has it, so it is there.
        if let (Some(run), Some(shared)) = (run, self.shared.upgrade()) {
            let spawn = Spawn::from(self.place).context(self.context.clone());
            self.home.call(spawn, move || run(Eventual::of(shared)));
        }
    }
}
