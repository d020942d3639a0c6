//! Planted bugs: each program makes one mistake, and corio must name it; each has a corrected twin, of which
//! nothing may be said.
//!
//! A file a subject; a case has its name, the log target, parts of the message, and both programs. All run
//! in processes of their own. A bug that corio cannot name yet has no case here.

mod callbacks;
mod cancelled;
mod destroyed;
mod hangs;
mod harness;
mod never_awaited;
mod never_retrieved;
mod page;
mod slow;
mod unclosed;
mod wrong_place;

use harness::Case;

/// How many there are at least, so that none goes unnoticed.
const CASES_MIN: usize = 50;

fn all() -> Vec<Case> {
    let groups: [&[Case]; 9] = [
        slow::CASES,
        never_awaited::CASES,
        never_retrieved::CASES,
        destroyed::CASES,
        unclosed::CASES,
        callbacks::CASES,
        cancelled::CASES,
        hangs::CASES,
        wrong_place::CASES,
    ];
    groups.concat()
}

#[test]
fn every_planted_bug_is_named_and_nothing_is_said_of_its_fix() {
    harness::check_all(&all());
}

#[test]
fn there_are_fifty_and_each_has_its_name() {
    let mut names: Vec<&str> = all().iter().map(|case| case.name).collect();
    assert!(names.len() >= CASES_MIN, "{}", names.len());
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all().len());
}

/// What the others run in processes of their own; by itself it does nothing.
#[test]
fn child() {
    harness::run_child(&all());
}
