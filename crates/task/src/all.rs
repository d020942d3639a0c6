//! The list of a home's tasks, for people and for whoever ends them in an orderly way.
//!
//! It is made of the registry, which also has tasks that have ended while somebody refers to them; and
//! of the roots that have not been entered there yet.

use crate::bound::flags;
use crate::home::Home;
use crate::task::{Task, current_raw};

impl Home {
    /// The tasks that live here and have not ended, the oldest first. One that was spawned from another
    /// thread is among them when the home has opened its mail.
    pub fn all(&self) -> Vec<Task> {
        let local = self.local();
        let mut tasks = Vec::with_capacity(local.registry.len());
        let mut slot = 0;
        while let Some((at, task)) = local.registry.next_from(slot) {
            if !flags(task).is_done() {
                tasks.push(Task::of(task));
            }
            slot = at + 1;
        }
        // A root in its first poll is in no list yet: it is the current task, or polls the current one.
        for task in [local.outermost.get(), current_raw()].into_iter().flatten() {
            if self.is_home_of(task) && !tasks.iter().any(|listed| listed.is(task)) {
                tasks.push(Task::of(task));
            }
        }
        tasks.sort_unstable_by_key(Task::id);
        tasks
    }
}
