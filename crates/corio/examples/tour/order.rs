//! The order of turns.

use std::cell::RefCell;
use std::rc::Rc;

use crate::page::Page;

const SOURCE: &str = include_str!("order.rs");

/// Lets three tasks write into one string, a letter a turn.
pub async fn stop(page: &mut Page) -> Result<(), corio::task::JoinError> {
    page.stop("Turns: first come, first served");
    page.say("A loop runs what is ready, in the order in which it became ready. yield_now costs");
    page.say("exactly one turn.");
    page.code(SOURCE, "order");
    // [order]
    let line = Rc::new(RefCell::new(String::new()));
    let tasks = ["a", "b", "c"].map(|letter| {
        let line = Rc::clone(&line);
        corio::spawn_local(async move {
            for _ in 0..5 {
                line.borrow_mut().push_str(letter);
                corio::yield_now().await;
            }
        })
    });
    for task in tasks {
        task.await?;
    }
    // [end]
    page.result(line.borrow());
    Ok(())
}
