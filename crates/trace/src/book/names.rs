//! Names that tasks were given, for readers on other threads. Most tasks have none, so this is a table
//! beside the records.

use std::collections::HashMap;
#[cfg(not(loom))]
use std::sync::LazyLock;
use std::sync::{Arc, PoisonError};

use corio_base::loom::sync::{Mutex, MutexGuard};

use crate::book::snapshot;

type Names = HashMap<u64, Arc<str>>;

#[cfg(not(loom))]
static NAMES: LazyLock<Mutex<Names>> = LazyLock::new(Mutex::default);

#[cfg(loom)]
loom::lazy_static! {
    static ref NAMES: Mutex<Names> = Mutex::default();
}

fn names() -> MutexGuard<'static, Names> {
    NAMES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Notes that task `id` is called `name`; for whoever gives it that name while the switch is on.
pub fn set_name(id: u64, name: &str) {
    let name = Arc::from(name);
    let before = names().insert(id, name);
    drop(before);
}

/// Task `id` is no more, or has lost its name.
pub fn forget_name(id: u64) {
    let before = names().remove(&id);
    drop(before);
}

pub(crate) fn name(id: u64) -> Option<Arc<str>> {
    names().get(&id).cloned()
}

/// How task `id` is called in messages: `<Task name='Task-3' spawned at src/main.rs:10:5>`; `None`
/// if the book does not know it. It looks through the whole arena: for reports, not for polls.
pub fn task_label(id: u64) -> Option<String> {
    let location = snapshot::place_of(id)?;
    let name = name(id);
    Some(crate::TaskLabel { id, name: name.as_deref(), location }.to_string())
}
