//! What a job is: its value, its panic, its name, its place, its context, its callbacks.

use std::panic::Location;
use std::sync::mpsc::channel;

use corio_blocking::{Config, Job, Pool, current, spawn_blocking};
use corio_task::{TaskState, TryResult, context_var};

use crate::util::{LONG, join, occupied};

context_var! { static WHO: u32 = 0; }

#[test]
fn a_value_comes_back_from_another_thread() {
    let here = std::thread::current().id();
    let (there, value) = join(spawn_blocking(|| (std::thread::current().id(), 42))).unwrap();
    assert_ne!(here, there);
    assert_eq!(value, 42);
}

#[test]
fn a_job_runs_once() {
    let (send, receive) = channel();
    join(spawn_blocking(move || send.send(()).unwrap())).unwrap();
    assert_eq!(receive.iter().count(), 1);
}

#[test]
fn a_panic_is_the_callers_error_and_the_thread_goes_on() {
    let pool = Config::new().threads_max(1).build();
    let error = join(pool.spawn(|| -> () { panic!("oops") })).unwrap_err();
    assert!(error.is_panic());
    assert!(error.to_string().contains("oops"), "{error}");
    assert_eq!(join(pool.spawn(|| 1)).unwrap(), 1);
    assert_eq!(pool.metrics().threads, 1);
}

#[test]
fn a_job_has_a_name_a_place_and_a_state() {
    let (pool, gate, first) = occupied();
    let place = Location::caller();
    let named = Job::new().name("hash").spawn_on(&pool, || ());
    assert_eq!(named.info().name(), "hash");
    assert_eq!(named.info().location().line(), place.line() + 1);
    assert_eq!(named.info().location().file(), place.file());
    assert_eq!(named.task().state(), TaskState::Pending);
    gate.open();
    join(first).unwrap();
    let task = named.task();
    join(named).unwrap();
    assert_eq!(task.state(), TaskState::Finished);
}

#[test]
fn spawn_blocking_names_its_callers_place() {
    let place = Location::caller();
    let job = spawn_blocking(|| ());
    assert_eq!(job.info().location().line(), place.line() + 1);
    join(job).unwrap();
}

#[test]
fn a_job_sees_the_variables_of_its_spawner_and_keeps_its_own() {
    WHO.set(7);
    let (pool, gate, first) = occupied();
    let job = pool.spawn(|| {
        let seen = WHO.get();
        WHO.set(8);
        (seen, WHO.get())
    });
    WHO.set(9);
    gate.open();
    join(first).unwrap();
    assert_eq!(join(job).unwrap(), (7, 8));
    assert_eq!(WHO.get(), 9);
    assert_eq!(join(pool.spawn(|| WHO.get())).unwrap(), 9, "nothing stays on the thread");
}

#[test]
fn to_the_function_no_task_is_current_and_blocking_is_allowed() {
    let (task, poll) = join(spawn_blocking(|| {
        (corio_task::current().is_none(), corio_base::current::poll_number())
    }))
    .unwrap();
    assert!(task);
    assert_eq!(poll, 0, "what blocks asks this, and refuses inside a poll");
}

#[test]
fn a_callback_is_called_by_the_thread_that_ends_the_job() {
    let (pool, gate, job) = occupied();
    WHO.set(3);
    let (send, receive) = channel();
    job.task().add_done_callback(move |task| {
        send.send((task.state(), WHO.get(), std::thread::current().name().map(str::to_owned)))
            .unwrap();
    });
    gate.open();
    let (state, who, thread) = receive.recv_timeout(LONG).unwrap();
    assert_eq!((state, who), (TaskState::Finished, 3));
    assert!(thread.unwrap().starts_with("corio-pool-"));
    let (send, receive) = channel();
    job.task().add_done_callback(move |_| send.send(()).unwrap());
    receive.try_recv().expect("after the end it is called at once");
    drop(pool);
}

#[test]
fn a_callback_that_panics_harms_nobody() {
    let (_pool, gate, job) = occupied();
    job.task().add_done_callback(|_| panic!("on purpose"));
    gate.open();
    join(job).unwrap();
}

#[test]
fn a_handle_is_asked_without_awaiting() {
    let (_pool, gate, mut job) = occupied();
    assert!(matches!(job.try_result(), TryResult::NotDone));
    gate.open();
    crate::util::wait_until("the end", || job.is_finished());
    assert!(matches!(job.try_result(), TryResult::Done(Ok(()))));
}

#[test]
fn a_job_spawns_jobs_in_its_own_pool() {
    let pool = Config::new().thread_name("mine").build();
    let same = pool.clone();
    let (is_same, name) = join(pool.spawn(move || {
        let is_same = current::pool().is_same(&same);
        let inner = spawn_blocking(|| std::thread::current().name().map(str::to_owned));
        (is_same, join(inner).unwrap().unwrap())
    }))
    .unwrap();
    assert!(is_same);
    assert!(name.starts_with("mine-"), "{name}");
}

#[test]
fn a_pool_is_that_of_the_thread_while_it_is_installed() {
    let pool = Pool::new();
    let installed = current::install(pool.clone());
    assert!(current::pool().is_same(&pool));
    drop(installed);
    assert!(current::try_pool().is_none());
}
