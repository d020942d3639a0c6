//! A reader of the book beside threads that write it, and while the switch is turned.

use std::panic::Location;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use corio_trace::book::{
    Frame, FrameKind, Leaf, NodeKind, NodeRecord, TaskBirth, TaskPage, TaskRecord, snapshot,
};
use corio_trace::{Wait, WaitKind, set_enabled};

use super::switch;

/// Far from the numbers of other tests' tasks.
const FIRST: u64 = 1 << 40;
/// What each of the writers makes: together some 100,000 tasks.
const TASKS: u64 = 50_000;
const WRITERS: u64 = 2;
/// Tasks that a writer has at a time: more than a thread keeps numbers for, so that they wander.
const AT_A_TIME: usize = 700;

/// Every part of a task's records is told by its number.
const TYPES: [&str; 3] = ["one", "another future", "x"];

fn type_of(id: u64) -> &'static str {
    TYPES[(id % 3) as usize]
}

fn home_of(id: u64) -> usize {
    (id % 1000) as usize + 1
}

/// A task that waits within a frame.
struct Waiting {
    id: u64,
    page: TaskPage,
    frame: Frame,
    leaf: Leaf,
}

impl Waiting {
    fn new(id: u64, place: &'static Location<'static>) -> Waiting {
        let (parent, home) = (id * 2, home_of(id));
        let birth = TaskBirth { id, parent, place, type_name: type_of(id), home, late: false };
        let mut task =
            Waiting { id, page: TaskPage::new(&birth), frame: Frame::new(), leaf: Leaf::new() };
        task.poll(place);
        task
    }

    fn poll(&mut self, place: &'static Location<'static>) {
        let _polled = self.page.enter(self.id);
        let _entered = self.frame.enter(|| (FrameKind::Scope, type_of(self.id), place));
        let (object, owner) = (self.id as usize * 3, Some(self.id * 5));
        self.leaf.wait(|| Wait { kind: WaitKind::Lock, object, owner, place });
    }
}

/// Makes and ends tasks; some of them end in another order than they began.
fn write(first: u64, place: &'static Location<'static>) {
    let mut tasks: Vec<Waiting> = Vec::new();
    for id in first..first + TASKS {
        if tasks.len() == AT_A_TIME {
            let at = (id * 7) as usize % AT_A_TIME;
            let mut task = tasks.swap_remove(at);
            task.poll(place);
            // Its tokens go in any order.
            if id % 2 == 0 {
                task.page.close();
            }
        }
        tasks.push(Waiting::new(id, place));
    }
}

fn check(task: &TaskRecord) {
    let id = task.id;
    assert_eq!((task.type_name, task.home), (type_of(id), home_of(id)), "of {id}");
    assert_eq!(task.parent, Some(id * 2), "of {id}");
    assert!(task.polls <= 2, "{} polls of {id}", task.polls);
    task.waits.iter().for_each(|node| check_node(node, id));
}

fn check_node(node: &NodeRecord, id: u64) {
    match node.kind {
        NodeKind::Frame(kind) => {
            assert_eq!((kind, node.name), (FrameKind::Scope, type_of(id)), "of {id}");
        }
        NodeKind::Wait(kind) => {
            assert_eq!((kind, node.object), (WaitKind::Lock, id * 3), "of {id}");
            assert_eq!(node.owner, Some(id * 5), "of {id}");
        }
    }
    node.children.iter().for_each(|child| check_node(child, id));
}

#[test]
fn a_reader_finds_whole_records_of_one_task_each() {
    let _switch = switch();
    let place = Location::caller();
    let writing = AtomicU64::new(WRITERS);
    let looks = AtomicU64::new(0);
    let is_off = AtomicBool::new(false);
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let writing = &writing;
            scope.spawn(move || {
                write(FIRST + writer * TASKS, place);
                writing.fetch_sub(1, Ordering::Relaxed);
            });
        }
        scope.spawn(|| {
            while writing.load(Ordering::Relaxed) > 0 {
                let seen = snapshot();
                seen.tasks.iter().filter(|task| task.id >= FIRST).for_each(check);
                looks.fetch_add(1, Ordering::Relaxed);
                set_enabled(!is_off.fetch_not(Ordering::Relaxed));
            }
        });
    });
    set_enabled(true);
    assert!(looks.load(Ordering::Relaxed) > 0);
    let left = snapshot().tasks.into_iter().filter(|task| task.id >= FIRST).count();
    assert_eq!(left, 0, "tasks that have ended");
}
