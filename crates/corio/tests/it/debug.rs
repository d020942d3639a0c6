//! What debug mode writes into the log.

use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use corio::Builder;
use log::{Level, LevelFilter, Metadata, Record};

use crate::util::{assert_passed, in_child, inside_child};

/// Keeps every line.
struct Lines(Mutex<Vec<(Level, String, String)>>);

static LINES: Lines = Lines(Mutex::new(Vec::new()));

impl log::Log for Lines {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let line = (record.level(), record.target().to_owned(), record.args().to_string());
        self.0.lock().unwrap().push(line);
    }

    fn flush(&self) {}
}

fn lines_of(target: &str) -> Vec<(Level, String)> {
    let lines = std::mem::take(&mut *LINES.0.lock().unwrap());
    lines.into_iter().filter(|line| line.1 == target).map(|line| (line.0, line.2)).collect()
}

/// The logger and the limit are the process's, so a process of its own.
#[test]
fn a_slow_poll_is_warned_of() {
    if !inside_child() {
        return assert_passed(&in_child("debug::a_slow_poll_is_warned_of", &[]));
    }
    log::set_logger(&LINES).unwrap();
    log::set_max_level(LevelFilter::Trace);
    corio_trace::set_slow_poll(Duration::from_millis(20));

    let slow = || async {
        let task = corio::task::Builder::new().name("slow").spawn(async {
            thread::sleep(Duration::from_millis(25));
        });
        corio::spawn(async {}).await.unwrap();
        task.await.unwrap();
    };
    Builder::new().debug(false).run(slow());
    assert_eq!(lines_of("corio::slow"), [], "off, it is silent");

    Builder::new().debug(true).run(slow());
    let lines = lines_of("corio::slow");
    assert_eq!(lines.len(), 1, "{lines:?}");
    let (level, text) = &lines[0];
    assert_eq!(*level, Level::Warn);
    let begins = format!("Executing <Task name='slow' spawned at {}:", file!());
    assert!(text.starts_with(&begins) && text.ends_with(" seconds"), "{text}");

    // The main future is a task like the others.
    Builder::new().debug(true).run(async { thread::sleep(Duration::from_millis(25)) });
    let lines = lines_of("corio::slow");
    assert_eq!(lines.len(), 1, "{lines:?}");
}

#[test]
fn the_lives_of_tasks_are_told() {
    if !inside_child() {
        return assert_passed(&in_child("debug::the_lives_of_tasks_are_told", &[]));
    }
    log::set_logger(&LINES).unwrap();
    log::set_max_level(LevelFilter::Debug);
    Builder::new().debug(true).run(async {
        let parent = corio::task::current().unwrap().id();
        let task = corio::task::Builder::new().name("told").spawn(async {});
        let id = task.info().id();
        task.await.unwrap();
        let panics = corio::spawn(async { panic!("told, too") });
        let panicked = panics.info().id();
        drop(panics.await);
        let lines: Vec<String> =
            lines_of("corio::task").into_iter().map(|(_, text)| text).collect();
        let created = lines.iter().find(|line| line.contains("<Task name='told'")).unwrap();
        assert!(created.ends_with(&format!("created by Task-{parent}")), "{created}");
        assert!(lines.contains(&format!("Task-{id} returned")), "{lines:?}");
        assert!(lines.contains(&format!("Task-{panicked} panicked")), "{lines:?}");
    });
}

/// The switch is the process's.
#[test]
fn stacks_show_waits_and_where_a_panic_went() {
    if !inside_child() {
        return assert_passed(&in_child("debug::stacks_show_waits_and_where_a_panic_went", &[]));
    }
    Builder::new().debug(true).run(async {
        let hour = Duration::from_secs(3600);
        let waits = corio::spawn(corio::debug::scope("fetch", async move {
            let both = async { corio::join!(corio::sleep(hour), std::future::pending::<()>()) };
            corio::timeout(hour, both).await.unwrap();
        }));
        let panics = corio::spawn(corio::debug::scope("outer", async {
            corio::yield_now().await;
            corio::debug::scope("inner", async { panic!("on purpose") }).await;
        }));
        let (waits_task, panics_task) = (waits.task(), panics.task());
        drop(panics.await);

        let stack = waits_task.stack();
        // Waits have no names; the limit's own sleep is among them.
        let names: Vec<_> =
            stack[1..].iter().map(|frame| frame.name).filter(|name| !name.is_empty()).collect();
        assert_eq!(names, ["fetch", "timeout", "join!"]);
        let text = |task: &corio::task::Task, limit| {
            let mut text = Vec::new();
            task.print_stack(limit, &mut text).unwrap();
            String::from_utf8(text).unwrap()
        };
        let all = text(&waits_task, None);
        assert!(all.starts_with("Stack for <Task pending "), "{all}");
        assert!(all.contains("(most recent call last):\n"), "{all}");
        // The limit's own sleep is shown where the limit was set.
        let here = format!("waits: sleep at {}:", file!());
        assert_eq!(all.matches(&here).count(), 2, "{all}");
        assert_eq!(text(&waits_task, Some(1)).lines().count(), 2, "the newest frame");

        let names: Vec<_> = panics_task.stack().iter().map(|frame| frame.name).collect();
        assert_eq!(names[1..], ["outer", "inner"]);
        let oldest = text(&panics_task, Some(2));
        assert!(oldest.starts_with("Traceback for ") && oldest.contains("'outer'"), "{oldest}");
        assert!(!oldest.contains("'inner'"), "{oldest}");

        waits.abort();
        drop(waits.await);
        assert!(text(&waits_task, None).starts_with("No stack for "));
    });
}

/// The switch is the process's.
#[test]
fn tasks_from_before_the_switch_are_known_as_late() {
    if !inside_child() {
        let name = "debug::tasks_from_before_the_switch_are_known_as_late";
        return assert_passed(&in_child(name, &[]));
    }
    Builder::new().debug(false).run(async {
        let before = corio::spawn(std::future::pending::<()>());
        corio::yield_now().await;
        let known = |id| corio::debug::tasks().tasks.into_iter().find(|task| task.id == id);
        assert!(known(before.task().id()).is_none(), "off, nothing is recorded");
        corio::debug::set(true);
        let after = corio::spawn(std::future::pending::<()>());
        corio::yield_now().await;
        corio::yield_now().await;
        assert_eq!(known(before.task().id()).map(|task| task.late), Some(true));
        let mut stack = Vec::new();
        before.task().print_stack(None, &mut stack).unwrap();
        let stack = String::from_utf8(stack).unwrap();
        assert_eq!(stack.lines().last(), Some("    waits since before debug mode"), "{stack}");
        assert!(stack.contains("spawned at ") && stack.contains(file!()), "{stack}");
        let graph = corio::debug::format_call_graph(&before.task(), None);
        assert!(graph.ends_with("\n  |     waits since before debug mode\n"), "{graph}");
        let me = corio::task::current().unwrap();
        let graph = corio::debug::format_call_graph(&me, None);
        assert!(!graph.contains("before debug mode"), "it is being polled: {graph}");
        assert_eq!(known(after.task().id()).map(|task| task.late), Some(false));
        let mut stack = Vec::new();
        after.task().print_stack(None, &mut stack).unwrap();
        assert!(!String::from_utf8(stack).unwrap().contains("before debug mode"));
        let graph = corio::debug::format_call_graph(&after.task(), None);
        assert!(!graph.contains("before debug mode"), "{graph}");
        let id = after.task().id();
        after.abort();
        drop(after.await);
        assert!(known(id).is_none(), "a task's record goes with it");
    });
}
