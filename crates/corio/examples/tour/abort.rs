//! Aborting a task: its future is dropped where it waits.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use crate::page::Page;

const SOURCE: &str = include_str!("abort.rs");

/// Lit while it is there.
struct Lamp(Rc<Cell<bool>>);

impl Lamp {
    fn new(lit: Rc<Cell<bool>>) -> Lamp {
        lit.set(true);
        Lamp(lit)
    }
}

impl Drop for Lamp {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

/// Aborts a task that would wait for an hour.
pub async fn stop(page: &mut Page) {
    page.stop("Abort drops a task where it waits");
    page.code(SOURCE, "abort");
    let lit = Rc::new(Cell::new(false));
    let switch = Rc::clone(&lit);
    // [abort]
    let task = corio::spawn_local(async {
        let _lamp = Lamp::new(switch); // goes out when it is dropped
        corio::sleep(Duration::from_secs(3600)).await;
    });
    corio::yield_now().await; // the task begins
    let before = lit.get();
    task.abort();
    let result = task.await;
    // [end]
    let state = |lit| if lit { "lit" } else { "out" };
    page.result(format_args!("the lamp was {} and is {}", state(before), state(lit.get())));
    if let Err(error) = result {
        page.result(format_args!("is_cancelled: {}, {error}", error.is_cancelled()));
    }
}
