//! The loop as a future inside foreign runtimes.

use std::cell::{Cell, RefCell};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use corio_embed_tests::{Host, TokioCurrent, bounded};
use corio_executor::{Guest, yield_now};
use corio_reactor::Io;
use corio_timer::sleep;
use futures::channel::{mpsc, oneshot};
use futures::future::{join_all, poll_fn};
use futures::stream::StreamExt;

use crate::net;

const MS: Duration = Duration::from_millis(1);

in_every_host! {
    a_thousand_tasks,
    timers_and_sockets_go_to_the_fallback,
    tasks_of_the_host_and_tasks_of_the_guest_await_each_other,
    other_threads_wake_and_spawn,
    a_guest_pauses_and_goes_on,
    tasks_that_are_left_end_with_the_guest,
    panics_and_aborts_stay_with_their_tasks,
}

fn a_thousand_tasks<H: Host>() {
    H::block_on(async {
        let guest = Guest::new();
        let sum = Rc::new(Cell::new(0u64));
        let tasks: Vec<_> = (0..1000)
            .map(|n| {
                let sum = sum.clone();
                guest.spawn_local(async move {
                    for _ in 0..3 {
                        yield_now().await;
                    }
                    // Not Send, and spawned from within.
                    let inner = corio::spawn_local(async move { sum.set(sum.get() + n) });
                    inner.await.unwrap();
                })
            })
            .collect();
        guest.run(join_all(tasks)).await.into_iter().for_each(|result| result.unwrap());
        assert_eq!(sum.get(), 999 * 1000 / 2);
    });
}

fn timers_and_sockets_go_to_the_fallback<H: Host>() {
    H::block_on(async {
        let guest = Guest::new();
        let task = guest.spawn_local(async {
            assert!(corio_timer::current::get().is_none());
            assert!(corio_reactor::current::try_handle().is_none());
            sleep(2 * MS).await;
            let (client, server) = net::connection().await;
            let server = corio::spawn_local(net::echo(server));
            client.write_all(b"guest").await.unwrap();
            let mut buffer = [0; 5];
            client.read_exact(&mut buffer).await.unwrap();
            drop(client);
            server.await.unwrap().unwrap();
            buffer
        });
        assert_eq!(&guest.run(task).await.unwrap(), b"guest");
    });
}

fn tasks_of_the_host_and_tasks_of_the_guest_await_each_other<H: Host>() {
    H::block_on(async {
        let guest = Guest::new();
        let (send, receive) = oneshot::channel();
        let hosts = H::spawn(async move {
            yield_now().await;
            send.send(20).unwrap();
            22
        });
        let guests = guest.spawn_local(async move { receive.await.unwrap() + hosts.await });
        // The handle of a guest's task is awaited by a task of the host.
        let answer = H::spawn(guests);
        assert_eq!(guest.run(answer).await.unwrap(), 42);
    });
}

