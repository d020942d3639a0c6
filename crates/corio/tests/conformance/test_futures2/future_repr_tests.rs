//! What shows itself inside of itself.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use corio::Eventual;
use corio::task::Task;

/// The list of all tasks, a task among them whose result is that list.
#[corio::test(virtual_time)]
async fn test_recursive_repr_for_pending_tasks() {
    let lister = corio::spawn(async { corio::task::all() });
    let tasks: Vec<Task> = lister.await.unwrap();
    let shown = format!("{tasks:?}");
    assert!(shown.contains("Task"), "{shown}");
    assert!(shown.len() < 10_000, "{} bytes", shown.len());
}

/// A value in which its own eventual stands.
#[derive(Clone, Debug, Default)]
struct Ring(Arc<Mutex<Option<Eventual<Ring, Infallible>>>>);

#[test]
fn a_value_that_has_its_own_eventual_inside_is_cut_off() {
    let ring = Ring::default();
    let eventual = Eventual::ready(ring.clone());
    *ring.0.lock().unwrap() = Some(eventual.clone());
    let shown = format!("{eventual:?}");
    assert!(shown.starts_with("<Eventual finished result=Ring("), "{shown}");
    assert!(shown.contains("...") && shown.len() < 250, "{shown}");
    // The ring is opened, or it would never go.
    ring.0.lock().unwrap().take();
}
