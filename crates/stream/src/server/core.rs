//! [`Core`]: what every server is, whatever it makes of a connection: doors, clients, an end.
//!
//! ```text
//!   Ready ──1 start──▶ Serving ──2 close──▶ Closed ──3 leave: the last client has gone──▶ finished
//!     └───────────2 close───────────────────▲
//! ```
//!
//! A *door* is a listener and the task that accepts from it. Closing drops the listeners on the spot,
//! so the addresses are free when `close` returns, and ends the tasks. A *client* is a connection that
//! has a [`Seat`]; it leaves when the seat is dropped. Called by the server of streams in `server`, and
//! by whoever else accepts connections: a client only has to know how to close and how to abort.

use std::collections::BTreeMap;
use std::io;
use std::panic::Location;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll};

use corio_sync::Event;
use corio_task::Task;

use super::ServeError;
use super::listener::{Accepted, Listener};
use crate::connection::Address;

/// A connection as its server has it.
pub(crate) trait Client: Send + Sync {
    /// Ends it after what is unsent.
    fn close(self: Arc<Self>);

    /// Ends it now.
    fn abort(self: Arc<Self>);
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Ready,
    Serving,
    Closed,
}

pub(crate) struct Core {
    state: Mutex<State>,
    /// It serves, or is closed.
    started: Event,
    /// It is closed.
    closed: Event,
    /// It is closed, and no client is left.
    finished: Event,
    backlog: u32,
    place: &'static Location<'static>,
}

struct State {
    stage: Stage,
    doors: Vec<Arc<dyn Listener>>,
    /// The tasks that accept.
    tasks: Vec<Task>,
    clients: BTreeMap<u64, Weak<dyn Client>>,
    next_client: u64,
    is_awaited: bool,
}

impl Core {
    pub(crate) fn new(
        doors: Vec<Arc<dyn Listener>>,
        backlog: u32,
        place: &'static Location<'static>,
    ) -> Arc<Core> {
        Arc::new(Core {
            state: Mutex::new(State {
                stage: Stage::Ready,
                doors,
                tasks: Vec::new(),
                clients: BTreeMap::new(),
                next_client: 0,
                is_awaited: false,
            }),
            started: Event::new(),
            closed: Event::new(),
            finished: Event::new(),
            backlog,
            place,
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn place(&self) -> &'static Location<'static> {
        self.place
    }

    pub(crate) fn stage(&self) -> Stage {
        self.lock().stage
    }

    pub(crate) fn clients(&self) -> usize {
        self.lock().clients.len()
    }

    pub(crate) fn doors(&self) -> usize {
        self.lock().doors.len()
    }

    /// Where it listens; nowhere, once it is closed.
    pub(crate) fn addresses(&self) -> Vec<Address> {
        let doors = self.lock().doors.clone();
        doors.iter().filter_map(|door| door.local_addr().ok()).collect()
    }

    /// Keeps a task that accepts, to be ended by [`Core::close`].
    pub(crate) fn add_task(&self, task: Task) {
        let mut state = self.lock();
        let late = if state.stage == Stage::Closed {
            Some(task)
        } else {
            state.tasks.push(task);
            None
        };
        drop(state);
        if let Some(task) = late {
            task.abort();
        }
    }

    /// Edge 1: lets connections come.
    pub(crate) fn start(&self) -> Result<(), ServeError> {
        let doors = {
            let state = self.lock();
            match state.stage {
                Stage::Ready => state.doors.clone(),
                Stage::Serving => return Ok(()),
                Stage::Closed => return Err(ServeError::Closed { place: self.place }),
            }
        };
        for door in &doors {
            door.listen(self.backlog).map_err(ServeError::Io)?;
        }
        let mut state = self.lock();
        if state.stage == Stage::Ready {
            state.stage = Stage::Serving;
        }
        drop(state);
        self.started.set();
        Ok(())
    }

    pub(crate) async fn wait_started(&self) {
        self.started.wait().await;
    }

    pub(crate) async fn wait_ended(&self) {
        self.closed.wait().await;
    }

    /// Waits until it is closed and every client has gone.
    pub(crate) async fn wait_finished(&self) {
        self.finished.wait().await;
    }

    /// Accepts at one door. `None`: it is closed. The listener is held for the length of the call only,
    /// so that `close` ends it on the spot.
    pub(crate) fn poll_accept(
        &self,
        door: usize,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Accepted>>> {
        let listener = self.lock().doors.get(door).cloned();
        match listener {
            Some(listener) => listener.poll_accept(context).map(Some),
            None => Poll::Ready(None),
        }
    }

    /// Edge 2: nobody is let in any more.
    pub(crate) fn close(&self) {
        let (doors, tasks, is_empty) = {
            let mut state = self.lock();
            if state.stage == Stage::Closed {
                return;
            }
            state.stage = Stage::Closed;
            let doors = std::mem::take(&mut state.doors);
            (doors, std::mem::take(&mut state.tasks), state.clients.is_empty())
        };
        drop(doors);
        for task in tasks {
            task.abort();
        }
        self.started.set();
        self.closed.set();
        if is_empty {
            self.finished.set();
        }
    }

    /// A seat for a client; none once the server is closed.
    pub(crate) fn admit(self: &Arc<Self>, client: Weak<dyn Client>) -> Option<Seat> {
        let mut state = self.lock();
        if state.stage == Stage::Closed {
            return None;
        }
        let number = state.next_client;
        state.next_client += 1;
        state.clients.insert(number, client);
        Some(Seat { core: self.clone(), number })
    }

    /// Edge 3, if it was the last.
    fn leave(&self, number: u64) {
        let (client, was_last) = {
            let mut state = self.lock();
            let client = state.clients.remove(&number);
            (client, state.stage == Stage::Closed && state.clients.is_empty())
        };
        drop(client);
        if was_last {
            self.finished.set();
        }
    }

    /// The clients there are, the oldest first.
    pub(crate) fn each_client(&self, then: impl Fn(Arc<dyn Client>)) {
        let clients: Vec<_> = self.lock().clients.values().filter_map(Weak::upgrade).collect();
        clients.into_iter().for_each(then);
    }

    /// Only one waits in `serve_forever`.
    pub(crate) fn begin_forever(&self) -> Result<Forever<'_>, ServeError> {
        let mut state = self.lock();
        if state.stage == Stage::Closed {
            return Err(ServeError::Closed { place: self.place });
        }
        if state.is_awaited {
            return Err(ServeError::AlreadyAwaited { place: self.place });
        }
        state.is_awaited = true;
        Ok(Forever(self))
    }
}

/// While it lives, somebody waits in `serve_forever`; dropping it closes the server.
pub(crate) struct Forever<'a>(&'a Core);

impl Drop for Forever<'_> {
    fn drop(&mut self) {
        self.0.lock().is_awaited = false;
        self.0.close();
    }
}

/// A client's place in its server; dropping it leaves.
pub(crate) struct Seat {
    core: Arc<Core>,
    number: u64,
}

impl Seat {
    /// Gives the place to another client: the same connection, further on.
    pub(crate) fn pass_to(&self, client: Weak<dyn Client>) {
        let before = self.core.lock().clients.insert(self.number, client);
        drop(before);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.core.leave(self.number);
    }
}

impl std::fmt::Debug for Seat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Seat({})", self.number)
    }
}
