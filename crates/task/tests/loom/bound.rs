//! The ledger of `ledger.rs`, and the flags of `flags.rs` behind it: a bound task and other threads.

use std::future::poll_fn;
use std::sync::Arc as StdArc;
use std::task::{Poll, Waker};

use corio_base::loom::sync::atomic::Ordering;
use corio_base::loom::thread;
use corio_task::{RemoteHome, Spawn};

use crate::support::{Drops, Loop, Output, Unparks, flag, model, poll, waiting, wakes};

fn wake(waker: Waker, by_value: bool) {
    if by_value {
        waker.wake();
    } else {
        waker.wake_by_ref();
        drop(waker);
    }
}

/// A wake is never lost, and what was written before it is seen by the poll it causes.
#[test]
fn bound_wake_against_poll() {
    for by_value in [true, false] {
        model(move |l, drops| {
            let flag = flag();
            let (handle, waker) = waiting(&l, &flag, &drops);
            let away = thread::spawn(move || {
                flag.store(1, Ordering::Relaxed);
                wake(waker, by_value);
            });
            l.turn();
            l.turn();
            away.join().unwrap();
            l.settle();
            assert!(handle.is_finished(), "a lost wake");
            1
        });
    }
}

/// Two threads wake at a time: the second one's news may travel with the first one's mail.
#[test]
fn bound_wakes_of_two_threads_against_poll() {
    model(|l, drops| wakes_of_two_threads(l, drops, true));
    model(|l, drops| wakes_of_two_threads(l, drops, false));
}

fn wakes_of_two_threads(l: Loop, drops: Drops, by_value: bool) -> usize {
    let (first, second) = (flag(), flag());
    let kept = StdArc::new(std::sync::Mutex::new(None));
    let (left, counted) = (kept.clone(), drops.counted());
    let (one, two) = (first.clone(), second.clone());
    let handle = Spawn::new().bound(
        l.home(),
        poll_fn(move |context| {
            let _ = &counted;
            left.lock().unwrap().get_or_insert_with(|| context.waker().clone());
            match one.load(Ordering::Relaxed) + two.load(Ordering::Relaxed) {
                2 => Poll::Ready(()),
                _ => Poll::Pending,
            }
        }),
    );
    l.turn();
    let waker = kept.lock().unwrap().take().unwrap();
    let threads = [first, second].map(|flag| {
        let waker = waker.clone();
        thread::spawn(move || {
            flag.store(1, Ordering::Relaxed);
            wake(waker, by_value);
        })
    });
    drop(waker);
    l.turn();
    for thread in threads {
        thread.join().unwrap();
    }
    l.settle();
    assert!(handle.is_finished(), "a lost wake");
    drop(handle);
    // What the closure left behind in `kept` is a waker of its own.
    drop(kept);
    1
}

/// A waker made at home is dropped away while the task ends: the count is carried, or settled.
#[test]
fn bound_foreign_drop_against_the_end() {
    model(|l, drops| {
        let flag = flag();
        let (handle, waker) = waiting(&l, &flag, &drops);
        let another = waker.clone();
        drop(handle);
        let away = thread::spawn(move || drop(another));
        flag.store(1, Ordering::Relaxed);
        waker.wake();
        l.turn();
        away.join().unwrap();
        l.settle();
        assert_eq!(l.home().tasks(), 0, "all of its references were counted back");
        1
    });
}

/// One thread's drop sends the mail, the other one's wake goes with it.
#[test]
fn bound_drop_and_wake_of_two_threads() {
    model(|l, drops| {
        let flag = flag();
        let (handle, waker) = waiting(&l, &flag, &drops);
        let another = waker.clone();
        let one = thread::spawn(move || drop(another));
        let two = thread::spawn(move || {
            flag.store(1, Ordering::Relaxed);
            waker.wake();
        });
        l.turn();
        one.join().unwrap();
        two.join().unwrap();
        l.settle();
        assert!(handle.is_finished(), "a lost wake");
        drop(handle);
        assert_eq!(l.home().tasks(), 0);
        1
    });
}

/// Wakers cloned and dropped on two threads, both ways, while the task ends.
#[test]
fn bound_counts_of_two_threads_against_the_end() {
    model(|l, drops| {
        let flag = flag();
        let (handle, waker) = waiting(&l, &flag, &drops);
        let threads = [waker.clone(), waker.clone()].map(|waker| {
            thread::spawn(move || {
                let another = waker.clone();
                drop(waker);
                another
            })
        });
        drop(handle);
        flag.store(1, Ordering::Relaxed);
        waker.wake();
        l.turn();
        // Made away, dropped at home.
        for thread in threads {
            drop(thread.join().unwrap());
        }
        l.settle();
        assert_eq!(l.home().tasks(), 0);
        1
    });
}

/// A wake crosses the end of its task: the mail finds it done, or keeps it from being freed.
#[test]
fn bound_wake_against_the_end() {
    for by_value in [true, false] {
        model(move |l, drops| {
            let flag = flag();
            let (handle, waker) = waiting(&l, &flag, &drops);
            let another = waker.clone();
            drop(handle);
            let away = thread::spawn(move || wake(another, by_value));
            flag.store(1, Ordering::Relaxed);
            waker.wake();
            l.turn();
            away.join().unwrap();
            1
        });
    }
}

