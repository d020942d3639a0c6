//! The loop of this thread as asyncio's programs see it: callbacks, timers, descriptors, and a loop that is
//! run and stopped by hand.
//!
//! All of it stands on what tasks stand on. A callback is an entry of the ready queue, so callbacks
//! and tasks come in one order, first in, first out; while one runs, no task is the current one, and
//! the context is that in which it was asked for.
//!
//! | module | what it is |
//! |---|---|
//! | `data` | what a loop has for this view, found by the thread's active loop |
//! | `timer` | callbacks at a moment |
//! | `watcher` | callbacks for descriptors |
//! | `signals` | callbacks for signals |
//! | `exceptions` | where the panics of callbacks go |
//! | `runs` | running, stopping, closing by hand |
//! | `threadsafe` | coroutines from other threads, whose results block |

mod boxed;
pub(crate) mod data;
mod exceptions;
mod runs;
mod signals;
mod threadsafe;
mod timer;
mod watcher;

use std::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::panic::Location;
use std::rc::Rc;
use std::time::{Duration, Instant};

use corio_blocking::Pool;
pub use corio_executor::{Call, Factory};
use corio_executor::{JoinHandle, Spawn};
use corio_reactor::Direction;

use crate::eventual::{Eventual, Promise, eventual};
use crate::handle::{Handle, LoopClosed, no_runtime};

use data::LoopData;
pub use exceptions::{ExceptionContext, ExceptionHandler};
pub use runs::{CloseError, RunError};
pub use threadsafe::{ThreadsafeError, ThreadsafeFuture};
pub use timer::TimerHandle;

/// The event loop of this thread, as asyncio's programs know it. Clones are the same loop.
///
/// It stays on its thread, which the compiler sees to; other threads have a [`Handle`] ([`EventLoop::handle`]), with
/// [`Handle::call_soon_threadsafe`] and [`Handle::run_coroutine_threadsafe`].
///
/// ```
/// use corio::EventLoop;
/// use std::time::Duration;
///
/// let runtime = corio::Builder::new().build()?;
/// let event_loop = runtime.event_loop();
/// event_loop.call_soon(|| println!("first"));
/// event_loop.call_later(Duration::from_millis(1), || EventLoop::current().stop());
/// event_loop.run_forever()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct EventLoop {
    data: Rc<LoopData>,
}

impl EventLoop {
    pub(crate) fn of(data: Rc<LoopData>) -> Self {
        EventLoop { data }
    }

    /// The loop that runs on this thread, or whose runtime it has [entered](crate::Runtime::enter).
    ///
    /// # Panics
    /// Where there is none; [`EventLoop::try_current`] does not.
    #[track_caller]
    #[doc(alias = "get_running_loop")]
    pub fn current() -> EventLoop {
        match EventLoop::try_current() {
            Some(event_loop) => event_loop,
            None => no_runtime("EventLoop::current", Location::caller()),
        }
    }

    /// As [`EventLoop::current`]; `None` where there is none.
    #[doc(alias = "get_event_loop")]
    pub fn try_current() -> Option<EventLoop> {
        data::active().map(EventLoop::of)
    }

    /// The loop as other threads have it.
    pub fn handle(&self) -> Handle {
        self.data.handle()
    }

    /// What the loop's clock says, by which [`EventLoop::call_at`] goes.
    pub fn time(&self) -> Instant {
        self.data.within(corio_base::clock::now_instant)
    }

    /// Puts `callback` at the end of the queue: it runs in the next turn.
    ///
    /// # Panics
    /// If the loop is closed.
    #[track_caller]
    pub fn call_soon(&self, callback: impl FnOnce() + 'static) -> Call {
        self.call_soon_with(Spawn::new(), callback)
    }

