//! A runtime as other threads, and other runtimes, have it.

use std::sync::mpsc;
use std::thread;

use corio::net::TcpListener;
use corio::{Builder, Handle};
use futures::future::join_all;

use crate::util::bounded;

const LOCAL: ([u8; 4], u16) = ([127, 0, 0, 1], 0);

#[test]
fn other_threads_spawn_and_both_sides_await() {
    bounded(|| {
        corio::run(async {
            let handle = Handle::current();
            let home = thread::current().id();
            let (send, receive) = futures::channel::oneshot::channel();
            let threads: Vec<_> = (0..4)
                .map(|n| {
                    let handle = handle.clone();
                    thread::spawn(move || {
                        let task = handle.spawn(async move { (n, thread::current().id()) });
                        handle.block_on(task).unwrap()
                    })
                })
                .collect();
            thread::spawn(move || {
                let results: Vec<_> =
                    threads.into_iter().map(|thread| thread.join().unwrap()).collect();
                send.send(results).unwrap();
            });
            let results = receive.await.unwrap();
            assert_eq!(results, [0, 1, 2, 3].map(|n| (n, home)), "the tasks ran on the loop");
        });
    });
}

#[test]
fn a_thousand_spawns_from_four_threads() {
    bounded(|| {
        corio::run(async {
            let (send, receive) = mpsc::channel();
            for part in 0..4 {
                let (handle, send) = (Handle::current(), send.clone());
                thread::spawn(move || {
                    let tasks: Vec<_> =
                        (0..250).map(|n| handle.spawn(async move { part * 250 + n })).collect();
                    send.send(tasks).unwrap();
                });
            }
            drop(send);
            let tasks: Vec<_> = receive.iter().flatten().collect();
            let mut all: Vec<i32> = join_all(tasks).await.into_iter().map(Result::unwrap).collect();
            all.sort_unstable();
            assert_eq!(all, (0..1000).collect::<Vec<_>>());
        });
    });
}

#[test]
fn after_the_runtime_is_gone_everything_says_cancelled() {
    bounded(|| {
        let runtime = Builder::new().build().unwrap();
        let handle = runtime.handle().clone();
        let waiting = handle.spawn(async {});
        drop(runtime);
        let check = move || {
            assert!(handle.block_on(waiting).unwrap_err().is_cancelled(), "never polled");
            assert!(handle.spawn(async {}).is_finished());
            assert!(handle.block_on(handle.spawn(async {})).unwrap_err().is_cancelled());
            // The future of block_on is the caller's, and runs.
            assert_eq!(handle.block_on(async { 1 }), 1);
            let _entered = handle.enter();
            let task = corio::spawn(async {});
            assert!(handle.block_on(task).unwrap_err().is_cancelled());
            let bound = futures::executor::block_on(TcpListener::bind(LOCAL));
            assert!(bound.unwrap_err().to_string().contains("has ended"));
        };
        thread::spawn(check).join().unwrap();
    });
}

#[test]
fn an_entered_handle_is_the_current_one_until_its_guard_goes() {
    bounded(|| {
        let (one, two) = (Builder::new().start().unwrap(), Builder::new().start().unwrap());
        let thread_of = |handle: &Handle| {
            handle.block_on(handle.spawn(async { thread::current().id() })).unwrap()
        };
        let current = || {
            let task = corio::spawn(async { thread::current().id() });
            futures::executor::block_on(task).unwrap()
        };
        let reactor = || corio_reactor::current::try_handle();
        {
            let _one = one.handle().enter();
            assert_eq!(current(), thread_of(one.handle()));
            {
                let _two = two.handle().enter();
                assert_eq!(current(), thread_of(two.handle()));
                assert!(reactor().is_some());
            }
            assert_eq!(current(), thread_of(one.handle()));
        }
        assert!(Handle::try_current().is_none());
        assert!(reactor().is_none());
    });
}

#[test]
fn what_block_on_spawns_and_opens_is_the_runtime_s() {
    bounded(|| {
        let background = Builder::new().start().unwrap();
        background.handle().block_on(async {
            let theirs = background
                .handle()
                .spawn(async { corio_reactor::current::try_handle().unwrap() })
                .await
                .unwrap();
            assert!(corio_reactor::current::handle().unwrap().is_same(&theirs));
            let listener = TcpListener::bind(LOCAL).await.unwrap();
            let address = listener.local_addr().unwrap();
            let client = corio::spawn(async move {
                let stream = corio::net::TcpStream::connect(address).await.unwrap();
                stream.write_all(b"ping").await.unwrap();
            });
            let (stream, _) = listener.accept().await.unwrap();
            let mut buffer = [0; 4];
            stream.read_exact(&mut buffer).await.unwrap();
            assert_eq!(&buffer, b"ping");
            client.await.unwrap();
            corio::sleep(crate::util::MS).await;
        });
    });
}

/// An entered handle is the current one also inside another runtime's task, and whole: its loop and
/// its reactor, not one of each.
#[test]
fn a_handle_entered_inside_another_runtime() {
    bounded(|| {
        let other = Builder::new().start().unwrap();
        let others = other.handle().block_on(other.handle().spawn(async {
            (thread::current().id(), corio_reactor::current::try_handle().unwrap())
        }));
        let (others_thread, others_reactor) = others.unwrap();
        corio::run(async {
            let mine = corio_reactor::current::try_handle().unwrap();
            let entered = other.handle().enter();
            assert!(corio_reactor::current::try_handle().unwrap().is_same(&others_reactor));
            let through_spawn = corio::spawn(async { thread::current().id() });
            let through_current = Handle::current().spawn(async { thread::current().id() });
            drop(entered);
            assert_eq!(through_spawn.await.unwrap(), others_thread);
            assert_eq!(through_current.await.unwrap(), others_thread);
            assert!(corio_reactor::current::try_handle().unwrap().is_same(&mine));
            let again = corio::spawn(async { thread::current().id() });
            assert_eq!(again.await.unwrap(), thread::current().id());
        });
    });
}

/// A runtime that runs where a handle is entered is the current one meanwhile.
#[test]
fn a_runtime_run_inside_an_entered_handle() {
    bounded(|| {
        let other = Builder::new().start().unwrap();
        let _entered = other.handle().enter();
        corio::run(async {
            let here = corio::spawn(async { thread::current().id() });
            assert_eq!(here.await.unwrap(), thread::current().id());
            let here = Handle::current().spawn(async { thread::current().id() });
            assert_eq!(here.await.unwrap(), thread::current().id());
        });
        let there = corio::spawn(async { thread::current().id() });
        assert_ne!(other.handle().block_on(there).unwrap(), thread::current().id());
    });
}
