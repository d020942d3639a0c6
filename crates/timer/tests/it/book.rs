//! What debug mode shows of sleeps and ticks.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use corio_timer::{Sleep, interval, sleep, sleep_until, sleep_with};
use corio_trace::WaitKind;
use corio_trace::book::{NodeKind, NodeRecord, TaskBirth, TaskPage, snapshot};

/// A time that no test waits out.
const LONG: Duration = Duration::from_secs(3600);

/// A task as the book knows it, without an executor.
struct FakeTask {
    id: u64,
    page: TaskPage,
}

impl FakeTask {
    fn new(id: u64) -> Self {
        corio_trace::set_enabled(true);
        let place = std::panic::Location::caller();
        let birth = TaskBirth { id, parent: 0, place, type_name: "FakeTask", home: 0, late: false };
        FakeTask { id, page: TaskPage::new(&birth) }
    }

    fn poll<F: Future + Unpin>(&self, future: &mut F) -> Poll<F::Output> {
        let _entered = self.page.enter(self.id);
        Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
    }

    fn waits(&self) -> Vec<NodeRecord> {
        let tasks = snapshot().tasks;
        tasks.into_iter().find(|task| task.id == self.id).expect("it has a page").waits
    }

    #[track_caller]
    fn shows(&self, lines: &[u32]) {
        let waits = self.waits();
        let mut shown: Vec<_> = waits.iter().map(|wait| wait.place.line()).collect();
        shown.sort_unstable();
        assert_eq!(shown, lines);
        let is_ours = |wait: &NodeRecord| {
            wait.kind == NodeKind::Wait(WaitKind::Sleep) && wait.place.file().ends_with("book.rs")
        };
        assert!(waits.iter().all(is_ours), "{waits:?}");
    }
}

#[track_caller]
fn on_behalf() -> &'static std::panic::Location<'static> {
    std::panic::Location::caller()
}

#[test]
fn sleeps_are_shown_where_they_were_made() {
    let task = FakeTask::new(1 << 41);
    let line = line!();
    let mut one = sleep(LONG);
    let mut two = sleep_until(Instant::now() + LONG);
    let mut three = sleep_with(LONG, 3);
    let quiet = sleep(LONG).unrecorded();
    let behalf = on_behalf();
    let mut four = sleep(LONG).placed(behalf);
    task.shows(&[]);
    assert!(task.poll(&mut one).is_pending() && task.poll(&mut two).is_pending());
    assert!(task.poll(&mut three).is_pending() && task.poll(&mut { quiet }).is_pending());
    task.shows(&[line + 1, line + 2, line + 3]);
    assert!(task.poll(&mut four).is_pending());
    let waits = task.waits();
    assert!(waits.iter().any(|wait| wait.place == behalf), "{waits:?}");
    drop(four);
    drop(three);
    one.reset_after(Duration::ZERO);
    two.reset(Instant::now() + 2 * LONG);
    task.shows(&[line + 1, line + 2]);
    assert!(task.poll(&mut one).is_pending(), "it lets others run once");
    assert!(task.poll(&mut one).is_ready() && one.is_elapsed());
    task.shows(&[line + 2]);
    drop(two);
    task.shows(&[]);
}

#[test]
fn a_sleep_moves_to_the_task_that_polls_it() {
    let (one, other) = (FakeTask::new(1 << 42), FakeTask::new(1 << 43));
    let mut moved = sleep(LONG);
    assert!(one.poll(&mut moved).is_pending());
    let other = thread::spawn(move || {
        assert!(other.poll(&mut moved).is_pending());
        (other, moved)
    });
    let (other, moved) = other.join().unwrap();
    assert_eq!((one.waits().len(), other.waits().len()), (0, 1));
    drop(moved);
    other.shows(&[]);
}

#[test]
fn a_tick_is_shown_where_it_is_waited_for() {
    let task = FakeTask::new(1 << 44);
    let mut ticks = interval(LONG);
    assert!(task.poll(&mut ticks.tick()).is_ready(), "the first comes at once");
    let line = line!() + 1;
    let mut tick = ticks.tick();
    assert!(task.poll(&mut tick).is_pending());
    task.shows(&[line]);
    drop(tick);
    task.shows(&[]);
    assert!(ticks.poll_tick(&mut Context::from_waker(Waker::noop())).is_pending());
    let wait = corio_trace::take_last_wait().expect("a poll form leaves a note");
    assert_eq!((wait.kind, wait.place.line()), (WaitKind::Sleep, line + 5));
}

#[test]
fn one_from_before_the_switch_is_not_shown_and_works() {
    let task = FakeTask::new(1 << 45);
    corio_trace::set_enabled(false);
    let mut early: Sleep = sleep(LONG);
    corio_trace::set_enabled(true);
    assert!(task.poll(&mut early).is_pending());
    task.shows(&[]);
}
