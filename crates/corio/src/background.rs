//! A runtime on a thread of its own.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::task::Poll;
use std::thread::JoinHandle;

use corio_base::WakerCell;

use crate::handle::Handle;
use crate::runtime::Runtime;

/// A runtime that runs on a thread of its own until this is dropped.
///
/// Dropping it ends the runtime's tasks where they wait, on that thread, and waits for the thread.
///
/// ```
/// let background = corio::Builder::new().thread_name("worker").start()?;
/// let task = background.handle().spawn(async { 6 * 7 });
/// assert_eq!(background.handle().block_on(task).unwrap(), 42);
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Background {
    end: End,
    thread: Option<JoinHandle<()>>,
}

/// What the starting thread gets of the started one.
pub(crate) struct End {
    handle: Handle,
    stop: Arc<Stop>,
}

#[derive(Default)]
struct Stop {
    requested: AtomicBool,
    waker: WakerCell,
}

/// The body of the thread: tells whether the runtime was built, and runs it until asked to stop.
pub(crate) fn serve(built: io::Result<Runtime>, started: &Sender<io::Result<End>>) {
    let runtime = match built {
        Ok(runtime) => runtime,
        Err(error) => {
            // A starter that is gone has nobody to tell.
            let _ = started.send(Err(error));
            return;
        }
    };
    let stop = Arc::<Stop>::default();
    let end = End { handle: runtime.handle().clone(), stop: stop.clone() };
    if started.send(Ok(end)).is_err() {
        return;
    }
    runtime.block_on(std::future::poll_fn(|context| {
        stop.waker.register(context.waker());
        // Acquire: pairs with the Release in `Background::drop`. After the registration: a stop
        // that comes later finds the waker.
        if stop.requested.load(Ordering::Acquire) { Poll::Ready(()) } else { Poll::Pending }
    }));
}

impl Background {
    pub(crate) fn new(end: End, thread: JoinHandle<()>) -> Self {
        Background { end, thread: Some(thread) }
    }

    /// The runtime's handle.
    pub fn handle(&self) -> &Handle {
        &self.end.handle
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        // Release: pairs with the Acquire in `serve`.
        self.end.stop.requested.store(true, Ordering::Release);
        self.end.stop.waker.wake();
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != std::thread::current().id()
        {
            // A panic there was reported there.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for Background {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Background").field("handle", &self.end.handle).finish_non_exhaustive()
    }
}
