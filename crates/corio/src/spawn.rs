//! Spawning on the current runtime.

use std::fmt;
use std::panic::Location;

use corio_executor::{JoinHandle, Spawn, Task, spawn_current};
use corio_task::{Context, Fallible};
use corio_trace::action::{Action, Deed};

use crate::handle::{Handle, no_runtime};

/// Begins a task that runs beside the others, on this thread's runtime or the one it has entered.
///
/// The handle awaits the result; dropping it detaches the task, which runs on until it ends or its
/// runtime does.
///
/// ```
/// corio::run(async {
///     let task = corio::spawn(async { 6 * 7 });
///     assert_eq!(task.await.unwrap(), 42);
/// });
/// ```
///
/// A panic of the future ends its task and goes to the handle; see [the crate](crate#panics-in-a-task).
/// One that nobody takes from there is reported.
///
/// **An `Err` that the future returns is a value like any other here**, and is dropped with the handle without
/// a word. Where it may fail, and the handle may go unawaited, use one of these:
///
/// | | the error is |
/// |---|---|
/// | [`try_spawn`] | reported, unless somebody retrieves it |
/// | `spawn` of a call of a [`coroutine`](macro@crate::coroutine) that returns a `Result` | the same: `spawn(save())`, not `spawn(async { save().await })` |
/// | [`TaskGroup::try_spawn`](crate::TaskGroup) | given to whoever awaits the group |
///
/// # Panics
/// Outside a runtime.
#[track_caller]
#[inline]
#[doc(alias("create_task", "ensure_future"))]
pub fn spawn<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    spawn_with("corio::spawn", Location::caller(), future)
}

#[track_caller]
#[inline]
fn spawn_with<S, F>(who: &str, spawn: S, future: F) -> JoinHandle<F::Output>
where
    S: Into<Spawn>,
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let place = Location::caller();
    spawn_current(spawn, future, |spawn, future| match Handle::try_current() {
        Some(handle) => handle.spawn_with(spawn.into(), future),
        None => no_runtime(who, place),
    })
}

/// As [`spawn`], for futures that are not `Send`: they stay on the loop that runs on this thread.
///
/// ```
/// use std::rc::Rc;
///
/// corio::run(async {
///     let text = Rc::new(String::from("not Send"));
///     let length = corio::spawn_local(async move { text.len() });
///     assert_eq!(length.await.unwrap(), 8);
/// });
/// ```
///
/// # Panics
/// On a thread that runs no loop.
#[track_caller]
#[inline]
pub fn spawn_local<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + 'static,
{
    let place = Location::caller();
    spawn_current(place, future, |_, _| no_runtime("corio::spawn_local", place))
}

/// As [`spawn`], for a future that may fail: an error that nobody retrieves is reported, as a panic is.
///
/// Retrieved is what was awaited, taken or [looked at](JoinHandle::try_result). Anything else is reported
/// when the last who could have done so has gone, with the task's name, the place where it was spawned and
/// the error: `Task exception was never retrieved`, to the loop's [exception
/// handler](crate::EventLoop::set_exception_handler), or at error level to the log target `corio::task`.
///
/// ```
/// corio::run(async {
///     // Nobody waits for it, and nothing is lost all the same.
///     drop(corio::try_spawn(async { "12x".parse::<i32>() }));
///     // The handle is that of `spawn`.
///     let task = corio::try_spawn(async { "12".parse::<i32>() });
///     assert_eq!(task.await.unwrap(), Ok(12));
/// });
/// ```
///
/// # Panics
/// Outside a runtime.
#[track_caller]
#[inline]
pub fn try_spawn<F, T, E>(future: F) -> JoinHandle<Result<T, E>>
where
    F: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: fmt::Debug + Send + 'static,
{
    spawn_with("corio::try_spawn", Location::caller(), Fallible::new(future))
}

/// As [`try_spawn`], for futures that are not `Send`: they stay on the loop that runs on this thread.
///
/// # Panics
/// On a thread that runs no loop.
#[track_caller]
#[inline]
pub fn try_spawn_local<F, T, E>(future: F) -> JoinHandle<Result<T, E>>
where
    F: Future<Output = Result<T, E>> + 'static,
    T: 'static,
    E: fmt::Debug + 'static,
{
    let place = Location::caller();
    let future = Fallible::new(future);
    spawn_current(place, future, |_, _| no_runtime("corio::try_spawn_local", place))
}