/// The home closes and settles while another thread wakes, clones and drops.
#[test]
fn bound_close_against_wake() {
    for by_value in [true, false] {
        model(move |mut l, drops| {
            let flag = flag();
            let (handle, waker) = waiting(&l, &flag, &drops);
            let away = thread::spawn(move || {
                if by_value {
                    waker.wake();
                } else {
                    let another = waker.clone();
                    another.wake_by_ref();
                    drop(waker);
                    drop(another);
                }
            });
            drop(handle);
            l.close();
            away.join().unwrap();
            1
        });
    }
}

/// The same by two threads.
#[test]
fn bound_close_against_wakes_of_two_threads() {
    model(|mut l, drops| {
        let flag = flag();
        let (handle, waker) = waiting(&l, &flag, &drops);
        let another = waker.clone();
        let one = thread::spawn(move || waker.wake());
        let two = thread::spawn(move || drop(another));
        drop(handle);
        l.close();
        one.join().unwrap();
        two.join().unwrap();
        1
    });
}

/// A handle polled away is woken by the end, whichever comes first, and finds the output.
#[test]
fn bound_join_against_the_end() {
    model(|l, drops| {
        let counted = drops.counted();
        let mut handle = Spawn::new().bound(l.home(), async move { Output::new(counted) });
        let away = thread::spawn(move || {
            let (wakes, waker) = wakes();
            let output = poll(&mut handle, &waker);
            (handle, wakes, waker, output)
        });
        l.turn();
        let (mut handle, wakes, waker, output) = away.join().unwrap();
        l.settle();
        if output.is_none() {
            assert_eq!(wakes.0.load(Ordering::SeqCst), 1, "pending, and never woken");
            assert!(poll(&mut handle, &waker).unwrap().is_ok());
        }
        drop(output);
        1
    });
}

/// The output is taken away while the home is still at the end of the task.
#[test]
fn bound_take_against_the_end() {
    model(|l, drops| {
        let counted = drops.counted();
        let mut handle = Spawn::new().bound(l.home(), async move { Output::new(counted) });
        let away = thread::spawn(move || {
            let taken = handle.try_take();
            drop(handle);
            drop(taken);
        });
        l.turn();
        away.join().unwrap();
        l.settle();
        assert_eq!(l.home().tasks(), 0);
        1
    });
}

/// A handle dropped away: the output is dropped once, by whoever it is left to.
#[test]
fn bound_detach_against_the_end() {
    model(|l, drops| {
        let counted = drops.counted();
        let handle = Spawn::new().bound(l.home(), async move { Output::new(counted) });
        let away = thread::spawn(move || drop(handle));
        l.turn();
        away.join().unwrap();
        l.settle();
        assert_eq!((drops.count(), l.home().tasks()), (1, 0));
        1
    });
}

/// The same while the home closes.
#[test]
fn bound_detach_against_close() {
    model(|mut l, drops| {
        let counted = drops.counted();
        let handle = Spawn::new().bound(l.home(), async move { Output::new(counted) });
        let away = thread::spawn(move || drop(handle));
        l.close();
        away.join().unwrap();
        1
    });
}

/// An abort from away against the poll that ends the task.
#[test]
fn bound_abort_against_poll() {
    model(|l, drops| {
        let flag = flag();
        let (handle, waker) = waiting(&l, &flag, &drops);
        let task = handle.task();
        let away = thread::spawn(move || {
            task.abort();
            drop(task);
        });
        flag.store(1, Ordering::Relaxed);
        waker.wake();
        l.turn();
        away.join().unwrap();
        l.settle();
        assert!(handle.is_finished());
        drop(handle);
        assert_eq!(l.home().tasks(), 0);
        1
    });
}

/// A task is spawned from away into a home that closes: it ends, and its handle learns of it.
#[test]
fn bound_close_against_spawn_and_join() {
    model(|mut l, drops| {
        let (remote, counted): (RemoteHome, _) = (l.home().remote(), drops.counted());
        let away = thread::spawn(move || {
            let mut handle = Spawn::new().remote(&remote, async move { Output::new(counted) });
            let waker = Waker::from(StdArc::new(Unparks(thread::current())));
            // Polls when woken, as an executor would. Loom reports a lost wake as a deadlock.
            while poll(&mut handle, &waker).is_none() {
                thread::park();
            }
        });
        l.close();
        away.join().unwrap();
        1
    });
}

/// The same, and the handle is dropped instead.
#[test]
fn bound_close_against_spawn_and_detach() {
    model(|mut l, drops| {
        let (remote, counted) = (l.home().remote(), drops.counted());
        let away = thread::spawn(move || {
            drop(Spawn::new().remote(&remote, async move { Output::new(counted) }));
        });
        l.close();
        away.join().unwrap();
        1
    });
}

/// A task that comes by mail, its handle dropped on a third thread meanwhile.
#[test]
fn bound_arrival_against_detach() {
    model(|l, drops| {
        let (remote, counted) = (l.home().remote(), drops.counted());
        let away = thread::spawn(move || {
            let handle = Spawn::new().remote(&remote, async move { Output::new(counted) });
            drop(remote);
            drop(handle);
        });
        l.turn();
        away.join().unwrap();
        l.settle();
        assert_eq!((drops.count(), l.home().tasks()), (1, 0));
        1
    });
}
