//! A thread of a pool, from its start to its end.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;

use corio_base::quiet::drop_quietly;

use crate::config::Hook;
use crate::current::{self, Counted};
use crate::handoff::{Role, Seat};
use crate::pool::{Shared, TARGET};
use crate::shutdown;
use crate::traced;

/// Starts a thread, which the hand-off has asked for.
pub(crate) fn start(shared: &Arc<Shared>, role: Role) -> io::Result<()> {
    // Relaxed: numbers only have to differ.
    let number = shared.started.fetch_add(1, Ordering::Relaxed) + 1;
    let mut thread = thread::Builder::new().name(format!("{}-{number}", shared.config.thread_name));
    if let Some(bytes) = shared.config.stack_size {
        thread = thread.stack_size(bytes);
    }
    let shared = shared.clone();
    // The handle is not kept: the hand-off counts who is present.
    thread.spawn(move || run(&shared, role)).map(drop)
}

fn run(shared: &Arc<Shared>, role: Role) {
    let leave = Leave(shared);
    let at = shared.seats.add();
    let _on_pool = current::enter_seat(Counted::Pool(Arc::downgrade(shared)), at.clone());
    call(shared.config.on_start.as_ref(), "start");
    let mut seat = Seat::new(role);
    let take = |seat: &mut Seat| shared.handoff.take(seat, || shared.seats.room(), || at.rest());
    while let Some((task, next)) = take(&mut seat) {
        shared.follow(next);
        at.begin(task.task());
        if shared.handoff.is_closed() {
            shutdown::ask(&task.task());
        }
        if corio_trace::enabled() {
            traced::run(task);
        } else {
            task.run();
        }
        at.end();
        shared.done();
    }
    shared.seats.remove(&at);
    call(shared.config.on_stop.as_ref(), "stop");
    drop(leave);
}

/// Tells the hand-off that the thread is gone, whichever way it goes.
struct Leave<'a>(&'a Shared);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.0.leave();
    }
}

/// Calls a hook, and survives its panic: the panic hook has told of it, this says whose it was.
fn call(hook: Option<&Hook>, which: &str) {
    let Some(hook) = hook else { return };
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| hook())) {
        drop_quietly(payload);
        corio_trace::report_error(
            TARGET,
            format_args!("the `on_thread_{which}` of a blocking pool panicked; the thread goes on"),
        );
    }
}
