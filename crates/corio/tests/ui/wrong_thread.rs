//! What belongs to a loop's thread does not leave it.

use std::rc::Rc;
use std::thread;
use std::time::Duration;

use corio::EventLoop;

fn event_loop() {
    let event_loop = EventLoop::current();
    thread::spawn(move || event_loop.call_soon(|| {}));
}

fn timer() {
    let timer = EventLoop::current().call_later(Duration::ZERO, || {});
    thread::spawn(move || timer.cancel());
}

fn runtime(runtime: corio::Runtime) {
    thread::spawn(move || runtime.block_on(async {}));
}

fn local_result() {
    let task = corio::spawn_local(async { Rc::new(1) });
    thread::spawn(move || task.abort());
}

fn callback() {
    let count = Rc::new(1);
    EventLoop::current().handle().call_soon_threadsafe(move || drop(count));
}

fn main() {}
