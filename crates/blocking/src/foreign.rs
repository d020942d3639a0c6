//! Jobs that somebody else's pool runs: rayon's, a queue of threads of the program's own, a machine far
//! away.
//!
//! ```text
//!   begin ──▶ (handle, ForeignJob) ── given to the pool ──▶ run, on one of its threads
//!                    └───────── dropped by the pool ──────▶ the handle says cancelled
//! ```
//!
//! The job is a task like those of a [`Pool`](crate::Pool), of a home that is nobody's queue: what is
//! submitted there is handed to who began it.

use std::cell::RefCell;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock};

use corio_base::clock::{self, Hold};
use corio_task::{
    CallPanic, FreeRunnable, Home, JoinHandle, Mail, RemoteHome, Runnable, Schedule, Task,
};

use crate::current::{self, Counted};
use crate::job::Job;
use crate::pool::TARGET;
use crate::seats::Seats;

std::thread_local! {
    /// What was submitted on this thread and not handed out yet.
    static SUBMITTED: RefCell<Option<FreeRunnable>> = const { RefCell::new(None) };
}

/// A job to be run by another pool. Dropped, it ends as cancelled.
#[must_use = "a job that is dropped ends as cancelled"]
pub struct ForeignJob {
    task: FreeRunnable,
    /// A virtual clock does not jump meanwhile.
    hold: Arc<Mutex<Option<Hold>>>,
}

/// Begins a job that another pool is to run, and gives it with its handle.
pub fn begin<F, T>(job: Job, function: F) -> (JoinHandle<T>, ForeignJob)
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let handle = job.into_spawn().job(&foreign().home, function);
    let task = SUBMITTED.with(RefCell::take).expect("a job is submitted where it is spawned");
    let hold = clock::installed().is_some().then(clock::hold);
    (handle, ForeignJob { task, hold: Arc::new(Mutex::new(hold)) })
}

impl ForeignJob {
    /// Runs it on this thread, to its end. Its panic goes to the handle.
    pub fn run(self) {
        let seats = &foreign().seats;
        let seat = seats.add();
        let at = current::enter_seat(Counted::Hold(self.hold), seat.clone());
        seat.begin(self.task.task());
        self.task.run();
        seat.end();
        drop(at);
        seats.remove(&seat);
    }
}

impl fmt::Debug for ForeignJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ForeignJob").field(&self.task.info()).finish()
    }
}

struct Foreign {
    home: RemoteHome,
    seats: Arc<Seats>,
}

fn foreign() -> &'static Foreign {
    static FOREIGN: OnceLock<Foreign> = OnceLock::new();
    FOREIGN.get_or_init(|| {
        let seats = Arc::new(Seats::new());
        let home = Home::new(Box::new(Router(seats.clone()))).remote();
        Foreign { home, seats }
    })
}

struct Router(Arc<Seats>);

impl Schedule for Router {
    fn ready(&self, _: Runnable) {
        unreachable!("only free tasks come here")
    }

    fn post(&self, mail: Mail) {
        // Nobody sends any to a home without turns.
        drop(mail);
    }

    fn submit(&self, task: FreeRunnable) {
        let before = SUBMITTED.with(|slot| slot.replace(Some(task)));
        debug_assert!(before.is_none(), "handed out at once");
    }

    fn has_turns(&self) -> bool {
        false
    }

    fn asked(&self, job: &Task) {
        self.0.asked(job);
    }

    fn call_panicked(&self, panic: CallPanic) {
        corio_trace::report_error(TARGET, format_args!("a callback of a job: {panic}"));
    }
}