fn other_threads_wake_and_spawn<H: Host>() {
    const THREADS: u32 = 4;
    const EACH: u32 = 250;
    H::block_on(async {
        let guest = Guest::new();
        let (send, mut receive) = mpsc::unbounded();
        let threads: Vec<_> = (0..THREADS)
            .map(|_| {
                let handle = guest.handle();
                let send = send.clone();
                thread::spawn(move || {
                    for n in 0..EACH {
                        // Half as messages that wake a task, half as tasks.
                        if n % 2 == 0 {
                            send.unbounded_send(1).unwrap();
                        } else {
                            let send = send.clone();
                            drop(handle.spawn(async move { send.unbounded_send(1).unwrap() }));
                        }
                    }
                })
            })
            .collect();
        drop(send);
        let sum = guest.spawn_local(async move {
            let mut sum = 0;
            while let Some(n) = receive.next().await {
                sum += n;
            }
            sum
        });
        assert_eq!(guest.run(sum).await.unwrap(), THREADS * EACH);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

fn a_guest_pauses_and_goes_on<H: Host>() {
    H::block_on(async {
        let guest = Guest::new();
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let reader = guest.spawn_local(async move {
            let ours = Io::new(ours).unwrap();
            let mut buffer = [0; 8];
            ours.read_with(|mut socket| socket.read(&mut buffer)).await.unwrap()
        });
        guest.run(yield_now()).await;
        assert!(!reader.is_finished());
        // Nobody runs the guest: what happens now waits for the next run.
        theirs.write_all(b"pause").unwrap();
        sleep(2 * MS).await;
        assert!(!reader.is_finished());
        assert_eq!(guest.run(reader).await.unwrap(), 5);
    });
}

fn tasks_that_are_left_end_with_the_guest<H: Host>() {
    H::block_on(async {
        struct Told(Rc<RefCell<Vec<&'static str>>>);
        impl Drop for Told {
            fn drop(&mut self) {
                self.0.borrow_mut().push("dropped");
                // Its loop is found and has closed.
                assert!(corio::spawn_local(async {}).is_finished());
            }
        }
        let log = Rc::default();
        let told = Told(Rc::clone(&log));
        let guest = Guest::new();
        let mut left = guest.spawn_local(async move {
            sleep(Duration::from_secs(3600)).await;
            drop(told);
        });
        let handle = guest.handle();
        guest.run(yield_now()).await;
        drop(guest);
        assert_eq!(*log.borrow(), ["dropped"]);
        assert!(left.try_take().unwrap().unwrap_err().is_cancelled());
        assert!(handle.spawn(async {}).await.unwrap_err().is_cancelled());
    });
}

fn panics_and_aborts_stay_with_their_tasks<H: Host>() {
    H::block_on(async {
        let guest = Guest::new();
        let panics = guest.spawn_local(async { panic!("the task's own") });
        let aborted = guest.spawn_local(std::future::pending::<()>());
        aborted.abort();
        let fine = guest.spawn_local(async { 1 });
        let all = async { (panics.await, aborted.await, fine.await) };
        let (panicked, aborted, fine) = guest.run(all).await;
        let payload = panicked.unwrap_err().into_panic();
        assert_eq!(payload.downcast_ref(), Some(&"the task's own"));
        assert!(aborted.unwrap_err().is_cancelled());
        assert_eq!(fine.unwrap(), 1);
    });
}

/// A guest that always has work gives its host a turn, and a host that always has work the guest.
#[test]
fn host_and_guest_take_turns() {
    bounded(|| {
        TokioCurrent::block_on(async {
            let guest = Guest::new();
            let (send, mut receive) = oneshot::channel();
            let stop = Rc::new(Cell::new(false));
            let spinner = guest.spawn_local({
                let stop = stop.clone();
                async move {
                    while !stop.get() {
                        yield_now().await;
                    }
                }
            });
            let hosts = TokioCurrent::spawn(async move {
                for _ in 0..10 {
                    tokio::task::yield_now().await;
                }
                send.send(()).unwrap();
            });
            guest
                .run(poll_fn(|context| pin!(&mut receive).poll(context)))
                .await
                .expect("the host's task runs beside a guest that never rests");
            hosts.await;
            stop.set(true);
            guest.run(spinner).await.unwrap();
        });
    });
}

#[test]
fn two_guests_in_a_local_set_of_tokio() {
    bounded(|| {
        TokioCurrent::block_on(async {
            let local = tokio::task::LocalSet::new();
            let (to_right, mut from_left) = mpsc::unbounded::<u32>();
            let (to_left, mut from_right) = mpsc::unbounded::<u32>();
            to_right.unbounded_send(0).unwrap();
            local
                .run_until(async move {
                    let left = tokio::task::spawn_local(async move {
                        let guest = Guest::new();
                        let task = guest.spawn_local(async move {
                            while let Some(n) = from_right.next().await {
                                // Not Send across an await: the set stays on its thread.
                                let next = Rc::new(n + 1);
                                yield_now().await;
                                if to_right.unbounded_send(*next).is_err() {
                                    break;
                                }
                            }
                        });
                        guest.run(task).await.unwrap();
                    });
                    let right = tokio::task::spawn_local(async move {
                        let guest = Guest::new();
                        let task = guest.spawn_local(async move {
                            while let Some(n) = from_left.next().await {
                                if n >= 100 {
                                    return n;
                                }
                                to_left.unbounded_send(n + 1).unwrap();
                            }
                            0
                        });
                        guest.run(task).await.unwrap()
                    });
                    assert_eq!(right.await.unwrap(), 100);
                    left.await.unwrap();
                })
                .await;
        });
    });
}

/// A foreign runtime is no loop of ours: a whole corio runs inside of it, and blocks it.
#[test]
fn a_runtime_of_ours_inside_a_foreign_one() {
    bounded(|| {
        TokioCurrent::block_on(async {
            let answer = corio::run(async {
                sleep(MS).await;
                corio::spawn(async { 42 }).await.unwrap()
            });
            assert_eq!(answer, 42);
        });
    });
}

#[test]
fn a_guest_inside_a_loop_of_ours_is_refused() {
    bounded(|| {
        let payload = catch_unwind(AssertUnwindSafe(|| {
            corio::run(async { Guest::new().run(async {}).await });
        }))
        .unwrap_err();
        let text = payload.downcast_ref::<String>().unwrap();
        assert_eq!(text.matches(file!()).count(), 2, "both places: {text}");
        assert!(text.contains("spawn it"), "the remedy: {text}");
    });
}

#[test]
fn a_dropped_run_leaves_the_tasks_as_they_are() {
    bounded(|| {
        TokioCurrent::block_on(async {
            let guest = Guest::new();
            let task = guest.spawn_local(async {
                sleep(2 * MS).await;
                "done"
            });
            {
                let mut run = pin!(guest.run(std::future::pending::<()>()));
                let polled = poll_fn(|context| Poll::Ready(run.as_mut().poll(context))).await;
                assert!(polled.is_pending());
            }
            assert_eq!(guest.run(task).await.unwrap(), "done");
        });
    });
}
