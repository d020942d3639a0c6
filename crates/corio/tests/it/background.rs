//! Runtimes on threads of their own.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;

use corio::{Builder, Clock};

use crate::util::{HOUR, MS, bounded};

/// Counts drops.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn its_thread_has_the_name_it_was_given() {
    bounded(|| {
        for (builder, name) in
            [(Builder::new(), "corio"), (Builder::new().thread_name("worker"), "worker")]
        {
            let background = builder.start().unwrap();
            let task =
                background.handle().spawn(async { thread::current().name().map(str::to_owned) });
            assert_eq!(background.handle().block_on(task).unwrap().as_deref(), Some(name));
        }
    });
}

#[test]
fn dropping_it_ends_its_tasks_on_its_thread() {
    bounded(|| {
        let drops = Arc::<AtomicUsize>::default();
        let background = Builder::new().start().unwrap();
        let tasks: Vec<_> = (0..100)
            .map(|_| {
                let counted = Counted(drops.clone());
                background.handle().spawn(async move {
                    corio::sleep(HOUR).await;
                    drop(counted);
                })
            })
            .collect();
        let handle = background.handle().clone();
        handle.block_on(handle.spawn(async {})).unwrap();
        drop(background);
        assert_eq!(drops.load(Ordering::SeqCst), 100, "the drop waits for them");
        for task in tasks {
            assert!(handle.block_on(task).unwrap_err().is_cancelled());
        }
    });
}

#[test]
fn dropped_inside_one_of_its_own_tasks_it_does_not_wait_for_itself() {
    bounded(|| {
        let background = Builder::new().start().unwrap();
        let handle = background.handle().clone();
        let (send, receive) = mpsc::channel();
        handle.spawn(async move {
            drop(background);
            send.send(()).unwrap();
        });
        receive.recv().unwrap();
        while !handle.spawn(async {}).is_finished() {
            thread::yield_now();
        }
    });
}

#[test]
fn dropped_inside_another_runtime_s_task() {
    bounded(|| {
        corio::run(async {
            let background = Builder::new().start().unwrap();
            let task = background.handle().spawn(async { 1 });
            assert_eq!(task.await.unwrap(), 1);
            drop(background);
            corio::sleep(MS).await;
        });
    });
}

#[test]
fn a_panic_of_a_task_does_not_end_it() {
    bounded(|| {
        let background = Builder::new().start().unwrap();
        let handle = background.handle();
        let panics = handle.spawn(async { panic!("the task's") });
        assert!(handle.block_on(panics).unwrap_err().is_panic());
        assert_eq!(handle.block_on(handle.spawn(async { 2 })).unwrap(), 2);
    });
}

#[test]
fn it_goes_by_the_clock_of_its_builder() {
    bounded(|| {
        let background = Builder::new().clock(Clock::virtual_time()).start().unwrap();
        let handle = background.handle();
        handle.block_on(handle.spawn(corio::sleep(1000 * HOUR))).unwrap();
    });
}

#[test]
fn many_begin_and_end() {
    bounded(|| {
        let ran = Arc::<AtomicBool>::default();
        for _ in 0..50 {
            let background = Builder::new().start().unwrap();
            let ran = ran.clone();
            // Ended, or refused: dropped at once there is no promise that it runs.
            drop(background.handle().spawn(async move { ran.store(true, Ordering::SeqCst) }));
        }
    });
}
