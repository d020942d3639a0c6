//! How a loop ends.

use std::cell::RefCell;
use std::future::pending;
use std::rc::Rc;
use std::sync::mpsc;

use corio_base::park::ThreadPark;
use corio_executor::{Executor, JoinHandle, current, with_current, yield_now};

use crate::support::{Drops, FakePark, away, executor};
use crate::telling::telling;

#[test]
fn dropped_with_tasks_it_drops_them_all() {
    let (executor, _) = executor();
    let drops = Drops::new();
    let handles: Vec<JoinHandle<()>> = (0..100)
        .map(|n| {
            let counted = drops.counted();
            executor.spawn_local(async move {
                let _counted = counted;
                if n % 2 == 0 {
                    yield_now().await;
                }
                pending::<()>().await;
            })
        })
        .collect();
    executor.block_on(yield_now());
    drop(executor);
    drops.assert(100);
    for mut handle in handles {
        assert!(handle.try_take().unwrap().unwrap_err().is_cancelled());
    }
}

#[test]
fn handles_alive_elsewhere_say_cancelled() {
    let (executor, _) = executor();
    let handle = executor.handle();
    let ended = executor.spawn_local(async { 4 });
    executor.block_on(yield_now());
    let waiting = executor.spawn_local(pending::<()>());
    let asking = std::thread::scope(|scope| {
        let (asked, is_asked) = mpsc::channel();
        let asking = scope.spawn(move || {
            let waiting = telling(waiting, || asked.send(()).unwrap());
            corio_base::park::block_on(waiting).unwrap_err().is_cancelled()
        });
        is_asked.recv().unwrap();
        drop(executor);
        asking.join().unwrap()
    });
    assert!(asking);
    away(move || {
        assert_eq!(corio_base::park::block_on(ended).unwrap(), 4);
        let late = handle.spawn(async { unreachable!("polled") });
        let error = corio_base::park::block_on(late).unwrap_err();
        assert!(error.is_cancelled());
        assert!(!handle.is_here());
    });
}

#[test]
fn destructors_may_spawn_while_it_ends() {
    struct Spawns(Drops, Rc<RefCell<Vec<&'static str>>>);
    impl Drop for Spawns {
        fn drop(&mut self) {
            let counted = self.0.counted();
            let spawned = with_current(|core| {
                core.spawn_local(async move {
                    let _counted = counted;
                })
            });
            let handle = spawned.expect("its loop is the current one");
            assert!(handle.is_finished(), "it ends at once");
            drop(handle);
            // Making, running and ending a loop is as good here as anywhere.
            let other = Executor::new(ThreadPark::new());
            assert_eq!(other.block_on(async { 6 }), 6);
            self.1.borrow_mut().push("dropped");
        }
    }
    let (executor, _) = executor();
    let (drops, log) = (Drops::new(), Rc::default());
    let spawns = Spawns(drops.clone(), Rc::clone(&log));
    drop(executor.spawn_local(async move {
        let _spawns = spawns;
        pending::<()>().await;
    }));
    executor.block_on(yield_now());
    drop(executor);
    drops.assert(1);
    assert_eq!(*log.borrow(), ["dropped"]);
    assert!(current().is_none());
}

/// A task that is refused is dropped by the one who spawned it, where it may do anything.
#[test]
fn the_destructor_of_a_refused_task_may_do_anything() {
    struct Busy(Rc<RefCell<usize>>);
    impl Drop for Busy {
        fn drop(&mut self) {
            let other = Executor::new(FakePark::new());
            other.block_on(yield_now());
            drop(other.spawn_local(async {}));
            drop(other);
            with_current(|core| drop(core.spawn_local(async {})));
            *self.0.borrow_mut() += 1;
        }
    }
    struct Spawns(Option<Busy>);
    impl Drop for Spawns {
        fn drop(&mut self) {
            let busy = self.0.take();
            with_current(|core| drop(core.spawn_local(async move { drop(busy) })));
        }
    }
    let (executor, _) = executor();
    let count = Rc::new(RefCell::new(0));
    let spawns = Spawns(Some(Busy(count.clone())));
    drop(executor.spawn_local(async move {
        let _spawns = spawns;
        pending::<()>().await;
    }));
    executor.block_on(yield_now());
    drop(executor);
    assert_eq!(*count.borrow(), 1);
}

#[test]
fn tasks_that_hold_their_own_loop_do_not_keep_it() {
    let (executor, _) = executor();
    let drops = Drops::new();
    let (counted, core) = (drops.counted(), executor.core().clone());
    let weak = Rc::downgrade(executor.core());
    drop(executor.spawn_local(async move {
        let _kept = (counted, core);
        pending::<()>().await;
    }));
    drop(executor);
    drops.assert(1);
    assert!(weak.upgrade().is_none());
}

#[test]
fn a_loop_kept_by_its_core_only_refuses() {
    let (executor, _) = executor();
    let core = executor.core().clone();
    drop(executor);
    let mut handle = core.spawn_local(async {});
    assert!(handle.try_take().unwrap().unwrap_err().is_cancelled());
    assert_eq!(core.turn().polls, 0);
    assert!(!core.has_work());
}

#[test]
fn in_a_thread_local_it_ends_with_its_thread() {
    thread_local! {
        static KEPT: RefCell<Option<Executor<FakePark>>> = const { RefCell::new(None) };
    }
    let drops = Drops::new();
    let counted = drops.counted();
    away(move || {
        KEPT.with(|_| {});
        let executor = Executor::new(FakePark::new());
        drop(executor.spawn_local(async move {
            let _counted = counted;
            pending::<()>().await;
        }));
        executor.block_on(yield_now());
        KEPT.set(Some(executor));
    });
    drops.assert(1);
}

#[test]
fn what_it_keeps_goes_last_and_may_come_back_or_panic() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("on purpose");
        }
    }
    /// Comes back to its loop when it is dropped.
    struct Returns(Rc<RefCell<Vec<JoinHandle<()>>>>);
    impl Drop for Returns {
        fn drop(&mut self) {
            let core = current().expect("its loop is the active one");
            assert!(core.kept(|_| 0_u8).is_none(), "nothing is kept any more");
            self.0.borrow_mut().push(core.spawn_local(async {}));
        }
    }
    let (executor, _) = executor();
    let handles = Rc::<RefCell<Vec<JoinHandle<()>>>>::default();
    let drops = Drops::new();
    assert!(executor.core().kept(|_| Bomb).is_some());
    assert!(executor.core().kept(|_| Returns(handles.clone())).is_some());
    let counted = executor.core().kept(|_| drops.counted()).unwrap();
    assert!(Rc::ptr_eq(&counted, &executor.core().kept(|_| drops.counted()).unwrap()));
    drop(counted);
    drop(executor);
    drops.assert(1);
    let mut refused = handles.take();
    assert_eq!(refused.len(), 1);
    assert!(refused[0].try_take().unwrap().unwrap_err().is_cancelled());
}
