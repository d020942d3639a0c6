//! The word of `free.rs`: a free task between threads.

use std::future::poll_fn;
use std::sync::Arc as StdArc;
use std::task::{Poll, Waker};

use corio_base::loom::sync::Arc;
use corio_base::loom::sync::atomic::{AtomicUsize, Ordering};
use corio_base::loom::thread;
use corio_task::{JoinHandle, Spawn};

use crate::support::{Drops, Loop, Output, flag, model, poll, wakes};

/// A free task that waits for `flag`, polled once; and its waker.
fn waiting_free(l: &Loop, flag: &Arc<AtomicUsize>, drops: &Drops) -> (JoinHandle<()>, Waker) {
    let kept = StdArc::new(std::sync::Mutex::new(None));
    let (left, flag, counted) = (kept.clone(), flag.clone(), drops.counted());
    // A plain field that each poll writes: loom finds two polls at a time, or one that does not see
    // the other.
    let plain = loom::cell::UnsafeCell::new(0);
    let handle = Spawn::new().free(
        &l.home().remote(),
        poll_fn(move |context| {
            let _ = &counted;
            // SAFETY: polls exclude each other, which is what loom checks here.
            plain.with_mut(|plain| unsafe { *plain += 1 });
            if flag.load(Ordering::Relaxed) == 1 {
                return Poll::Ready(());
            }
            left.lock().unwrap().get_or_insert_with(|| context.waker().clone());
            Poll::Pending
        }),
    );
    l.shared.run_free();
    let waker = kept.lock().unwrap().take().unwrap();
    (handle, waker)
}

/// A wake against the poll on another thread: not lost, and its news is seen.
#[test]
fn free_wake_against_poll() {
    for by_value in [true, false] {
        model(move |l, drops| {
            let flag = flag();
            let (handle, waker) = waiting_free(&l, &flag, &drops);
            waker.wake_by_ref();
            let away = thread::spawn(move || {
                flag.store(1, Ordering::Relaxed);
                if by_value { waker.wake() } else { waker.wake_by_ref() }
            });
            l.shared.run_free();
            away.join().unwrap();
            while l.shared.run_free() {}
            assert!(handle.is_finished(), "a lost wake");
            1
        });
    }
}

/// Two threads run what is queued while a third wakes: polls exclude and see each other.
#[test]
fn free_polls_on_two_threads() {
    model(|l, drops| {
        let flag = flag();
        let (handle, waker) = waiting_free(&l, &flag, &drops);
        waker.wake_by_ref();
        let shared = l.shared.clone();
        let runner = thread::spawn(move || {
            shared.run_free();
        });
        let away = thread::spawn(move || {
            flag.store(1, Ordering::Relaxed);
            waker.wake();
        });
        l.shared.run_free();
        runner.join().unwrap();
        away.join().unwrap();
        while l.shared.run_free() {}
        assert!(handle.is_finished(), "a lost wake");
        1
    });
}

/// A wake against the completion: nothing is queued, nothing is freed too early.
#[test]
fn free_wake_against_complete() {
    model(|l, drops| {
        let flag = flag();
        let (handle, waker) = waiting_free(&l, &flag, &drops);
        drop(handle);
        flag.store(1, Ordering::Relaxed);
        waker.wake_by_ref();
        let another = waker.clone();
        let away = thread::spawn(move || another.wake());
        l.shared.run_free();
        drop(waker);
        away.join().unwrap();
        while l.shared.run_free() {}
        1
    });
}

/// An abort against the poll: the future is dropped once, and never while it is polled.
#[test]
fn free_abort_against_poll() {
    model(|l, drops| {
        let flag = flag();
        let (handle, waker) = waiting_free(&l, &flag, &drops);
        waker.wake();
        let task = handle.task();
        let away = thread::spawn(move || task.abort());
        l.shared.run_free();
        away.join().unwrap();
        while l.shared.run_free() {}
        assert!(handle.is_finished());
        1
    });
}

/// A joiner that asks, and asks again, against the completion: woken, or it finds the output.
#[test]
fn free_joiner_against_complete() {
    for same_waker in [true, false] {
        model(move |l, drops| {
            let counted = drops.counted();
            let mut handle =
                Spawn::new().free(&l.home().remote(), async move { Output::new(counted) });
            let shared = l.shared.clone();
            let runner = thread::spawn(move || {
                shared.run_free();
            });
            let (first, one) = wakes();
            let (second, two) = wakes();
            let (last, last_waker) = if same_waker { (&first, &one) } else { (&second, &two) };
            let mut output = poll(&mut handle, &one);
            if output.is_none() {
                output = poll(&mut handle, last_waker);
            }
            runner.join().unwrap();
            if output.is_none() {
                assert_eq!(last.0.load(Ordering::SeqCst), 1, "pending, and never woken");
                assert!(poll(&mut handle, last_waker).unwrap().is_ok());
            }
            drop((handle, one, two));
            let left = StdArc::strong_count(&first) + StdArc::strong_count(&second);
            assert_eq!(left, 2, "no joiner's waker is left");
            1
        });
    }
}

/// A handle dropped against the completion, with a joiner in its slot: the output goes once.
#[test]
fn free_handle_drop_against_complete() {
    model(|l, drops| {
        let counted = drops.counted();
        let mut handle = Spawn::new().free(&l.home().remote(), async move { Output::new(counted) });
        let (wakes, waker) = wakes();
        assert!(poll(&mut handle, &waker).is_none());
        drop(waker);
        let shared = l.shared.clone();
        let runner = thread::spawn(move || {
            shared.run_free();
        });
        drop(handle);
        runner.join().unwrap();
        assert_eq!(StdArc::strong_count(&wakes), 1, "no joiner's waker is left");
        1
    });
}

/// Two threads give up the last references.
#[test]
fn free_releases_of_two_threads() {
    model(|l, drops| {
        let flag = flag();
        let (handle, waker) = waiting_free(&l, &flag, &drops);
        flag.store(1, Ordering::Relaxed);
        waker.wake_by_ref();
        l.shared.run_free();
        let away = thread::spawn(move || drop(waker));
        drop(handle);
        away.join().unwrap();
        1
    });
}

/// The home closes while another thread wakes: the task ends here or there, once.
#[test]
fn free_close_against_wake() {
    model(|mut l, drops| {
        let flag = flag();
        let (handle, waker) = waiting_free(&l, &flag, &drops);
        let away = thread::spawn(move || waker.wake());
        l.close();
        away.join().unwrap();
        assert!(handle.is_finished());
        1
    });
}

/// A task woken in its poll is submitted again while the home closes, which may end the task, and the
/// home with it, before the call returns.
#[test]
fn free_close_against_submit() {
    model(|mut l, drops| {
        let counted = drops.counted();
        drop(Spawn::new().free(
            &l.home().remote(),
            poll_fn(move |context| {
                let _ = &counted;
                context.waker().wake_by_ref();
                Poll::<()>::Pending
            }),
        ));
        let task = l.shared.pop_free().unwrap();
        let runner = thread::spawn(move || {
            task.run();
        });
        l.close();
        runner.join().unwrap();
        1
    });
}
