//! Task groups: no child outlives its scope, and one that fails takes its siblings with it.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use corio::{TaskGroup, cancel};

use crate::page::Page;

const SOURCE: &str = include_str!("groups.rs");

/// Counts the children that have cleaned up.
async fn child(cleaned: Rc<Cell<u32>>) {
    let hour = corio::sleep(Duration::from_secs(3600));
    if let Err(cancelled) = cancel::catch(hour).await {
        corio::sleep(Duration::from_millis(5)).await;
        cleaned.set(cleaned.get() + 1);
        cancelled.resume().await
    }
}

/// Lets one of several children fail.
pub async fn stop(page: &mut Page) {
    page.stop("A task group leaks no task");
    page.code(SOURCE, "group");
    let cleaned = Rc::new(Cell::new(0));
    let count = Rc::clone(&cleaned);
    // [group]
    let result = TaskGroup::try_scope(|group| async move {
        for _ in 0..3 {
            group.spawn_local(child(Rc::clone(&count)));
        }
        group.try_spawn(async { "twelve".parse::<u32>() });
        Ok(())
    })
    .await;
    // [end]
    match result {
        Ok(()) => page.result("nobody failed"),
        Err(error) => page.result(format_args!("{error}")),
    }
    page.result(format_args!("{} siblings were cancelled, and had cleaned up", cleaned.get()));
}
