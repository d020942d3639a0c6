//! The pool and the job of this thread.
//!
//! A loop that is active has a pool of its own, entered in a table of the thread by who built the
//! loop. A thread of a pool has that one. Everything else, a thread of tokio's or smol's or one of the
//! program's own, shares one pool of the process, made the first time and never closed.

use std::cell::RefCell;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::task::{Context, Poll};

use corio_base::ambient::{self, Installed, LoopId, Table};
use corio_base::clock::{self, Hold};
use corio_task::{JoinHandle, Task};

use crate::error::JobCancelled;
use crate::job::Job;
use crate::pool::{Pool, Shared};
use crate::seats::Seat;

std::thread_local! {
    static POOLS: Table<Pool> = const { Table::new() };
    /// What this thread works for, if it is a pool's.
    static AT: RefCell<Option<At>> = const { RefCell::new(None) };
}

pub(crate) struct At {
    counted: Counted,
    seat: Arc<Seat>,
}

/// Where the job of a thread counts as work under way.
#[derive(Clone)]
pub(crate) enum Counted {
    Pool(Weak<Shared>),
    /// It has a hold on virtual clocks, if there was one where it was spawned.
    Hold(Arc<Mutex<Option<Hold>>>),
}

/// Gives the loop `id` its pool, until [`remove`] is called on the same thread.
pub fn put(id: LoopId, pool: Pool) {
    POOLS.with(|table| table.put(id, pool));
}

/// Gives the loop `id` another pool in the place of the one it has. To be called on the thread of [`put`].
pub fn replace(id: LoopId, pool: Pool) {
    let before = POOLS.with(|table| {
        let before = table.take(id);
        table.put(id, pool);
        before
    });
    drop(before);
}

/// Takes the pool of the loop `id` away, and puts `successor` in its place, if nobody else has it: then it is
/// the caller's to end. `None`: somebody has, or it is `successor`, and nothing has changed.
///
/// A thread of the pool may have it too for the moment in which it spawns; then somebody else has it.
pub fn take_last(id: LoopId, successor: &Pool) -> Option<Pool> {
    POOLS.with(|table| {
        let pool = table.take(id)?;
        let is_last = !pool.is_same(successor) && Arc::strong_count(&pool.inner) == 1;
        let (taken, stays) = if is_last { (Some(pool), successor.clone()) } else { (None, pool) };
        table.put(id, stays);
        taken
    })
}

/// Takes the pool of the loop `id` away again.
pub fn remove(id: LoopId) {
    let pool = POOLS.try_with(|table| table.take(id));
    drop(pool);
}

/// Makes `pool` that of this thread until the guard is dropped. Guards end in reverse order.
///
/// ```
/// use corio_blocking::{Pool, current};
///
/// let pool = Pool::new();
/// let installed = current::install(pool.clone());
/// assert!(current::pool().is_same(&pool));
/// drop(installed);
/// assert!(current::try_pool().is_none());
/// ```
pub fn install(pool: Pool) -> InstallGuard {
    ambient::install(&POOLS, pool)
}

/// While it lives, the thread that made it has a pool of its own.
pub type InstallGuard = Installed<Pool>;

/// The pool of the loop that is active on this thread, or that this thread is one of, if any.
///
/// A pool that nobody has any more is closed, and none: its jobs that still run find none here.
pub fn try_pool() -> Option<Pool> {
    POOLS.try_with(Table::active).ok().flatten().or_else(of_thread)
}

/// That pool, or else the process's own: so what a job begins whose pool nobody has any more is done by
/// the process's, not refused.
pub fn pool() -> Pool {
    try_pool().unwrap_or_else(shared)
}

#[cold]
fn of_thread() -> Option<Pool> {
    AT.try_with(|at| match &at.borrow().as_ref()?.counted {
        Counted::Pool(pool) => pool.upgrade()?.pool(),
        Counted::Hold(_) => None,
    })
    .ok()
    .flatten()
}

/// The process's own pool.
#[cold]
fn shared() -> Pool {
    static SHARED: OnceLock<Pool> = OnceLock::new();
    SHARED.get_or_init(Pool::new).clone()
}

/// Runs `function`, which may block, on a thread of a pool: that of the loop which runs here, or else
/// that of the process, so also inside tokio, smol, or anywhere.
///
/// ```
/// # corio_base::park::block_on(async {
/// let bytes = corio_blocking::spawn_blocking(|| std::fs::read("Cargo.toml")).await;
/// assert!(bytes.unwrap().is_ok());
/// # });
/// ```
///
/// The function sees the context variables that are set here, as a task would. Its panic is the
/// handle's error.
///
/// # Cancel safety
/// A job that waits for a thread when it is cancelled never begins. One that runs cannot be made to
/// end: it sees [`is_cancelled`], and who awaits its handle waits for it, so that nothing it has
/// borrowed or locked is in use after. Where that is no use, see
/// [`abandon_on_cancel`](crate::abandon_on_cancel). Dropping the handle detaches the job.
#[track_caller]
pub fn spawn_blocking<F, T>(function: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    Job::new().spawn(function)
}

