//! Jobs that are asked to end: while they wait, while they run, and by whom.

use std::pin::pin;
use std::sync::mpsc::channel;
use std::task::{Context, Waker};

use corio_blocking::{
    Config, Pool, abandon_on_cancel, check_cancelled, is_cancelled, spawn_blocking,
};
use corio_task::TaskState;

use crate::telling::telling;
use crate::util::{Drops, LONG, join, occupied, occupy, wait_until};

#[test]
fn a_job_that_waits_ends_at_once_and_never_begins() {
    for by_force in [false, true] {
        let (pool, gate, first) = occupied();
        let drops = Drops::new();
        let guard = drops.counted();
        let job = pool.spawn(move || {
            drop(guard);
            unreachable!("it was cancelled");
        });
        if by_force {
            job.abort()
        } else {
            assert!(job.task().cancel("not wanted"))
        }
        assert!(job.is_finished(), "before its turn came");
        drops.assert(1);
        assert_eq!(job.task().state(), TaskState::Cancelled);
        let error = join::<()>(job).unwrap_err();
        assert!(error.is_cancelled());
        let message = error.reason().and_then(|reason| reason.message().map(str::to_owned));
        assert_eq!(message.as_deref(), if by_force { None } else { Some("not wanted") });
        gate.open();
        join(first).unwrap();
        wait_until("the entry's turn", || !pool.is_busy());
        assert_eq!(join(pool.spawn(|| 1)).unwrap(), 1);
    }
}

#[test]
fn callbacks_of_a_job_that_never_begins_are_called() {
    let (pool, _gate, _first) = occupied();
    let job = pool.spawn(|| ());
    let (send, receive) = channel();
    job.task().add_done_callback(move |task| send.send(task.is_cancelled()).unwrap());
    job.task().cancel(());
    assert_eq!(receive.recv_timeout(LONG), Ok(true));
}

#[test]
fn a_job_that_runs_is_told_and_its_value_stands() {
    for by_force in [false, true] {
        let pool = Pool::new();
        let (begun, has_begun) = channel();
        let job = pool.spawn(move || {
            assert!(!is_cancelled());
            begun.send(()).unwrap();
            while check_cancelled().is_ok() {
                std::thread::yield_now();
            }
            check_cancelled().unwrap_err().to_string()
        });
        has_begun.recv_timeout(LONG).unwrap();
        if by_force {
            job.abort();
        } else {
            job.task().cancel("enough");
        }
        assert!(join(job).unwrap().contains("not wanted any more"));
    }
}

#[test]
fn a_request_that_is_taken_back_is_not_seen() {
    let (pool, gate, job) = occupied();
    job.task().cancel(());
    assert!(job.task().is_asked());
    assert_eq!(job.task().uncancel(), 0);
    assert!(!job.task().is_asked());
    gate.open();
    join(job).unwrap();
    drop(pool);
}

#[test]
fn outside_a_job_nothing_is_cancelled() {
    assert!(!is_cancelled());
    assert_eq!(check_cancelled(), Ok(()));
}

#[test]
fn a_detached_job_runs_on() {
    let (pool, gate, first) = occupied();
    let (send, receive) = channel();
    drop(pool.spawn(move || send.send(is_cancelled()).unwrap()));
    gate.open();
    join(first).unwrap();
    assert_eq!(receive.recv_timeout(LONG), Ok(false));
}

#[test]
fn an_abandoned_job_is_told_and_nobody_waits() {
    let pool = Pool::new();
    let (ended, has_ended) = channel();
    let (begun, has_begun) = channel();
    let job = pool.spawn(move || {
        begun.send(()).unwrap();
        while !is_cancelled() {
            std::thread::yield_now();
        }
        ended.send(()).unwrap();
    });
    has_begun.recv_timeout(LONG).unwrap();
    let mut context = Context::from_waker(Waker::noop());
    {
        let mut abandon = pin!(abandon_on_cancel(job));
        assert!(abandon.as_mut().poll(&mut context).is_pending());
    }
    has_ended.recv_timeout(LONG).unwrap();
}

#[test]
fn an_abandoned_job_that_waits_never_begins() {
    let (pool, gate, first) = occupied();
    let drops = Drops::new();
    let guard = drops.counted();
    drop(abandon_on_cancel(pool.spawn(move || drop(guard))));
    drops.assert(1);
    gate.open();
    join(first).unwrap();
}

#[test]
fn an_abandon_gives_the_value_and_can_be_undone() {
    let value = corio_base::park::block_on(abandon_on_cancel(spawn_blocking(|| 3)));
    assert_eq!(value.unwrap(), 3);
    let handle = abandon_on_cancel(spawn_blocking(|| 4)).into_inner().unwrap();
    assert_eq!(join(handle).unwrap(), 4);
}

#[test]
fn many_that_wait_are_cancelled_in_any_order() {
    let pool = Config::new().threads_max(2).build();
    let (first_gate, first) = occupy(&pool);
    let (second_gate, second) = occupy(&pool);
    let drops = Drops::new();
    let jobs: Vec<_> = (0..1000)
        .map(|n| {
            let guard = drops.counted();
            pool.spawn(move || {
                drop(guard);
                n
            })
        })
        .collect();
    for job in jobs.iter().rev().step_by(2) {
        job.task().cancel(());
    }
    drops.assert(500);
    first_gate.open();
    second_gate.open();
    join(first).unwrap();
    join(second).unwrap();
    for (n, job) in jobs.into_iter().enumerate() {
        match join(job) {
            Ok(value) => assert_eq!((value, n % 2), (n, 0)),
            Err(error) => assert!(error.is_cancelled() && n % 2 == 1),
        }
    }
    drops.assert(1000);
    wait_until("the last entry's turn", || !pool.is_busy());
}

#[test]
fn a_waker_is_woken_when_a_job_is_revoked() {
    let (pool, _gate, _first) = occupied();
    let job = pool.spawn(|| ());
    let task = job.task();
    let (told, is_told) = channel();
    let canceller = std::thread::spawn(move || {
        is_told.recv_timeout(LONG).unwrap();
        task.cancel(());
    });
    let result = corio_base::park::block_on(telling(job, || told.send(()).unwrap()));
    assert!(result.unwrap_err().is_cancelled());
    canceller.join().unwrap();
}
