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
