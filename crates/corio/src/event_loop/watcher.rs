//! Callbacks for descriptors: asyncio's readers and writers.
//!
//! ```text
//!             ┌──────────────────── 1 look: ready ─────────────────┐
//!             │                                                    ▼
//!   add ──▶ look ──pending──▶ a waker waits ──2 look, woken──▶ in the queue ──3 called──▶ look
//!                                   └──────4 remove: gone, wherever it is──────┘
//! ```
//!
//! They are level-triggered: after each call the system is asked whether the descriptor is still ready,
//! and if so the callback has its turn again, in the next turn.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::panic::Location;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context as TaskContext, Wake, Waker};

use corio_base::ambient::LoopId;
use corio_executor::{Call, Spawn};
use corio_reactor::{Direction, Io, Ready};
use corio_task::Context;

use crate::handle::Handle;

use super::boxed;
use super::data::{self, LoopData};

/// A descriptor's number, and whether it is the writer's side.
type Key = (RawFd, bool);

fn key(fd: RawFd, direction: Direction) -> Key {
    (fd, direction == Direction::Write)
}

/// The readers and writers of a loop.
#[derive(Default)]
pub(super) struct Watchers {
    all: RefCell<BTreeMap<Key, Rc<Watcher>>>,
}

impl Watchers {
    /// Takes all of them back.
    pub(super) fn clear(&self) {
        let all = self.all.take();
        all.into_values().for_each(|watcher| watcher.end());
    }
}

struct Watcher {
    key: Key,
    direction: Direction,
    io: Io<OwnedFd>,
    callback: RefCell<Box<dyn FnMut()>>,
    context: Context,
    place: &'static Location<'static>,
    /// The type of the callback.
    name: &'static str,
    is_removed: Cell<bool>,
    queued: RefCell<Option<Call>>,
}

impl Watcher {
    /// Edge 4.
    fn end(&self) {
        self.is_removed.set(true);
        let queued = self.queued.take();
        if let Some(call) = queued {
            call.cancel();
        }
    }
}

/// Begins to watch.
pub(super) fn add(
    data: &Rc<LoopData>,
    fd: BorrowedFd<'_>,
    direction: Direction,
    place: &'static Location<'static>,
    name: &'static str,
    callback: Box<dyn FnMut()>,
) -> io::Result<()> {
    let own = fd.try_clone_to_owned()?;
    let reactor = data.within(corio_reactor::current::handle)?;
    let key = key(fd.as_raw_fd(), direction);
    let watcher = Rc::new(Watcher {
        key,
        direction,
        io: Io::register(own, &reactor, Ready::EMPTY)?,
        callback: RefCell::new(callback),
        context: Context::copy(),
        place,
        name,
        is_removed: Cell::new(false),
        queued: RefCell::new(None),
    });
    let before = data.watchers.all.borrow_mut().insert(key, watcher.clone());
    if let Some(before) = before {
        before.end();
    }
    look(data, &watcher);
    Ok(())
}

/// Takes a watcher back.
pub(super) fn remove(data: &Rc<LoopData>, fd: RawFd, direction: Direction) -> bool {
    let removed = data.watchers.all.borrow_mut().remove(&key(fd, direction));
    removed.map(|watcher| watcher.end()).is_some()
}

/// Edge 1: whether the descriptor is ready; otherwise its waker will tell.
fn look(data: &Rc<LoopData>, watcher: &Rc<Watcher>) {
    if watcher.is_removed.get() || watcher.queued.borrow().is_some() {
        return;
    }
    let (key, of, home) = (watcher.key, data.core.id(), data.handle());
    let waker = Waker::from(Arc::new(WatchWaker { key, of, home }));
    let mut context = TaskContext::from_waker(&waker);
    // An error is something to be read, or written, too: who tries hears of it.
    if watcher.io.poll_level(watcher.direction, &mut context).is_ready() {
        queue(data, watcher);
    }
}

fn queue(data: &Rc<LoopData>, watcher: &Rc<Watcher>) {
    let mut spawn = Spawn::from(watcher.place);
    if !watcher.context.is_empty() || !Context::copy().is_empty() {
        spawn = spawn.context(watcher.context.clone());
    }
    let (weak, called) = (Rc::downgrade(data), watcher.clone());
    let call = boxed::named(watcher.name, move || {
        drop(called.queued.take());
        // Also when the callback panics: it goes on being a reader.
        let _again = OnDrop(|| {
            if let Some(data) = weak.upgrade() {
                look(&data, &called);
            }
        });
        // Edge 3. It is not called while it runs: its next call is yet to be queued.
        (called.callback.borrow_mut())();
    });
    watcher.queued.replace(Some(data.core.call_with(spawn, call)));
}

struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// Tells a watcher to look again, from whatever thread drives its descriptor.
struct WatchWaker {
    key: Key,
    of: LoopId,
    home: Handle,
}

impl WatchWaker {
    /// Edge 2, if this thread works for the watcher's loop.
    fn look(key: Key, of: LoopId) -> bool {
        let Some(data) = data::active().filter(|data| data.core.id() == of) else { return false };
        let watcher = data.watchers.all.borrow().get(&key).cloned();
        if let Some(watcher) = watcher {
            look(&data, &watcher);
        }
        true
    }
}

impl Wake for WatchWaker {
    fn wake(self: Arc<Self>) {
        let (key, of) = (self.key, self.of);
        if !Self::look(key, of) {
            self.home.call(Location::caller(), move || {
                Self::look(key, of);
            });
        }
    }
}