/// The tasks of this thread's loop that have not ended, the oldest first; none outside a runtime.
///
/// ```
/// corio::run(async {
///     let other = corio::spawn(std::future::pending::<()>());
///     let main = corio::task::current().unwrap();
///     assert_eq!(corio::task::all(), [main, other.task()]);
/// });
/// ```
#[doc(alias = "all_tasks")]
pub fn all() -> Vec<Task> {
    corio_executor::with_current(|core| core.all_tasks()).unwrap_or_default()
}

/// Spawns a task with a name, a context, or an eager start.
///
/// ```
/// corio::run(async {
///     let task = corio::task::Builder::new().name("reader").spawn(async {
///         corio::task::current().unwrap().info().name()
///     });
///     assert_eq!(task.await.unwrap(), "reader");
/// });
/// ```
#[must_use = "a task begins with `spawn`"]
pub struct Builder {
    spawn: Spawn,
    action: Action<SpawnDeed>,
}

/// What a builder is made for.
#[derive(Debug)]
enum SpawnDeed {}

impl Deed for SpawnDeed {
    const NAME: &'static str = "task::Builder";
    const UNDONE: &'static str = "was never spawned";
}

impl Builder {
    /// A task without a name of its own.
    #[track_caller]
    pub fn new() -> Self {
        Builder { spawn: Spawn::new(), action: Action::new(Location::caller()) }
    }

    /// The name the task goes by in messages and lists; `Task-N` unless given.
    pub fn name(self, name: impl Into<Box<str>>) -> Self {
        Builder { spawn: self.spawn.name(name), ..self }
    }

    /// Has the task run in `context` itself, not in a copy of the current one: what it sets is seen
    /// there. Several tasks may run in one.
    pub fn context(self, context: Context) -> Self {
        Builder { spawn: self.spawn.context(context), ..self }
    }

    /// Whether the task is polled at once, before the spawn returns. If it ends thereby, it never stands
    /// in the queue. Where the loop does not run on this thread, the task begins like the others.
    ///
    /// ```
    /// corio::run(async {
    ///     let task = corio::task::Builder::new().eager_start(true).spawn(async { 6 * 7 });
    ///     assert!(task.is_finished());
    /// });
    /// ```
    pub fn eager_start(self, eager: bool) -> Self {
        Builder { spawn: self.spawn.eager_start(eager), ..self }
    }

    /// As [`spawn`].
    ///
    /// # Panics
    /// Outside a runtime.
    #[track_caller]
    pub fn spawn<F>(self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        spawn_with("task::Builder::spawn", self.begin(Location::caller()), future)
    }

    /// As [`try_spawn`].
    ///
    /// # Panics
    /// Outside a runtime.
    #[track_caller]
    pub fn try_spawn<F, T, E>(self, future: F) -> JoinHandle<Result<T, E>>
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: fmt::Debug + Send + 'static,
    {
        let spawn = self.begin(Location::caller());
        spawn_with("task::Builder::try_spawn", spawn, Fallible::new(future))
    }

    /// As [`spawn_local`].
    ///
    /// # Panics
    /// On a thread that runs no loop.
    #[track_caller]
    pub fn spawn_local<F>(self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + 'static,
    {
        let place = Location::caller();
        let spawn = self.begin(place);
        spawn_current(spawn, future, |_, _| no_runtime("task::Builder::spawn_local", place))
    }

    /// As [`try_spawn_local`].
    ///
    /// # Panics
    /// On a thread that runs no loop.
    #[track_caller]
    pub fn try_spawn_local<F, T, E>(self, future: F) -> JoinHandle<Result<T, E>>
    where
        F: Future<Output = Result<T, E>> + 'static,
        T: 'static,
        E: fmt::Debug + 'static,
    {
        let place = Location::caller();
        let (spawn, future) = (self.begin(place), Fallible::new(future));
        spawn_current(spawn, future, |_, _| no_runtime("task::Builder::try_spawn_local", place))
    }

    /// It is spawned now, at `place`.
    fn begin(self, place: &'static Location<'static>) -> Spawn {
        let Builder { spawn, mut action } = self;
        action.begun();
        spawn.location(place)
    }
}

impl Default for Builder {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Builder").field(&self.spawn).finish()
    }
}
