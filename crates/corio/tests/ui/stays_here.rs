//! What may go to another thread, or be borrowed for the life of a task, is asked of each way to begin one.

use std::rc::Rc;
use std::thread;

use corio::stream::protocol::Transport;
use corio::{Handle, TaskGroup};

fn of_a_handle(handle: Handle) {
    let text = Rc::new(String::new());
    handle.spawn(async move { text.len() });
}

fn threadsafe(handle: Handle) {
    let text = Rc::new(String::new());
    handle.run_coroutine_threadsafe(async move { text.len() });
}

fn of_a_pool() {
    let text = Rc::new(String::new());
    corio::spawn_blocking(move || text.len());
}

fn of_a_group(group: TaskGroup) {
    let text = Rc::new(String::new());
    group.spawn(async move { drop(text) });
}

fn fallible() {
    let text = Rc::new(String::new());
    corio::try_spawn(async move { text.parse::<u8>() });
}

fn error_without_words() {
    struct Silent;
    corio::try_spawn(async { Err::<(), Silent>(Silent) });
}

fn transport(transport: Transport) {
    thread::spawn(move || transport.close());
}

fn entered(handle: Handle) {
    let entered = handle.enter();
    thread::spawn(move || drop(entered));
}

fn borrowed() {
    let text = String::new();
    corio::spawn(async { text.len() });
}

fn main() {}
