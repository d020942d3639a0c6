//! What the book shows of a task's waits: for the tests of every crate that leaves word of what it waits for,
//! which take this file in as a module of theirs.

use corio_trace::book;

/// What the book shows of the waits of a task in whose poll `work` is done.
pub(crate) fn waits_in_a_task<R>(
    work: impl FnOnce() -> R,
) -> (R, Box<dyn Fn() -> Vec<book::NodeRecord>>) {
    let place = std::panic::Location::caller();
    let id = u64::from(std::process::id()) << 32 | u64::from(line!());
    let birth = book::TaskBirth { id, parent: 0, place, type_name: "", home: 0, late: false };
    let page = book::TaskPage::new(&birth);
    let done = {
        let _entered = page.enter(id);
        work()
    };
    let waits = move || {
        let _open = &page;
        let task = book::snapshot().tasks.into_iter().find(|task| task.id == id);
        task.expect("it has a page").waits
    };
    (done, Box::new(waits))
}
