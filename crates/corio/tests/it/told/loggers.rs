//! Loggers that use the runtime that they are told of.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use corio::task::Builder as Named;
use corio::{Builder, debug};
use corio_trace::recent;

use super::{alone, beside, lines};

/// What a program does wrong, on several targets.
async fn mistakes() {
    drop(corio::spawn(async { panic!("oops") }));
    drop(corio::task::Builder::new());
    corio::EventLoop::current().call_soon(|| panic!("in a callback"));
    corio::yield_now().await;
    corio::yield_now().await;
}

#[track_caller]
fn check_all_told() {
    let told: Vec<String> = lines().into_iter().map(|(_, target, _)| target).collect();
    for target in ["task", "coroutine", "loop"] {
        assert!(told.iter().any(|of| of == target), "nothing of {target} in {told:?}");
    }
}

#[test]
fn one_that_spawns_from_each_line() {
    alone("loggers::one_that_spawns_from_each_line", || {
        let spawned = Rc::new(Cell::new(0));
        let ran = Rc::new(Cell::new(0));
        let (counts, runs) = (spawned.clone(), ran.clone());
        Builder::new().debug(true).run(async move {
            beside(move |record| {
                // A task a line; its own life is told of in lines, which end.
                if record.level() <= log::Level::Warn && counts.get() < 100 {
                    counts.set(counts.get() + 1);
                    let runs = runs.clone();
                    drop(corio::spawn_local(async move { runs.set(runs.get() + 1) }));
                }
            });
            mistakes().await;
            corio::yield_now().await;
        });
        assert!(spawned.get() >= 3, "{}", spawned.get());
        assert_eq!(spawned.get(), ran.get());
        check_all_told();
    });
}

/// Each line of a task's life begins another task: an avalanche, if lines within lines were told.
#[test]
fn one_that_spawns_from_each_line_of_a_task_s_life() {
    alone("loggers::one_that_spawns_from_each_line_of_a_task_s_life", || {
        let lines = Rc::new(Cell::new(0));
        let counts = lines.clone();
        Builder::new().debug(true).run(async move {
            beside(move |record| {
                counts.set(counts.get() + 1);
                let is_first = record.args().to_string().contains("first");
                if record.target() == "corio::task" && (is_first || counts.get() < 50) {
                    drop(corio::spawn_local(async {}));
                }
            });
            corio::task::Builder::new().name("first").spawn_local(async {}).await.unwrap();
        });
        assert!(lines.get() < 10_000, "{}", lines.get());
    });
}

#[test]
fn one_that_panics_at_every_line() {
    alone("loggers::one_that_panics_at_every_line", || {
        let value = Builder::new().debug(true).run(async {
            beside(|_| panic!("a logger that panics"));
            mistakes().await;
            drop(corio::try_spawn(async { Err::<(), u8>(1) }));
            let task = corio::spawn(async { 7 });
            let value = task.await.unwrap();
            beside(|_| {});
            value
        });
        assert_eq!(value, 7);
        check_all_told();
    });
}

/// The time that it takes is its own, and not that of the task which is polled next: that one would be told of, and
/// then the next.
#[test]
fn one_that_blocks_makes_no_other_poll_slow() {
    const SLOW: Duration = Duration::from_millis(400);
    const BLOCKS: Duration = Duration::from_millis(700);
    alone("loggers::one_that_blocks_makes_no_other_poll_slow", || {
        debug::set_slow_poll(SLOW);
        Builder::new().debug(true).run(async {
            beside(|record| {
                if record.target() == "corio::slow" {
                    std::thread::sleep(BLOCKS);
                }
            });
            let named = |name: &str| Named::new().name(name);
            let slow = named("slow").spawn_local(async { std::thread::sleep(BLOCKS) });
            let quick: Vec<_> =
                (0..5).map(|_| named("quick").spawn_local(corio::yield_now())).collect();
            slow.await.unwrap();
            for task in quick {
                task.await.unwrap();
            }
            corio::EventLoop::current().call_soon(|| std::thread::sleep(BLOCKS));
            for _ in 0..3 {
                corio::yield_now().await;
            }
            beside(|_| {});
        });
        // The watchdog may add a stack to the first one later on, which is then what was told last.
        let mut told = recent::slow_polls();
        told.sort_by_key(|poll| poll.number);
        let told: Vec<_> = told.into_iter().map(|poll| poll.name).collect();
        // A callback has no name.
        assert_eq!(told, [Some("slow".to_owned()), None]);
    });
}

#[test]
fn one_that_blocks_makes_its_loop_wait_and_no_more() {
    alone("loggers::one_that_blocks_makes_its_loop_wait_and_no_more", || {
        Builder::new().debug(true).run(async {
            beside(|record| {
                if record.level() <= log::Level::Warn {
                    std::thread::sleep(Duration::from_millis(5));
                }
            });
            mistakes().await;
            beside(|_| {});
        });
        check_all_told();
    });
}