/// The job that runs on this thread, if it is a pool's.
pub fn job() -> Option<Task> {
    AT.try_with(|at| at.borrow().as_ref()?.seat.job()).ok().flatten()
}

/// Whether the job that runs on this thread was asked to end; `false` outside one.
///
/// A loop that asks costs some 20 ns more a round.
pub fn is_cancelled() -> bool {
    job().is_some_and(|job| job.is_asked())
}

/// [`is_cancelled`], for `?`.
///
/// ```
/// use corio_blocking::{JobCancelled, check_cancelled};
///
/// fn sum(numbers: &[u64]) -> Result<u64, JobCancelled> {
///     let mut sum = 0;
///     for chunk in numbers.chunks(4096) {
///         check_cancelled()?;
///         sum += chunk.iter().sum::<u64>();
///     }
///     Ok(sum)
/// }
/// # assert_eq!(sum(&[1, 2, 3]), Ok(6));
/// ```
///
/// # Errors
/// The job was asked to end.
pub fn check_cancelled() -> Result<(), JobCancelled> {
    if is_cancelled() { Err(JobCancelled(())) } else { Ok(()) }
}

/// Ready when the job that runs on this thread was asked to end: for what it waits for by blocking, so that
/// it need not wait for that in vain. Never ready outside a job.
///
/// The waker is woken when that is so, until the job ends; the last one counts.
pub fn poll_cancelled(context: &mut Context<'_>) -> Poll<()> {
    let seat = AT.try_with(|at| Some(at.borrow().as_ref()?.seat.clone())).ok().flatten();
    let Some(seat) = seat else { return Poll::Pending };
    if seat.job().is_none() {
        return Poll::Pending;
    }
    seat.listen(context.waker());
    if is_cancelled() { Poll::Ready(()) } else { Poll::Pending }
}

/// Until the guard is dropped, on whatever thread, the job that runs here does not count as work under
/// way: it waits for a loop, which need not wait for it ([`Pool::is_busy`]).
pub fn idle() -> Idle {
    let counted = AT.try_with(|at| {
        let at = at.borrow();
        let at = at.as_ref().filter(|at| at.seat.job().is_some())?;
        Some(at.counted.clone())
    });
    Idle(match counted.ok().flatten() {
        Some(Counted::Pool(pool)) => pool.upgrade().map(|pool| {
            pool.done();
            Waiting::Pool(pool)
        }),
        Some(Counted::Hold(slot)) => {
            let hold = lock(&slot).take();
            hold.map(|hold| {
                drop(hold);
                Waiting::Hold(slot)
            })
        }
        None => None,
    })
}

/// By [`idle`].
#[must_use = "the job counts again when it is dropped"]
pub struct Idle(Option<Waiting>);

enum Waiting {
    Pool(Arc<Shared>),
    Hold(Arc<Mutex<Option<Hold>>>),
}

impl Drop for Idle {
    fn drop(&mut self) {
        match &self.0 {
            Some(Waiting::Pool(pool)) => pool.count(),
            Some(Waiting::Hold(slot)) => {
                let before = lock(slot).replace(clock::hold());
                drop(before);
            }
            None => {}
        }
    }
}

impl fmt::Debug for Idle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Idle").finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// This thread is at `seat` until the guard is dropped.
pub(crate) fn enter_seat(counted: Counted, seat: Arc<Seat>) -> LeaveSeat {
    LeaveSeat(AT.with(|at| at.replace(Some(At { counted, seat }))))
}

/// Puts back what was before when dropped.
pub(crate) struct LeaveSeat(Option<At>);

impl Drop for LeaveSeat {
    fn drop(&mut self) {
        let before = self.0.take();
        let now = AT.try_with(|at| at.replace(before));
        drop(now);
    }
}

/// Whether this is a thread of the pool.
pub(crate) fn is_thread_of(shared: &Shared) -> bool {
    let is_it = |at: &At| match &at.counted {
        Counted::Pool(pool) => std::ptr::eq(pool.as_ptr(), shared),
        Counted::Hold(_) => false,
    };
    AT.try_with(|at| at.borrow().as_ref().is_some_and(is_it)).unwrap_or(false)
}
