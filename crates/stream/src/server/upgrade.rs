//! [`Upgrade`]: what a server does to a connection before its handler or its protocol has it. TLS is one.
//!
//! A peer that fails to do its part is none of the program's errors: only the debug mode hears of it. The
//! streams are made before, and their link is upgraded ([`upgrade_then`]); a protocol is made after
//! ([`upgrade_first`]), so none is made for a peer that never shakes hands.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::io;
use std::panic::Location;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use corio_task::Task;

use super::accept::spawn;
use super::core::{Client, Core, Seat};
use super::{Accepted, Outcome};
use crate::TARGET;
use crate::connection::Connection;
use crate::link::Link;
use crate::reader::StreamReader;
use crate::writer::StreamWriter;

/// An upgrade of a link under way.
pub(crate) type Upgrading<'a> = Pin<Box<dyn Future<Output = io::Result<()>> + 'a>>;
/// An upgrade of a connection under way.
pub(crate) type Securing<'a> = Pin<Box<dyn Future<Output = io::Result<Box<dyn Connection>>> + 'a>>;

/// Puts another connection in the place of one. An implementation MUST leave what it was given aborted or
/// dropped if it fails or is dropped.
pub(crate) trait Upgrade: fmt::Debug + Send + Sync {
    /// In the place of a link's.
    fn upgrade<'a>(&'a self, link: &'a Arc<Link>) -> Upgrading<'a>;

    /// Over `below`, which nobody else has, and which comes from `peer`.
    fn secure(&self, below: Arc<dyn Connection>, peer: String) -> Securing<'_>;
}

/// Upgrades, and then handles.
pub(super) async fn upgrade_then<H, F>(
    upgrade: Arc<dyn Upgrade>,
    link: Arc<Link>,
    handler: Rc<RefCell<H>>,
    (reader, writer): (StreamReader, StreamWriter),
) -> Result<(), String>
where
    H: FnMut(StreamReader, StreamWriter) -> F,
    F: Future<Output: Outcome>,
{
    if let Err(error) = upgrade.upgrade(&link).await {
        // The server has closed its clients: that is no news to it.
        if error.kind() != io::ErrorKind::ConnectionAborted {
            tell_of_refusal(link.place(), &error);
        }
        return Ok(());
    }
    drop(link);
    let handling = (*handler.borrow_mut())(reader, writer);
    handling.await.into_error().map_or(Ok(()), Err)
}

/// Upgrades in a task, which ends with that, and gives `then` what became of the connection, with its entry
/// in the server, which it has had since it came.
pub(crate) fn upgrade_first(
    core: &Arc<Core>,
    accepted: Accepted,
    upgrade: &Arc<dyn Upgrade>,
    then: impl FnOnce(Accepted, Entry) + 'static,
) {
    let place = core.place();
    let entry: Rc<Cell<Option<Entry>>> = Rc::default();
    let (upgrade, mine) = (upgrade.clone(), entry.clone());
    let task = spawn(core, async move {
        let Accepted { connection, peer } = accepted;
        match upgrade.secure(connection.into(), peer.to_string()).await {
            Ok(connection) => {
                if let Some(entry) = mine.take() {
                    then(Accepted { connection, peer }, entry);
                }
            }
            Err(error) => tell_of_refusal(place, &error),
        }
    });
    let early = Early::new(task.task());
    let client: Weak<Early> = Arc::downgrade(&early);
    match core.admit(client) {
        // The task has not begun: it comes in a later turn of this loop.
        Some(seat) => entry.set(Some(Entry { early, seat })),
        // Closed by another thread in this moment.
        None => task.abort(),
    }
}

/// What the task of an upgrade holds, for as long as that takes.
pub(crate) struct Entry {
    /// The server itself holds no client.
    early: Arc<Early>,
    seat: Seat,
}

impl Entry {
    /// Gives the seat to what the connection has become.
    pub(crate) fn pass_to(self, client: &Arc<dyn Client>) -> Seat {
        self.seat.pass_to(Arc::downgrade(client));
        self.early.pass_to(client);
        self.seat
    }
}

/// A connection during its upgrade, as its server has it: whoever closes it ends it, since nobody has said
/// anything on it yet that would have to be sent.
///
/// **The race**: another thread takes it from the server, to close it, and the upgrade is done before it
/// does. What it wants then goes to the client that came after, under one lock with that one's coming.
struct Early {
    task: Task,
    stage: Mutex<Stage>,
}

enum Stage {
    Upgrading,
    /// To be ended.
    Asked,
    Passed(Weak<dyn Client>),
}

impl Early {
    fn new(task: Task) -> Arc<Early> {
        Arc::new(Early { task, stage: Mutex::new(Stage::Upgrading) })
    }

    fn stage(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pass_to(&self, client: &Arc<dyn Client>) {
        let before = std::mem::replace(&mut *self.stage(), Stage::Passed(Arc::downgrade(client)));
        if let Stage::Asked = before {
            client.clone().abort();
        }
    }

    /// Ends it, or says who is to be told instead.
    fn end(&self) -> Option<Arc<dyn Client>> {
        let mut stage = self.stage();
        if let Stage::Passed(client) = &*stage {
            return client.upgrade();
        }
        *stage = Stage::Asked;
        drop(stage);
        self.task.abort();
        None
    }
}

impl Client for Early {
    fn close(self: Arc<Self>) {
        if let Some(client) = self.end() {
            client.close();
        }
    }

    fn abort(self: Arc<Self>) {
        if let Some(client) = self.end() {
            client.abort();
        }
    }
}

#[cold]
fn tell_of_refusal(place: &Location<'_>, error: &io::Error) {
    corio_trace::report_warning(
        TARGET,
        format_args!("a connection to the server at {place} was refused: {error}"),
    );
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use corio_base::park::ThreadPark;
    use corio_executor::Executor;

    use super::*;

    #[derive(Default)]
    struct Count {
        closes: AtomicUsize,
        aborts: AtomicUsize,
    }

    impl Client for Count {
        fn close(self: Arc<Self>) {
            // Relaxed, here and below: one thread.
            self.closes.fetch_add(1, Ordering::Relaxed);
        }

        fn abort(self: Arc<Self>) {
            self.aborts.fetch_add(1, Ordering::Relaxed);
        }
    }

    impl Count {
        fn told(&self) -> (usize, usize) {
            (self.closes.load(Ordering::Relaxed), self.aborts.load(Ordering::Relaxed))
        }
    }

    #[test]
    fn what_is_asked_of_an_upgrade_that_is_just_done_is_asked_of_what_came_after() {
        Executor::new(ThreadPark::new()).block_on(async {
            let core = corio_executor::current().unwrap();
            let early = || Early::new(core.spawn_local(std::future::pending::<()>()).task());
            let count = Arc::new(Count::default());
            let client: Arc<dyn Client> = count.clone();
            // Before.
            let first = early();
            first.clone().close();
            first.pass_to(&client);
            assert_eq!(count.told(), (0, 1));
            // After.
            let second = early();
            second.pass_to(&client);
            assert_eq!(count.told(), (0, 1));
            second.clone().close();
            assert_eq!(count.told(), (1, 1));
            second.clone().abort();
            assert_eq!(count.told(), (1, 2));
            second.task.abort();
        });
    }
}
