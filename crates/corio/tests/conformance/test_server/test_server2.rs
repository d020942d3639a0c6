//! Waiting until a server and its connections have ended.

use std::cell::RefCell;
use std::rc::Rc;

use corio::stream::{Server, StreamReader, StreamWriter, open_connection, start_server};
use corio::{EventLoop, JoinHandle, spawn_local};

use super::read_all;
use crate::sockets::{HERE, soon, until};
use crate::support::{turn, turns};

/// A task that waits for the server's end, and has begun to.
async fn waiter(server: &Rc<Server>) -> JoinHandle<()> {
    let server = server.clone();
    let task = spawn_local(async move { server.wait_closed().await });
    turn().await;
    task
}

#[corio::test]
async fn test_wait_closed_basic() {
    let server = Rc::new(start_server(read_all, HERE).await.unwrap());
    let task1 = waiter(&server).await;
    assert!(!task1.is_finished(), "not closed, no connection");

    let (_reader, writer) = open_connection(server.local_addr().unwrap()).await.unwrap();
    until(|| server.clients() == 1).await;
    let task2 = waiter(&server).await;
    assert!(!task1.is_finished() && !task2.is_finished(), "not closed, a connection");

    server.close();
    turn().await;
    let task3 = waiter(&server).await;
    let tasks = [task1, task2, task3];
    assert!(tasks.iter().all(|task| !task.is_finished()), "closed, a connection");

    writer.close();
    soon(writer.wait_closed()).await.unwrap();
    for task in tasks {
        soon(task).await.unwrap();
    }
    // It is ready at once.
    server.wait_closed().await;
}

#[corio::test]
async fn test_wait_closed_race() {
    let server = Rc::new(start_server(read_all, HERE).await.unwrap());
    let task = waiter(&server).await;
    assert!(!task.is_finished());
    let (_reader, writer) = open_connection(server.local_addr().unwrap()).await.unwrap();
    let event_loop = EventLoop::current();
    let closing = server.clone();
    event_loop.call_soon(move || closing.close());
    event_loop.call_soon(move || writer.close());
    soon(server.wait_closed()).await;
    soon(task).await.unwrap();
}

#[corio::test]
async fn test_close_clients() {
    let server = Rc::new(start_server(read_all, HERE).await.unwrap());
    let (_reader, writer) = open_connection(server.local_addr().unwrap()).await.unwrap();
    until(|| server.clients() == 1).await;
    let task = waiter(&server).await;
    assert!(!task.is_finished());
    server.close();
    server.close_clients();
    turns(2).await;
    assert!(task.is_finished());
    writer.close();
}

#[corio::test]
async fn test_abort_clients() {
    let (promise, served) = EventLoop::current().create_future::<Rc<StreamWriter>, ()>();
    let promise = RefCell::new(Some(promise));
    let handler = move |_: StreamReader, writer: StreamWriter| {
        let writer = Rc::new(writer);
        promise.take().expect("one client").set_result(writer.clone()).unwrap();
        async move { writer.wait_closed().await }
    };
    let server = Rc::new(start_server(handler, HERE).await.unwrap());
    let (_client_reader, client) = open_connection(server.local_addr().unwrap()).await.unwrap();
    let writer = soon(served).await.unwrap();
    // Nobody reads: at some point the system takes no more, and something stays unsent.
    while writer.write_buffer_size() == 0 {
        writer.write(&[b'a'; 1 << 20]);
        // As long as it takes some, what is left of a write goes out in the next turns.
        turns(16).await;
    }
    let task = waiter(&server).await;
    assert!(!task.is_finished());
    server.close();
    server.close_clients();
    turns(2).await;
    assert!(!task.is_finished(), "closing sends what is unsent first");
    server.abort_clients();
    turns(2).await;
    assert!(task.is_finished());
    client.close();
}
