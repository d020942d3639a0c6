//! The byte of `call.rs`, the counts of a block that is in no list, and callbacks against the end.

use std::sync::Arc as StdArc;
use std::sync::atomic::AtomicUsize as StdUsize;

use corio_base::loom::sync::atomic::Ordering;
use corio_base::loom::thread;
use corio_task::{Call, Spawn, Task};

use crate::support::{Drops, Loop, Output, model};

/// What a function of the models does when it is called, and what it counts when it goes.
fn function(drops: &Drops, called: &StdArc<StdUsize>) -> impl FnOnce() + Send + 'static {
    let (counted, called) = (drops.counted(), called.clone());
    move || {
        let _ = &counted;
        called.fetch_add(1, Ordering::SeqCst);
    }
}

/// Cancels, and says whether that was in time; the call says the same.
fn cancel(call: &Call) -> bool {
    let cancelled = call.cancel();
    assert_eq!(cancelled, call.is_cancelled());
    cancelled
}

/// One that says it is cancelled is never called, and one that says it is not, is.
#[test]
fn call_cancel_against_its_turn() {
    model(|l, drops| {
        let called = StdArc::new(StdUsize::new(0));
        let call = Spawn::new().call(l.home(), function(&drops, &called));
        let away = thread::spawn(move || cancel(&call));
        l.turn();
        let cancelled = away.join().unwrap();
        l.settle();
        assert_eq!(called.load(Ordering::SeqCst), usize::from(!cancelled));
        1
    });
}

/// Cancelled at home and away at a time: its function goes once.
#[test]
fn call_cancels_of_two_threads() {
    model(|l, drops| {
        let called = StdArc::new(StdUsize::new(0));
        let call = Spawn::new().call(l.home(), function(&drops, &called));
        let another = call.clone();
        let away = thread::spawn(move || assert!(another.cancel()));
        assert!(call.cancel());
        drop(call);
        l.turn();
        away.join().unwrap();
        l.settle();
        assert_eq!(called.load(Ordering::SeqCst), 0);
        1
    });
}

/// Handles dropped by other threads around the end: the block is freed once.
#[test]
fn call_handles_dropped_away_against_the_end() {
    model(|l, drops| {
        let called = StdArc::new(StdUsize::new(0));
        let call = Spawn::new().call(l.home(), function(&drops, &called));
        let another = call.clone();
        let away = thread::spawn(move || {
            drop(another.clone());
            drop(another);
        });
        drop(call);
        l.turn();
        away.join().unwrap();
        l.settle();
        assert_eq!(called.load(Ordering::SeqCst), 1);
        1
    });
}

/// A call is made, cancelled and let go away, while its home turns.
#[test]
fn call_made_away_against_its_turn() {
    model(|l, drops| {
        let called = StdArc::new(StdUsize::new(0));
        let (remote, function) = (l.home().remote(), function(&drops, &called));
        let away = thread::spawn(move || {
            let call = Spawn::new().remote_call(&remote, function);
            drop(remote);
            cancel(&call)
        });
        l.turn();
        let cancelled = away.join().unwrap();
        l.settle();
        assert_eq!(called.load(Ordering::SeqCst), usize::from(!cancelled));
        1
    });
}

/// A call is sent to a home that closes: it is cancelled, and its function goes, wherever it is.
#[test]
fn call_close_against_a_remote_call() {
    model(|mut l, drops| {
        let called = StdArc::new(StdUsize::new(0));
        let (remote, function) = (l.home().remote(), function(&drops, &called));
        let away = thread::spawn(move || {
            let call = Spawn::new().remote_call(&remote, function);
            (call.cancel(), call)
        });
        l.close();
        let (_, call) = away.join().unwrap();
        assert!(call.is_cancelled());
        assert_eq!((drops.count(), called.load(Ordering::SeqCst)), (1, 0));
        drop(call);
        1
    });
}

/// Adds a callback that counts its turn.
fn add(task: &Task, drops: &Drops, called: &StdArc<StdUsize>) {
    let function = function(drops, called);
    task.add_done_callback(move |_| function());
}

/// Added away around the end of a bound task, a callback has its turn once.
#[test]
fn callback_added_away_against_the_end() {
    model(|l, drops| {
        let called = StdArc::new(StdUsize::new(0));
        let counted = drops.counted();
        let handle = Spawn::new().bound(l.home(), async move { drop(Output::new(counted)) });
        let task = handle.task();
        drop(handle);
        let (of, told) = (drops.clone(), called.clone());
        let away = thread::spawn(move || add(&task, &of, &told));
        l.turn();
        away.join().unwrap();
        l.settle();
        assert_eq!(called.load(Ordering::SeqCst), 1);
        2
    });
}

/// The same of a free task that another thread ends.
#[test]
fn callback_added_against_the_end_of_a_free_task() {
    model(|l, drops| {
        let called = StdArc::new(StdUsize::new(0));
        let counted = drops.counted();
        let handle = Spawn::new().free(&l.home().remote(), async move { drop(counted) });
        let task = handle.task();
        drop(handle);
        let shared = l.shared.clone();
        let away = thread::spawn(move || shared.run_free());
        add(&task, &drops, &called);
        assert!(away.join().unwrap());
        drop(task);
        l.settle();
        assert_eq!(called.load(Ordering::SeqCst), 1);
        2
    });
}

/// Added away while the home closes: it is dropped, and not called.
#[test]
fn callback_added_away_against_close() {
    model(|mut l, drops| {
        let called = StdArc::new(StdUsize::new(0));
        let counted = drops.counted();
        let handle = Spawn::new().bound(l.home(), async move { drop(counted) });
        let task = handle.task();
        drop(handle);
        let (of, told) = (drops.clone(), called.clone());
        let away = thread::spawn(move || add(&task, &of, &told));
        l.close();
        away.join().unwrap();
        assert_eq!(called.load(Ordering::SeqCst), 0);
        2
    });
}

/// Removed away around the end: it is dropped there, or has its turn.
#[test]
fn callback_removed_away_against_the_end() {
    model(|l: Loop, drops| {
        let called = StdArc::new(StdUsize::new(0));
        let handle = Spawn::new().bound(l.home(), async {});
        let task = handle.task();
        drop(handle);
        let function = function(&drops, &called);
        let id = task.add_done_callback(move |_| function());
        let away = thread::spawn(move || task.remove_done_callback(id));
        l.turn();
        let removed = away.join().unwrap();
        l.settle();
        assert_eq!(called.load(Ordering::SeqCst), usize::from(!removed));
        1
    });
}
