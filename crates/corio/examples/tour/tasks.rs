//! Tasks and their handles.

use std::rc::Rc;

use crate::page::Page;

const SOURCE: &str = include_str!("tasks.rs");

/// Spawns a task of each kind and awaits what it gives.
pub async fn stop(page: &mut Page) -> Result<(), corio::task::JoinError> {
    page.stop("Tasks and handles");
    page.say("A task runs beside the others. Its handle awaits the result.");
    page.code(SOURCE, "spawn");
    // [spawn]
    let task = corio::spawn(async { 6 * 7 });
    let answer = task.await?;
    // [end]
    page.result(format_args!("{answer}"));

    page.say("What is not Send may be spawned too; it stays on its loop.");
    page.code(SOURCE, "local");
    // [local]
    let text = Rc::new(String::from("an Rc, shared with a task"));
    let shared = Rc::clone(&text);
    let length = corio::spawn_local(async move { shared.len() }).await?;
    // [end]
    page.result(format_args!("{length} bytes in {text:?}"));

    page.say("A task has a name, and knows itself.");
    page.code(SOURCE, "name");
    // [name]
    let reader = corio::task::Builder::new().name("reader").spawn_local(async {
        let me = corio::task::current().expect("this runs in a task");
        format!("{}, spawned at {}", me.info().name(), me.info().location())
    });
    // [end]
    page.result(reader.await?);
    Ok(())
}
