//! Trees and tables of a program's tasks, as `corio pstree` and `corio ps` draw them.
//!
//! CPython's tests feed tables of (thread, tasks) to the drawing; so do these, as reports.

mod test_asyncio_tools_basic;
mod test_asyncio_tools_edge_cases;
mod test_asyncio_tools_tree;

use corio_inspect::Report;
use corio_inspect::report::{Awaiter, TaskReport};
use corio_inspect::tree::{self, Cycles, Marks};

/// A task's number and name, and who awaits it: frames, the innermost first, and number.
type Task<'a> = (u64, &'a str, &'a [(&'a [&'a str], u64)]);

/// A report of threads with tasks.
fn report(threads: &[(i64, &[Task<'_>])]) -> Report {
    let task = |thread: i64, &(id, name, awaited_by): &Task<'_>| TaskReport {
        id,
        thread,
        name: name.to_owned(),
        awaited_by: awaited_by
            .iter()
            .map(|&(stack, task)| Awaiter {
                task,
                stack: stack.iter().map(|&frame| frame.to_owned()).collect(),
            })
            .collect(),
        ..TaskReport::default()
    };
    let tasks = threads
        .iter()
        .flat_map(|&(thread, tasks)| tasks.iter().map(move |given| task(thread, given)))
        .collect();
    Report { tasks, ..Report::default() }
}

fn trees(threads: &[(i64, &[Task<'_>])]) -> Result<Vec<Vec<String>>, Cycles> {
    tree::draw(&report(threads), Marks::default())
}

/// What a row of the table says beside the task's own stack.
fn rows(threads: &[(i64, &[Task<'_>])]) -> Vec<(i64, u64, String, String, String, u64)> {
    corio_inspect::table::rows(&report(threads))
        .into_iter()
        .map(|row| {
            (row.thread, row.task, row.name, row.awaiter_chain, row.awaiter_name, row.awaiter)
        })
        .collect()
}

/// A row as it is expected.
fn row(
    thread: i64,
    task: u64,
    name: &str,
    chain: &str,
    awaiter: &str,
    id: u64,
) -> (i64, u64, String, String, String, u64) {
    (thread, task, name.to_owned(), chain.to_owned(), awaiter.to_owned(), id)
}
