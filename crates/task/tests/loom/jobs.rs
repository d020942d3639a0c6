//! Jobs of a home without turns: asked to end while they are taken from the queue.

use std::collections::VecDeque;
use std::sync::Arc as StdArc;
use std::sync::atomic::AtomicUsize as StdUsize;

use corio_base::loom::sync::Mutex;
use corio_base::loom::sync::atomic::Ordering;
use corio_base::loom::thread;
use corio_task::{
    FreeRunnable, Home, JoinHandle, Mail, Ran, RemoteHome, Runnable, Schedule, Spawn,
};

use crate::support::{Drops, poll, wakes};

/// A queue that other threads take from.
struct Queue {
    jobs: Mutex<VecDeque<FreeRunnable>>,
    /// Jobs that were told of while they ran.
    told: StdUsize,
}

struct Pool(StdArc<Queue>);

impl Schedule for Pool {
    fn ready(&self, _: Runnable) {
        unreachable!("no bound task is here")
    }

    fn post(&self, _: Mail) {
        unreachable!("nobody sends mail to a home without turns")
    }

    fn submit(&self, task: FreeRunnable) {
        self.0.jobs.lock().unwrap().push_back(task);
    }

    fn has_turns(&self) -> bool {
        false
    }

    fn asked(&self, _: &corio_task::Task) {
        self.0.told.fetch_add(1, Ordering::SeqCst);
    }
}

fn pool() -> (RemoteHome, StdArc<Queue>) {
    let queue = StdArc::new(Queue { jobs: Mutex::new(VecDeque::new()), told: StdUsize::new(0) });
    (Home::new(Box::new(Pool(queue.clone()))).remote(), queue)
}

fn job(home: &RemoteHome, drops: &Drops, ran: &StdArc<StdUsize>) -> JoinHandle<()> {
    let (counted, ran) = (drops.counted(), ran.clone());
    // A plain field that the function writes: loom finds a drop that does not exclude it.
    let plain = loom::cell::UnsafeCell::new(0);
    Spawn::new().job(home, move || {
        // SAFETY: the function runs once and is dropped by no other, which is what loom checks here.
        plain.with_mut(|plain| unsafe { *plain += 1 });
        ran.fetch_add(1, Ordering::SeqCst);
        drop(counted);
    })
}

/// A request, or an abort, against the turn in the queue: the function runs or is dropped, once, and its
/// memory goes when the entry, the handle and the asker have gone.
#[test]
fn revoke_against_the_turn() {
    for by_force in [false, true] {
        loom::model(move || {
            let (home, queue) = pool();
            let (drops, ran) = (Drops::default(), StdArc::new(StdUsize::new(0)));
            let mut handle = job(&home, &drops, &ran);
            let (woken, waker) = wakes();
            assert!(poll(&mut handle, &waker).is_none());
            let task = handle.task();
            let asker = thread::spawn(move || {
                if by_force {
                    task.abort()
                } else {
                    task.cancel("enough");
                }
            });
            let entry = queue.jobs.lock().unwrap().pop_front().unwrap();
            let taken = entry.run();
            asker.join().unwrap();
            let result = poll(&mut handle, &waker).expect("it has ended");
            match (taken, ran.load(Ordering::SeqCst)) {
                (Ran::Returned, 1) => assert!(result.is_ok()),
                (Ran::Stale | Ran::Cancelled, 0) => assert!(result.unwrap_err().is_cancelled()),
                other => panic!("{other:?}"),
            }
            assert_eq!(drops.count(), 1);
            assert_eq!(woken.0.load(Ordering::SeqCst), 1, "the awaiter is told, once");
            assert!(queue.jobs.lock().unwrap().is_empty());
        });
    }
}

/// Two who ask at a time: one of them ends the job.
#[test]
fn revoke_against_revoke() {
    loom::model(|| {
        let (home, queue) = pool();
        let (drops, ran) = (Drops::default(), StdArc::new(StdUsize::new(0)));
        let handle = job(&home, &drops, &ran);
        let task = handle.task();
        let asker = thread::spawn(move || task.abort());
        handle.task().cancel("enough");
        asker.join().unwrap();
        assert!(handle.is_finished());
        assert_eq!((drops.count(), ran.load(Ordering::SeqCst)), (1, 0));
        drop(handle);
        let entry = queue.jobs.lock().unwrap().pop_front().unwrap();
        assert_eq!(entry.run(), Ran::Stale);
    });
}

/// The queue is emptied without running what is in it, as a request comes.
#[test]
fn revoke_against_a_queue_that_is_dropped() {
    loom::model(|| {
        let (home, queue) = pool();
        let (drops, ran) = (Drops::default(), StdArc::new(StdUsize::new(0)));
        let handle = job(&home, &drops, &ran);
        let task = handle.task();
        let asker = thread::spawn(move || task.abort());
        drop(queue.jobs.lock().unwrap().pop_front());
        asker.join().unwrap();
        assert!(handle.is_finished());
        assert_eq!((drops.count(), ran.load(Ordering::SeqCst)), (1, 0));
    });
}
