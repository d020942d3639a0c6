//! How many requests, scopes and guards a task has: for those who ask why it does not end.

use crate::task::Task;

/// What is under way in a task because of cancellations; see [`Task::unwinding`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct Unwinding {
    /// Requests to the task, and to scopes in it, that have neither been answered nor taken back.
    pub requests: usize,
    /// Scopes that are known to concern requests. Most register only when there is one.
    pub scopes: usize,
    /// Guards that are alive: cleanup that has not ended.
    pub guards: usize,
}

impl Task {
    /// What is under way because of cancellations: all zeros for a task that nobody cancels.
    ///
    /// A task that was cancelled and does not end has guards (its cleanup takes long), or none, and
    /// then waits in a mask or for another task.
    pub fn unwinding(&self) -> Unwinding {
        let counts = self.with_tree(|tree| Unwinding {
            requests: tree.requests.len(),
            scopes: tree.scopes(),
            guards: tree.guards.len(),
        });
        counts.unwrap_or_default()
    }
}
