//! Tasks that are destroyed where they wait, and what else is left unclosed.

use std::future::pending;
use std::time::Duration;

use corio::{Builder, Runtime};
use log::Level;

use super::{alone, lines, silence};

fn runtime() -> Runtime {
    Builder::new().debug(true).build().unwrap()
}

/// A runtime in which so many tasks wait.
fn waiting(count: usize) -> Runtime {
    let runtime = runtime();
    runtime.block_on(async {
        for number in 0..count {
            let name = format!("waits-{number}");
            drop(corio::task::Builder::new().name(name).spawn(pending::<()>()));
        }
        corio::yield_now().await;
    });
    runtime
}

#[test]
fn a_runtime_that_is_dropped_with_tasks() {
    alone("destroyed::a_runtime_that_is_dropped_with_tasks", || {
        let made = line!() - 12;
        drop(waiting(1));
        let lines = lines();
        assert_eq!(lines.len(), 2, "{lines:#?}");
        let (level, target, text) = &lines[0];
        assert_eq!((*level, target.as_str()), (Level::Error, "task"));
        let begins = "Task was destroyed but it is pending!\ntask: <Task pending name=\"waits-0\"";
        assert!(text.starts_with(begins), "{text}");
        let (level, target, text) = &lines[1];
        assert_eq!((*level, target.as_str()), (Level::Warn, "loop"));
        assert!(text.starts_with("ResourceWarning: unclosed event loop"), "{text}");
        assert!(text.contains("with 1 tasks") && text.contains(file!()), "{text} {made}");
    });
}

#[test]
fn of_many_the_first_are_named() {
    alone("destroyed::of_many_the_first_are_named", || {
        drop(waiting(20));
        let lines = lines();
        let named = lines.iter().filter(|line| line.2.contains("name=\"waits-")).count();
        assert_eq!((named, lines.len()), (16, 18), "{lines:#?}");
        assert!(lines[16].2.contains("4 more"), "{lines:#?}");
    });
}

#[test]
fn a_loop_that_is_closed_by_hand_with_tasks() {
    alone("destroyed::a_loop_that_is_closed_by_hand_with_tasks", || {
        let runtime = waiting(1);
        runtime.event_loop().close().unwrap();
        assert_eq!(lines().len(), 2);
        drop(runtime);
        silence();
    });
}

#[test]
fn who_means_it_is_told_nothing() {
    alone("destroyed::who_means_it_is_told_nothing", || {
        waiting(1).shutdown_background();
        waiting(1).shutdown_timeout(Duration::from_secs(10));
        drop(waiting(0));
        Builder::new().debug(true).run(async {
            drop(corio::spawn(pending::<()>()));
        });
        silence();
    });
}

#[test]
fn what_outlives_its_grace_is_told_of_once() {
    alone("destroyed::what_outlives_its_grace_is_told_of_once", || {
        let runtime = runtime();
        runtime.block_on(async {
            drop(corio::spawn(corio::cancel::mask(pending::<()>())));
            corio::yield_now().await;
        });
        runtime.shutdown_timeout(Duration::from_millis(1));
        let lines = lines();
        assert_eq!(lines.len(), 1, "{lines:#?}");
        assert!(lines[0].2.contains("did not end within 1ms"), "{lines:#?}");
    });
}
