//! The inspector from outside: reports as text, there and back.

mod child;
mod doors;
mod drawings;
mod folder;
mod hostile;
mod many;
mod serving;

use corio_inspect::Report;
use corio_inspect::report::{Awaiter, TaskReport};

/// A task with this name, awaited by others: their number and their frames, the innermost first.
pub(crate) fn task(id: u64, name: &str, awaited_by: &[(u64, &[&str])]) -> TaskReport {
    let awaiter = |&(task, stack): &(u64, &[&str])| Awaiter {
        task,
        stack: stack.iter().map(|&frame| frame.to_owned()).collect(),
    };
    TaskReport {
        id,
        name: name.to_owned(),
        awaited_by: awaited_by.iter().map(awaiter).collect(),
        ..TaskReport::default()
    }
}

/// A report of these tasks.
pub(crate) fn report(tasks: Vec<TaskReport>) -> Report {
    Report { tasks, ..Report::default() }
}
