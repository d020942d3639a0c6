//! Jobs that another pool runs.

use std::sync::mpsc::channel;
use std::task::{Context, Poll, Waker};

use corio_blocking::{Job, Pool, check_cancelled, current, foreign, is_cancelled, poll_cancelled};
use corio_task::TaskState;

use crate::telling::telling;
use crate::util::{LONG, join, wait_until};

#[test]
fn a_job_of_another_pool_gives_its_value() {
    let (handle, job) = foreign::begin(Job::new().name("far"), || 6 * 7);
    assert!(format!("{job:?}").contains("far"));
    std::thread::spawn(|| job.run()).join().unwrap();
    assert_eq!(join(handle).unwrap(), 42);
}

#[test]
fn a_job_that_another_pool_drops_ends_as_cancelled() {
    let (handle, job) = foreign::begin(Job::new(), || ());
    drop(job);
    assert!(join(handle).unwrap_err().is_cancelled());
}

#[test]
fn a_job_of_another_pool_that_is_cancelled_before_it_begins_never_does() {
    let (handle, job) = foreign::begin(Job::new(), || unreachable!("it was cancelled"));
    handle.task().cancel("no");
    assert!(handle.is_finished());
    job.run();
    assert!(join::<()>(handle).unwrap_err().is_cancelled());
}

#[test]
fn a_job_of_another_pool_sees_that_it_is_asked_to_end() {
    let (begun, has_begun) = channel();
    let (handle, job) = foreign::begin(Job::new(), move || {
        begun.send(()).unwrap();
        while check_cancelled().is_ok() {
            std::thread::yield_now();
        }
    });
    let thread = std::thread::spawn(|| job.run());
    has_begun.recv_timeout(LONG).unwrap();
    handle.task().cancel(());
    join(handle).unwrap();
    thread.join().unwrap();
}

#[test]
fn a_job_within_a_job_is_itself() {
    let pool = Pool::new();
    let outer = pool.spawn(|| {
        let me = current::job().unwrap();
        let (handle, job) = foreign::begin(Job::new(), || current::job().unwrap());
        job.run();
        let inner = join(handle).unwrap();
        assert_ne!(inner, me);
        assert_eq!(current::job().unwrap(), me);
        assert_eq!(inner.state(), TaskState::Finished);
    });
    join(outer).unwrap();
}

#[test]
fn who_blocks_in_a_job_is_woken_when_it_is_asked_to_end() {
    let pool = Pool::new();
    let (begun, has_begun) = channel();
    let job = pool.spawn(move || {
        let asked = std::future::poll_fn(poll_cancelled);
        corio_base::park::block_on(telling(asked, || begun.send(()).unwrap()));
        is_cancelled()
    });
    has_begun.recv_timeout(LONG).unwrap();
    assert!(!job.is_finished());
    job.task().cancel(());
    assert!(join(job).unwrap());
    let mut context = Context::from_waker(Waker::noop());
    assert_eq!(poll_cancelled(&mut context), Poll::Pending, "outside a job");
}

#[test]
fn who_waits_for_the_threads_to_leave_is_woken() {
    let pool = Pool::new();
    let mut context = Context::from_waker(Waker::noop());
    assert!(pool.poll_left(&mut context).is_pending(), "not closed");
    join(pool.spawn(|| ())).unwrap();
    wait_until("idle", || !pool.is_busy());
    pool.close();
    corio_base::park::block_on(std::future::poll_fn(|context| pool.poll_left(context)));
    let never_used = Pool::new();
    never_used.close();
    assert!(never_used.poll_left(&mut context).is_ready());
}
