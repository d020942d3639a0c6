//! Planted bugs: each program makes one mistake, and corio must name it; each has a corrected twin, of which
//! nothing may be said.
//!
//! A file a subject; a case has its name, the level and the target in the log, parts of the message, and both
//! programs. Whatever else a program says makes the case fail, as does a word about its twin; and where the
//! message is no error, one that is given without debug mode. All run in processes of their own. Beside them are
//! programs that do nothing wrong in ways that might look as if they did.

mod actions;
mod callbacks;
mod cancelled;
mod correct;
mod correct_outside;
mod destroyed;
mod hangs;
mod harness;
mod in_the_loop;
mod never_awaited;
mod never_retrieved;
mod page;
mod slow;
mod starved;
mod unclosed;
mod waits;
mod wrong_place;

use harness::Case;

/// How many there are at least, so that none goes unnoticed.
const CASES_MIN: usize = 100;

fn all() -> Vec<Case> {
    let groups: [&[Case]; 15] = [
        slow::CASES,
        never_awaited::CASES,
        never_retrieved::CASES,
        actions::CASES,
        destroyed::CASES,
        unclosed::CASES,
        callbacks::CASES,
        cancelled::CASES,
        hangs::CASES,
        waits::CASES,
        in_the_loop::CASES,
        wrong_place::CASES,
        starved::CASES,
        correct::CASES,
        correct_outside::CASES,
    ];
    groups.concat()
}

#[test]
fn every_planted_bug_is_named_and_nothing_is_said_of_its_fix() {
    harness::check_all(&all());
}

#[test]
fn there_are_a_hundred_and_each_has_its_name() {
    let mut names: Vec<&str> = all().iter().map(|case| case.name).collect();
    assert!(names.len() >= CASES_MIN, "{}", names.len());
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all().len());
}

#[test]
fn what_is_not_as_it_should_be_is_noticed() {
    harness::check_wrong();
}

/// What the others run in processes of their own; by itself it does nothing.
#[test]
fn child() {
    harness::run_child(&[&all(), harness::WRONG].concat());
}