    /// As [`EventLoop::call_soon`], with a [context](Spawn::context) or a place.
    ///
    /// # Panics
    /// If the loop is closed.
    #[track_caller]
    pub fn call_soon_with(&self, spawn: Spawn, callback: impl FnOnce() + 'static) -> Call {
        self.data.must_be_open("call_soon");
        self.data.core.call_with(spawn, callback)
    }

    /// Runs `callback` after `delay`; at once due, it has its turn as with [`EventLoop::call_soon`].
    ///
    /// # Panics
    /// If the loop is closed.
    #[track_caller]
    pub fn call_later(&self, delay: Duration, callback: impl FnOnce() + 'static) -> TimerHandle {
        self.data.must_be_open("call_later");
        let now = self.time();
        // What is too far away to count never comes.
        timer::begin(&self.data, now.checked_add(delay), Location::caller(), callback)
    }

    /// Runs `callback` at `when`, or in the next turn if that has passed.
    ///
    /// # Panics
    /// If the loop is closed.
    #[track_caller]
    pub fn call_at(&self, when: Instant, callback: impl FnOnce() + 'static) -> TimerHandle {
        self.data.must_be_open("call_at");
        timer::begin(&self.data, Some(when), Location::caller(), callback)
    }

    /// As [`Handle::call_soon_threadsafe`].
    ///
    /// # Errors
    /// The loop is closed.
    #[track_caller]
    pub fn call_soon_threadsafe(
        &self,
        callback: impl FnOnce() + Send + 'static,
    ) -> Result<Call, LoopClosed> {
        self.handle().call_soon_threadsafe(callback)
    }

    /// Begins a task on this loop; it may be `!Send`. Its handle says cancelled at once if the loop is
    /// closed.
    #[track_caller]
    pub fn create_task<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
    {
        self.create_task_with(Spawn::new(), future)
    }

