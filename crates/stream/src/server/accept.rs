//! The tasks that accept: one for each door of a server, on the loop it was started on.
//!
//! What is made of a connection is the caller's: [`serve`] gives each to `admit`, one at a time. A handler
//! that is begun there inherits the context variables of the task that started the server.

use std::cell::RefCell;
use std::future::poll_fn;
use std::panic::Location;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use corio_task::{JoinHandle, Spawn};

use super::core::Core;
use super::listener::Accepted;
use crate::TARGET;

/// How long a door stays shut after a failure that is neither a connection's own nor a lack of
/// descriptors: asyncio's number.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_secs(1);

/// Begins a task on this thread's loop.
pub(super) fn spawn(core: &Core, future: impl Future<Output = ()> + 'static) -> JoinHandle<()> {
    let place = core.place();
    corio_executor::spawn_current(Spawn::from(place), future, |_, _| no_loop(place))
}

#[cold]
fn no_loop(place: &Location<'_>) -> ! {
    panic!(
        "a server at {place} is started outside a loop: call it from a task, or within \
         `Runtime::block_on`"
    )
}

/// Begins a task for each door that gives what comes to `admit`.
pub(crate) fn serve<A>(core: &Arc<Core>, admit: A)
where
    A: FnMut(Accepted, &Arc<Core>) + 'static,
{
    let admit = Rc::new(RefCell::new(admit));
    for door in 0..core.doors() {
        let (accepting, admit) = (core.clone(), admit.clone());
        let task = spawn(core, accept(accepting, door, admit));
        core.add_task(task.task());
    }
}

async fn accept<A>(core: Arc<Core>, door: usize, admit: Rc<RefCell<A>>)
where
    A: FnMut(Accepted, &Arc<Core>),
{
    core.wait_started().await;
    loop {
        match poll_fn(|context| core.poll_accept(door, context)).await {
            None => return,
            Some(Ok(accepted)) => (*admit.borrow_mut())(accepted, &core),
            Some(Err(error)) => {
                corio_trace::report_error(
                    TARGET,
                    format_args!(
                        "the server started at {} cannot accept: {error}; it tries again in \
                         {ACCEPT_RETRY_DELAY:?}",
                        core.place()
                    ),
                );
                corio_timer::sleep(ACCEPT_RETRY_DELAY).await;
            }
        }
    }
}
