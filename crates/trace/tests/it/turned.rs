//! The switch is turned off and on again: what the book says from before may be over, and is not believed.

use std::panic::Location;

use corio_base::Time;
use corio_trace::book::{Held, Leaf};
use corio_trace::book::{TaskBirth, TaskPage, asked_to_end, graph, snapshot, task};
use corio_trace::{Wait, WaitKind, set_enabled, turned_on, turned_on_at};

use super::switch;

/// Far from the numbers of other tests' tasks.
const FIRST: u64 = 1 << 41;

fn page(id: u64) -> TaskPage {
    let place = Location::caller();
    TaskPage::new(&TaskBirth { id, parent: 0, place, type_name: "", home: 0, late: false })
}

/// A task that waits for the permit that it has.
fn waits_for_itself(id: u64) -> (TaskPage, Held, Leaf) {
    let (page, place) = (page(id), Location::caller());
    let (kind, object) = (WaitKind::Semaphore, id as usize);
    let entered = page.enter(id);
    let held = Held::take(kind, object, place);
    let mut leaf = Leaf::new();
    leaf.wait(|| Wait { kind, object, owner: None, place });
    drop(entered);
    (page, held, leaf)
}

fn is_stuck(id: u64) -> bool {
    let book = snapshot();
    graph::stuck(&book, &book.polled).contains(&vec![id, id])
}

#[test]
fn a_task_from_before_may_wait_for_something_else_as_well() {
    let _switch = switch();
    set_enabled(true);
    let before = waits_for_itself(FIRST);
    assert!(is_stuck(FIRST) && !task(FIRST).unwrap().late);
    set_enabled(false);
    set_enabled(true);
    assert!(task(FIRST).unwrap().late);
    assert!(!is_stuck(FIRST));
    // It may have a permit of any semaphore, which nobody has written down.
    let after = waits_for_itself(FIRST + 1);
    assert!(!is_stuck(FIRST + 1) && !task(FIRST + 1).unwrap().late);
    drop(before);
    assert!(is_stuck(FIRST + 1));
    drop(after);
    set_enabled(false);
}

#[test]
fn who_was_asked_to_end_before_may_have_been_told_to_go_on() {
    const ID: u64 = FIRST + 2;
    let is_known = || asked_to_end().iter().any(|&(id, _)| id == ID);
    let _switch = switch();
    set_enabled(true);
    let page = page(ID);
    page.note_asked(ID);
    assert!(is_known());
    // What is on stays on, and forgets nothing.
    set_enabled(true);
    assert!(is_known());
    set_enabled(false);
    set_enabled(true);
    assert!(!is_known());
    page.note_asked(ID);
    assert!(is_known());
    drop(page);
    set_enabled(false);
}

#[test]
fn each_turning_on_has_its_number_and_its_moment() {
    let _switch = switch();
    set_enabled(false);
    let before = turned_on();
    set_enabled(true);
    assert_eq!(turned_on(), before + 1);
    let at = turned_on_at();
    assert!(at > Time::ZERO);
    set_enabled(true);
    set_enabled(false);
    assert_eq!((turned_on(), turned_on_at()), (before + 1, at));
}