    /// As [`EventLoop::create_task`], with a name, a context, or an eager start.
    #[track_caller]
    pub fn create_task_with<F>(&self, spawn: Spawn, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
    {
        let core = &self.data.core;
        self.data.within(|| {
            corio_executor::spawn_current(spawn, future, |spawn, future| {
                core.spawn_with(spawn, future)
            })
        })
    }

    /// Whether debug mode is on: one switch a process.
    #[doc(alias = "get_debug")]
    pub fn debug(&self) -> bool {
        corio_trace::enabled()
    }

    /// Turns debug mode on or off, for the whole process.
    pub fn set_debug(&self, on: bool) {
        corio_trace::set_enabled(on);
    }

    /// The two ends of a value that is given later.
    #[track_caller]
    pub fn create_future<T, E>(&self) -> (Promise<T, E>, Eventual<T, E>) {
        eventual()
    }

    /// Has everything that is asked of a task before it begins (name, context, eager start) go through
    /// `factory`, in every `spawn`, `spawn_local` and `create_task` on this loop's thread; `None`: no more.
    ///
    /// A panic of the factory is the spawner's. Tasks sent by other threads come without, except with
    /// [`Handle::run_coroutine_threadsafe`].
    ///
    /// ```
    /// use corio::EventLoop;
    /// use std::rc::Rc;
    ///
    /// corio::run(async {
    ///     let event_loop = EventLoop::current();
    ///     event_loop.set_task_factory(Some(Rc::new(|spawn| spawn.name("worker"))));
    ///     assert_eq!(corio::spawn(async {}).info().name(), "worker");
    /// });
    /// ```
    pub fn set_task_factory(&self, factory: Option<Factory>) {
        corio_executor::set_task_factory(&self.data.core, factory);
    }

    /// Has what is spawned on this loop from now on with [`spawn_blocking`](crate::spawn_blocking) and its kin
    /// run in `pool`: asyncio's `set_default_executor`. Files and `lookup_host` go there, too.
    ///
    /// Jobs that were spawned before stay where they are. A virtual clock stands still for those of both. Who
    /// has the last handle of a pool ends it: where nobody but the loop has one when the run ends, the run
    /// waits for its threads as for those of the runtime's own, within the same grace; where somebody has,
    /// the pool and its jobs outlive the run. To say what the runtime's own is like, from the start:
    /// [`crate::Builder::blocking`].
    ///
    /// ```
    /// use corio::{EventLoop, blocking::Config};
    ///
    /// corio::run(async {
    ///     let pool = Config::new().thread_name("database").build();
    ///     EventLoop::current().set_default_executor(&pool);
    ///     let name = corio::to_thread(|| std::thread::current().name().map(str::to_owned)).await;
    ///     assert_eq!(name.unwrap().as_deref(), Some("database-1"));
    /// });
    /// ```
    ///
    /// # Panics
    /// If the loop is closed.
    #[track_caller]
    pub fn set_default_executor(&self, pool: &Pool) {
        self.data.must_be_open("set_default_executor");
        corio_blocking::current::replace(self.data.core.id(), pool.clone());
    }

    /// The factory that is set.
    #[doc(alias = "get_task_factory")]
    pub fn task_factory(&self) -> Option<Factory> {
        self.data.core.task_factory()
    }

    /// Runs `callback` whenever something can be read from `fd` (or it has ended), once a turn, until
    /// [`EventLoop::remove_reader`]. A second one for the same descriptor takes the first one's place.
    ///
    /// The descriptor is duplicated, so closing it does not end the watch: remove the reader first.
    ///
    /// # Errors
    /// What the system says: regular files cannot be watched.
    ///
    /// # Panics
    /// If the loop is closed.
    #[track_caller]
    pub fn add_reader(&self, fd: impl AsFd, callback: impl FnMut() + 'static) -> io::Result<()> {
        self.watch("add_reader", fd.as_fd(), Direction::Read, callback)
    }

    /// As [`EventLoop::add_reader`], for when something can be written.
    ///
    /// # Errors
    /// As [`EventLoop::add_reader`].
    ///
    /// # Panics
    /// If the loop is closed.
    #[track_caller]
    pub fn add_writer(&self, fd: impl AsFd, callback: impl FnMut() + 'static) -> io::Result<()> {
        self.watch("add_writer", fd.as_fd(), Direction::Write, callback)
    }

    #[track_caller]
    fn watch(
        &self,
        who: &str,
        fd: BorrowedFd<'_>,
        direction: Direction,
        callback: impl FnMut() + 'static,
    ) -> io::Result<()> {
        self.data.must_be_open(who);
        let (place, name) = (Location::caller(), std::any::type_name_of_val(&callback));
        watcher::add(&self.data, fd, direction, place, name, Box::new(callback))
    }

    /// Takes a reader back. `false`: there is none.
    pub fn remove_reader(&self, fd: &impl AsRawFd) -> bool {
        watcher::remove(&self.data, fd.as_raw_fd(), Direction::Read)
    }

    /// Takes a writer back. `false`: there is none.
    pub fn remove_writer(&self, fd: &impl AsRawFd) -> bool {
        watcher::remove(&self.data, fd.as_raw_fd(), Direction::Write)
    }
}

/// The task factory with which every task begins at once, as with
/// [`eager_start`](crate::task::Builder::eager_start), unless its spawner has said that it shall not.
///
/// ```
/// use corio::{EventLoop, event_loop::eager_task_factory};
///
/// corio::run(async {
///     EventLoop::current().set_task_factory(Some(eager_task_factory()));
///     assert!(corio::spawn(async { 6 * 7 }).is_finished());
/// });
/// ```
pub fn eager_task_factory() -> Factory {
    Rc::new(Spawn::eager_start_by_default)
}

impl PartialEq for EventLoop {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.data, &other.data)
    }
}

impl Eq for EventLoop {}

impl fmt::Debug for EventLoop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (running, closed) = (self.is_running(), self.is_closed());
        let debug = corio_trace::enabled();
        write!(f, "<EventLoop running={running} closed={closed} debug={debug}>")
    }
}
