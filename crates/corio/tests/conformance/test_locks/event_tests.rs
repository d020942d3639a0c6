//! asyncio's event: [`Event`].

use std::rc::Rc;

use corio::sync::Event;
use corio::{EventLoop, JoinHandle, spawn_local};

use crate::support::{Seen, turn};

/// A task that waits for the event and writes its number down.
fn waiter(event: &Rc<Event>, seen: &Seen<u32>, number: u32) -> JoinHandle<()> {
    let (event, seen) = (event.clone(), seen.clone());
    spawn_local(async move {
        event.wait().await;
        seen.push(number);
    })
}

#[corio::test(virtual_time)]
async fn test_repr() {
    let event = Rc::new(Event::new());
    assert_eq!(format!("{event:?}"), "Event [unset]");
    let task = waiter(&event, &Seen::new(), 1);
    turn().await;
    assert_eq!(format!("{event:?}"), "Event [unset, waiters:1]");
    event.set();
    assert_eq!(format!("{event:?}"), "Event [set]");
    task.await.unwrap();
}

/// A task that finds the event set when it first runs is before those who were woken.
#[corio::test(virtual_time)]
async fn test_wait() {
    let (event, seen) = (Rc::new(Event::new()), Seen::new());
    assert!(!event.is_set());
    let first = waiter(&event, &seen, 1);
    let second = waiter(&event, &seen, 2);
    turn().await;
    assert!(seen.all().is_empty());

    let third = waiter(&event, &seen, 3);
    event.set();
    turn().await;
    assert_eq!(seen.all(), [3, 1, 2]);
    assert!(first.is_finished() && second.is_finished() && third.is_finished());
}

#[corio::test(virtual_time)]
async fn test_wait_on_set() {
    let event = Event::new();
    event.set();
    let others = Seen::new();
    let other = others.clone();
    EventLoop::current().call_soon(move || other.push(()));
    event.wait().await;
    assert_eq!(others.len(), 0, "at once: nobody else had a turn");
}

#[corio::test(virtual_time)]
async fn test_wait_cancel() {
    let event = Rc::new(Event::new());
    let wait = waiter(&event, &Seen::new(), 1);
    let cancelled = wait.task();
    EventLoop::current().call_soon(move || {
        cancelled.cancel(());
    });
    assert!(wait.await.unwrap_err().is_cancelled());
    assert_eq!(format!("{event:?}"), "Event [unset]", "nobody waits");
}

#[corio::test(virtual_time)]
async fn test_clear() {
    let event = Event::new();
    assert!(!event.is_set());
    event.set();
    assert!(event.is_set());
    event.clear();
    assert!(!event.is_set());
}
