//! Bounds: of the queue, of the threads.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};

use corio_blocking::{Config, Job};

use crate::util::{join, occupy, wait_until};

#[test]
fn past_the_bound_a_job_is_refused_with_the_numbers() {
    let pool = Config::new().threads_max(1).queue_max(2).build();
    let (gate, first) = occupy(&pool);
    let waiting: Vec<_> = (0..2).map(|n| pool.spawn(move || n)).collect();
    let refused = Job::new().try_spawn_on(&pool, || 5).unwrap_err();
    assert_eq!((refused.full().waiting(), refused.full().queue_max()), (2, 2));
    let text = refused.to_string();
    assert!(text.contains("2 jobs wait") && text.contains("Pool::ready"), "{text}");
    assert_eq!(refused.into_inner()(), 5, "the function comes back");
    let error = join(pool.spawn(|| 6)).unwrap_err();
    assert!(error.is_cancelled());
    assert!(error.to_string().contains("2 jobs wait"), "{error}");
    gate.open();
    join(first).unwrap();
    for (n, job) in waiting.into_iter().enumerate() {
        assert_eq!(join(job).unwrap(), n);
    }
    assert_eq!(join(Job::new().try_spawn_on(&pool, || 7).unwrap()).unwrap(), 7);
}

#[test]
fn a_job_that_is_cancelled_gives_its_place_back() {
    let pool = Config::new().threads_max(1).queue_max(1).build();
    let (_gate, _first) = occupy(&pool);
    for _ in 0..10 {
        pool.spawn(|| ()).task().cancel(());
    }
    assert!(Job::new().try_spawn_on(&pool, || ()).is_ok());
}

#[test]
fn who_waits_for_room_is_told_one_after_the_other() {
    let pool = Config::new().threads_max(1).queue_max(1).build();
    let (gate, first) = occupy(&pool);
    let blocker = pool.spawn(|| ());
    let mut context = Context::from_waker(Waker::noop());
    {
        let mut given_up = pin!(pool.ready());
        assert!(given_up.as_mut().poll(&mut context).is_pending());
        assert!(given_up.as_mut().poll(&mut context).is_pending());
    }
    let waiters: Vec<_> = (0..4)
        .map(|n| {
            let pool = pool.clone();
            std::thread::spawn(move || {
                let mut function = move || n;
                loop {
                    corio_base::park::block_on(pool.ready());
                    match Job::new().try_spawn_on(&pool, function) {
                        Ok(handle) => return join(handle).unwrap(),
                        Err(full) => function = full.into_inner(),
                    }
                }
            })
        })
        .collect();
    gate.open();
    join(first).unwrap();
    join(blocker).unwrap();
    let done: Vec<_> = waiters.into_iter().map(|waiter| waiter.join().unwrap()).collect();
    assert_eq!(done, [0, 1, 2, 3]);
}

#[test]
fn without_a_bound_there_is_always_room() {
    let pool = Config::new().build();
    corio_base::park::block_on(pool.ready());
}

#[test]
fn no_more_threads_than_allowed() {
    let pool = Config::new().threads_max(3).build();
    let held: Vec<_> = (0..3).map(|_| occupy(&pool)).collect();
    let waits = pool.spawn(|| ());
    assert_eq!(pool.metrics().threads, 3);
    assert_eq!(pool.metrics().waiting, 1);
    held[1].0.open();
    join(waits).unwrap();
    for (gate, job) in held {
        gate.open();
        join(job).unwrap();
    }
    wait_until("nothing is under way", || !pool.is_busy());
}

#[test]
fn jobs_that_wait_have_a_thread_each() {
    let pool = Config::new().build();
    let held: Vec<_> = (0..64).map(|_| occupy(&pool)).collect();
    assert!(pool.metrics().threads >= 64);
    assert_eq!(pool.running().len(), 64);
    for (gate, job) in held {
        gate.open();
        join(job).unwrap();
    }
}

#[test]
#[should_panic(expected = "give it 1 at least")]
fn no_threads_at_all_are_refused() {
    let _ = Config::new().threads_max(0);
}

#[test]
#[should_panic(expected = "let it have 1 at least")]
fn no_queue_at_all_is_refused() {
    let _ = Config::new().queue_max(0);
}
