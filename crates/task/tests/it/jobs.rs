//! Jobs: functions that block, of a home without turns.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use corio_task::{
    CallPanic, FreeRunnable, Home, Mail, Ran, RemoteHome, Runnable, Schedule, Spawn, Task,
    TaskState, context_var, current,
};

use crate::support::{Drops, Loop};

context_var! { static DEPTH: u32 = 0; }

#[derive(Default)]
struct Queue {
    jobs: Mutex<Vec<FreeRunnable>>,
    told: Mutex<Vec<u64>>,
    panics: AtomicUsize,
}

struct Pool(Arc<Queue>);

impl Schedule for Pool {
    fn ready(&self, _: Runnable) {
        unreachable!("no bound task is here")
    }

    fn post(&self, _: Mail) {
        unreachable!("nobody sends mail to a home without turns")
    }

    fn submit(&self, task: FreeRunnable) {
        self.0.jobs.lock().unwrap().push(task);
    }

    fn has_turns(&self) -> bool {
        false
    }

    fn asked(&self, job: &Task) {
        self.0.told.lock().unwrap().push(job.id());
    }

    fn call_panicked(&self, panic: CallPanic) {
        assert_eq!(panic.message(), Some("on purpose"));
        self.0.panics.fetch_add(1, Ordering::SeqCst);
    }
}

fn pool() -> (RemoteHome, Arc<Queue>) {
    let queue = Arc::<Queue>::default();
    (Home::new(Box::new(Pool(queue.clone()))).remote(), queue)
}

fn pop(queue: &Queue) -> FreeRunnable {
    queue.jobs.lock().unwrap().pop().unwrap()
}

#[test]
fn a_job_runs_in_its_context_and_outside_any_task() {
    let (home, queue) = pool();
    DEPTH.set(3);
    let mut handle = Spawn::new().job(&home, || {
        let seen = DEPTH.get();
        DEPTH.set(4);
        (seen, DEPTH.get(), current().is_none(), corio_base::current::poll_number())
    });
    DEPTH.set(5);
    assert_eq!(pop(&queue).run(), Ran::Returned);
    assert_eq!(handle.try_take().unwrap().unwrap(), (3, 4, true, 0));
    assert_eq!(DEPTH.get(), 5);
}

#[test]
fn edge_5_revoke_ends_a_job_where_it_is_asked() {
    for by_force in [false, true] {
        let (home, queue) = pool();
        let drops = Drops::new();
        let counted = drops.counted();
        let handle = Spawn::new().job(&home, move || drop(counted));
        if by_force {
            handle.abort();
        } else {
            assert!(handle.task().cancel("enough"));
        }
        assert_eq!(handle.task().state(), TaskState::Cancelled);
        drops.assert(1);
        assert_eq!(pop(&queue).run(), Ran::Stale);
        assert!(!handle.task().cancel("again"), "it has ended");
        assert!(queue.told.lock().unwrap().is_empty());
    }
}

#[test]
fn a_revoked_entry_may_be_dropped_first_or_last() {
    let (home, queue) = pool();
    for entry_first in [false, true] {
        let handle = Spawn::new().job(&home, || ());
        handle.abort();
        let entry = pop(&queue);
        if entry_first {
            drop(entry);
            drop(handle);
        } else {
            drop(handle);
            drop(entry);
        }
    }
}

#[test]
fn a_job_that_runs_is_told_of_through_its_home() {
    let (home, queue) = pool();
    let slot = Arc::<Mutex<Option<Task>>>::default();
    let own = slot.clone();
    let mut handle = Spawn::new().job(&home, move || {
        let task = own.lock().unwrap().take().unwrap();
        let before = task.is_asked();
        task.cancel("enough");
        let asked = task.is_asked();
        task.uncancel();
        let taken_back = task.is_asked();
        task.abort();
        (before, asked, taken_back, task.is_asked())
    });
    let id = handle.task().id();
    slot.lock().unwrap().replace(handle.task());
    assert_eq!(pop(&queue).run(), Ran::Returned);
    assert_eq!(handle.try_take().unwrap().unwrap(), (false, true, false, true));
    assert_eq!(*queue.told.lock().unwrap(), [id, id]);
}

#[test]
fn callbacks_are_called_by_who_ends_the_job() {
    let (home, queue) = pool();
    let handle = Spawn::new().job(&home, || ());
    let seen = Arc::<Mutex<Vec<(TaskState, u32)>>>::default();
    DEPTH.set(7);
    let left = seen.clone();
    handle.task().add_done_callback(move |task| {
        left.lock().unwrap().push((task.state(), DEPTH.get()));
    });
    handle.task().add_done_callback(|_| panic!("on purpose"));
    let removed = handle.task().add_done_callback(|_| unreachable!("it was taken back"));
    assert!(handle.task().remove_done_callback(removed));
    DEPTH.set(8);
    pop(&queue).run();
    assert_eq!(*seen.lock().unwrap(), [(TaskState::Finished, 7)]);
    assert_eq!(queue.panics.load(Ordering::SeqCst), 1);
    let left = seen.clone();
    handle.task().add_done_callback(move |task| {
        left.lock().unwrap().push((task.state(), DEPTH.get()));
    });
    assert_eq!(seen.lock().unwrap().len(), 2, "after the end at once");
}

/// Asks those tasks to end when it is dropped, by request and by force.
struct Asks(Arc<Mutex<Vec<Task>>>);

impl Drop for Asks {
    fn drop(&mut self) {
        let tasks = std::mem::take(&mut *self.0.lock().unwrap());
        for task in tasks {
            task.cancel("again");
            task.abort();
        }
    }
}

#[test]
fn who_awaits_a_job_that_waits_is_unwound_with_it() {
    for reenters in [false, true] {
        let (home, queue) = pool();
        let home_loop = Loop::new();
        let tasks = Arc::<Mutex<Vec<Task>>>::default();
        let asks = Asks(tasks.clone());
        let job = Spawn::new().job(&home, move || drop(asks));
        let task = job.task();
        let awaiter = home_loop.spawn(async move { job.await.is_ok() });
        home_loop.settle();
        if reenters {
            // What the job has captured is dropped in a pass of the awaiter, and comes back to both.
            tasks.lock().unwrap().extend([task.clone(), awaiter.task()]);
            let others = tasks.clone();
            let of = awaiter.task();
            task.add_done_callback(move |job| {
                assert!(job.is_done());
                of.abort();
                drop(Asks(others));
            });
        }
        awaiter.task().cancel("x");
        home_loop.settle();
        assert!(task.is_cancelled() && awaiter.task().is_cancelled());
        assert_eq!(home_loop.tasks(), 1, "the handle's");
        assert_eq!(pop(&queue).run(), Ran::Stale);
        drop(awaiter);
        assert_eq!(home_loop.tasks(), 0);
    }
}
