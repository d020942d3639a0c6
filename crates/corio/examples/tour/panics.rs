//! A panic that is caught.

use crate::page::Page;

const SOURCE: &str = include_str!("panics.rs");

/// Lets a task panic, and goes on.
pub async fn stop(page: &mut Page) {
    page.stop("A panic ends its task, not the program");
    page.code(SOURCE, "panic");
    // The hook would print the panic in the middle of the page.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    // [panic]
    let task = corio::spawn(async {
        let shelf: Vec<u8> = Vec::new();
        shelf[7]
    });
    let result = task.await;
    // [end]
    std::panic::set_hook(hook);
    match result {
        Ok(byte) => page.result(format_args!("no panic, but {byte}")),
        Err(error) => page.result(format_args!("is_panic: {}, {error}", error.is_panic())),
    }
}
