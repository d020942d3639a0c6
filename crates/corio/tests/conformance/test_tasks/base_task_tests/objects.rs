//! What a task is, what it is called, and which one is running.

use std::cell::{Cell, RefCell};
use std::future::IntoFuture;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use corio::task::{self, Builder, Task, TaskState};
use corio::time::{SleepWith, sleep_with};
use corio::{EventLoop, Eventual, JoinHandle, Promise, eventual, gather, spawn, spawn_local};

use crate::support::{Seen, implements, runtime, turn};

/// A value whose destructor goes back into the runtime harms nobody. (There it runs the garbage
/// collector.)
#[corio::test(virtual_time)]
async fn test_task_del_collect() {
    struct Evil(Rc<Cell<u32>>);

    impl Drop for Evil {
        fn drop(&mut self) {
            self.0.set(self.0.get() + 1);
            for other in task::all() {
                // The one that waits for all of them is not asked.
                if other.name() == "evil" {
                    other.cancel("a destructor");
                }
            }
            drop(spawn_local(async {}));
        }
    }

    let dropped = Rc::new(Cell::new(0));
    let tasks = (0..100).map(|_| {
        let evil = dropped.clone();
        Builder::new().name("evil").spawn_local(async move { Evil(evil) })
    });
    let values = gather(tasks.collect::<Vec<_>>()).await.unwrap();
    assert_eq!((values.len(), dropped.get()), (100, 0));
    drop(values);
    assert_eq!(dropped.get(), 100);

    // And where nobody takes them: each is dropped as its task ends.
    for _ in 0..100 {
        let evil = dropped.clone();
        drop(spawn_local(async move { Evil(evil) }));
    }
    turn().await;
    assert_eq!(dropped.get(), 200);
}

#[corio::test(virtual_time)]
async fn test_task_awaits_on_itself() {
    let own: Rc<RefCell<Option<JoinHandle<()>>>> = Rc::default();
    let (promise, ended) = eventual::<TaskState, ()>();
    let handle = spawn_local({
        let own = own.clone();
        async move {
            let itself = own.take().expect("given before it runs");
            let _ = itself.await;
        }
    });
    handle.task().add_done_callback(move |task| promise.set_result(task.state()).unwrap());
    own.replace(Some(handle));
    assert_eq!(ended.await.unwrap(), TaskState::Panicked);

    // In its words.
    let task = spawn_local({
        let own = own.clone();
        async move {
            let mut itself: JoinHandle<()> = own.take().expect("given before it runs");
            std::future::poll_fn(|context| {
                let polled = catch_unwind(AssertUnwindSafe(|| Pin::new(&mut itself).poll(context)));
                let panic = polled.map(|_| ()).unwrap_err();
                let words = panic.downcast_ref::<String>().expect("a text").clone();
                assert!(words.contains("awaits its own handle"), "{words}");
                Poll::Ready(())
            })
            .await;
        }
    });
    let itself = task.task();
    own.replace(Some(task));
    turn().await;
    assert_eq!(itself.state(), TaskState::Finished);
}

#[test]
fn test_task_class() {
    let (one, other) = (runtime(), runtime());
    for (runtime, elsewhere) in [(&one, &other), (&other, &one)] {
        let event_loop = runtime.event_loop();
        let mut handle = event_loop.create_task(async { (EventLoop::current(), "ok") });
        event_loop.run_until_complete(turn()).unwrap();
        assert!(handle.is_finished());
        let (seen, text) = handle.try_take().unwrap().unwrap();
        assert_eq!(text, "ok");
        assert!(seen == event_loop && seen != elsewhere.event_loop());
    }
}

#[test]
#[expect(clippy::async_yields_async, reason = "a handle, to be awaited in the next run")]
fn test_ensure_future_coroutine() {
    async fn notmuch() -> &'static str {
        "ok"
    }
    let runtime = runtime();
    let event_loop = runtime.event_loop();
    let mut handle = event_loop.create_task(notmuch());
    assert_eq!(event_loop.run_until_complete(&mut handle).unwrap().unwrap(), "ok");
    assert!(handle.is_finished());

    // Where no loop runs: the message says what to do.
    let elsewhere = std::thread::spawn(|| catch_unwind(|| spawn(notmuch())).map(|_| ()));
    let panic = elsewhere.join().unwrap().unwrap_err();
    let message = panic.downcast_ref::<String>().unwrap();
    assert!(message.contains("needs a runtime, and none runs"), "{message}");

    // Made in one run, awaited in the next.
    let handle = event_loop.run_until_complete(async { spawn(notmuch()) }).unwrap();
    assert_eq!(event_loop.run_until_complete(handle).unwrap().unwrap(), "ok");

    // The current loop need not run.
    let entered = runtime.enter();
    let handle = spawn(notmuch());
    drop(entered);
    assert!(!handle.is_finished());
    assert_eq!(event_loop.run_until_complete(handle).unwrap().unwrap(), "ok");
}

/// What is a future already is awaited as it is, and is the same one; also on another loop, to which
/// it would not belong there.
#[test]
fn test_ensure_future_future() {
    let original = Eventual::<_, ()>::ready("ko");
    let future = original.clone().into_future();
    assert_eq!(future, original);
    for _ in 0..2 {
        let runtime = runtime();
        assert_eq!(
            runtime.event_loop().run_until_complete(original.clone()).unwrap().unwrap(),
            "ko"
        );
        assert_eq!(original.result().unwrap(), &"ko");
    }
}

/// Whatever is a future by its own code becomes a task.
#[test]
fn test_ensure_future_awaitable() {
    struct Aw<F>(Pin<Box<F>>);

    impl<F: Future> Future for Aw<F> {
        type Output = F::Output;

        fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
            self.0.as_mut().poll(context)
        }
    }

    let runtime = runtime();
    let handle = runtime.event_loop().create_task(Aw(Box::pin(async { "ok" })));
    assert_eq!(runtime.event_loop().run_until_complete(handle).unwrap().unwrap(), "ok");
}

/// And whatever can be turned into one.
#[test]
fn test_ensure_future_task_awaitable() {
    struct Aw;

    impl IntoFuture for Aw {
        type Output = &'static str;
        type IntoFuture = SleepWith<&'static str>;

        fn into_future(self) -> Self::IntoFuture {
            sleep_with(Duration::ZERO, "ok")
        }
    }

    let runtime = runtime();
    let mut handle = runtime.event_loop().create_task(Aw.into_future());
    assert!(handle.task().type_name().contains("SleepWith"));
    runtime.event_loop().run_until_complete(&mut handle).unwrap().unwrap();
    assert!(handle.is_finished());
}

/// What is no future is none to the compiler.
#[test]
fn test_ensure_future_neither() {
    assert!(!implements!(&'static str: Future));
    assert!(!implements!(&'static str: IntoFuture));
    assert!(implements!(Eventual<(), ()>: Future));
    assert!(implements!(JoinHandle<()>: Future));
}

/// A value that is given later belongs to no loop: one loop gives it, another awaits it.
#[test]
fn test_ensure_future_error_msg() {
    let (promise, eventual): (Promise<u32, ()>, _) = eventual();
    let (one, other) = (runtime(), runtime());
    let handle = other.event_loop().create_task(eventual);
    other.event_loop().run_until_complete(turn()).unwrap();
    assert!(!handle.is_finished(), "it waits");
    one.event_loop().run_until_complete(async move { promise.set_result(42).unwrap() }).unwrap();
    assert_eq!(other.event_loop().run_until_complete(handle).unwrap().unwrap().unwrap(), 42);
}

/// A task's stack has its outermost frame, and not what that has called.
#[corio::test(virtual_time)]
async fn test_get_stack() {
    async fn foo(shown: Seen<String>) {
        bar(shown).await;
    }

    async fn bar(shown: Seen<String>) {
        let current = task::current().unwrap();
        let frames = current.stack();
        assert_eq!(frames.len(), 1);
        shown.push(frames[0].to_string());
        let mut printed = Vec::new();
        current.print_stack(Some(5), &mut printed).unwrap();
        shown.push(String::from_utf8(printed).unwrap());
    }

    let shown = Seen::new();
    let handle = spawn_local(foo(shown.clone()));
    let task = handle.task();
    handle.await.unwrap();
    let [frame, printed] = <[String; 2]>::try_from(shown.all()).unwrap();
    assert!(frame.contains("foo") && !frame.contains("bar"), "{frame}");
    assert!(frame.contains("objects.rs"), "where it was spawned: {frame}");
    assert!(
        printed.starts_with("Stack for <Task pending") && printed.contains(&frame),
        "{printed}"
    );
    assert!(task.stack().is_empty());
    let mut printed = Vec::new();
    task.print_stack(None, &mut printed).unwrap();
    assert!(printed.starts_with(b"No stack for <Task finished"), "{printed:?}");
}

#[corio::test(virtual_time)]
async fn test_task_repr_autogenerated() {
    async fn notmuch() -> u32 {
        123
    }

    fn number(task: &Task) -> u64 {
        let shown = format!("{task:?}");
        let rest = shown.strip_prefix("<Task pending name=\"Task-").expect(&shown);
        rest[..rest.find('"').unwrap()].parse().unwrap()
    }

    let (first, second) = (spawn_local(notmuch()), spawn_local(notmuch()));
    assert_ne!(format!("{:?}", first.task()), format!("{:?}", second.task()));
    assert!(number(&first.task()) < number(&second.task()));
    assert_eq!(first.await.unwrap() + second.await.unwrap(), 246);
}

/// A name that is made of a number is that name, and not the number of a task.
#[corio::test(virtual_time)]
async fn test_task_set_name_pylong() {
    let handle = Builder::new().name(987_654_321.to_string()).spawn_local(async {});
    let task = handle.task();
    assert_eq!(task.name(), "987654321");
    task.set_name(123_456_789.to_string());
    assert_eq!(task.name(), "123456789");
    handle.await.unwrap();
    assert_eq!(task.name(), "123456789");
}

/// What is not a text is made one by the caller, which the compiler sees to.
#[corio::test(virtual_time)]
async fn test_task_repr_name_not_str() {
    assert!(!implements!(u32: Into<Box<str>>));
    let handle = spawn_local(async {});
    handle.task().set_name(format!("{:?}", std::collections::BTreeSet::from([6])));
    assert_eq!(handle.task().name(), "{6}");
    assert!(format!("{:?}", handle.task()).contains("name=\"{6}\""));
    handle.await.unwrap();
}

/// In debug mode, in which tests run, a task shows what it waits for: what kind of thing, and where that
/// was made. What is awaited says how many wait for it.
#[corio::test(virtual_time)]
async fn test_task_repr_wait_for() {
    let (promise, eventual) = eventual::<(), ()>();
    let awaited = eventual.clone();
    let handle = spawn_local(async move { awaited.await.unwrap() });
    assert!(!format!("{:?}", handle.task()).contains(" wait_for="));
    assert!(!format!("{eventual:?}").contains("waiters"));
    turn().await;
    let shown = format!("{:?}", handle.task());
    let wait = format!(" wait_for=<event at {}> ", eventual.location());
    assert!(shown.starts_with("<Task pending name=") && shown.contains(&wait), "{shown}");
    let shown = format!("{eventual:?}");
    assert!(shown.starts_with("<Eventual pending waiters=1"), "{shown}");
    promise.set_result(()).unwrap();
    let task = handle.task();
    handle.await.unwrap();
    assert!(!format!("{task:?}").contains(" wait_for="));
}

#[test]
fn test_task_basics() {
    async fn outer() -> u32 {
        inner1().await + inner2().await
    }

    async fn inner1() -> u32 {
        42
    }

    async fn inner2() -> u32 {
        1000
    }

    assert_eq!(runtime().event_loop().run_until_complete(outer()).unwrap(), 1042);
}

/// Called, a coroutine runs nothing; awaited, it gives its value.
#[test]
fn test_coroutine_non_gen_function() {
    let ran = Cell::new(false);
    let function = async || {
        ran.set(true);
        "test"
    };
    let coroutine = function();
    assert!(!ran.get());
    assert_eq!(runtime().event_loop().run_until_complete(coroutine).unwrap(), "test");
    assert!(ran.get());
}

#[test]
fn test_current_task() {
    assert!(task::current().is_none());
    let runtime = runtime();
    let entered = runtime.enter();
    assert!(task::current().is_none(), "a loop that does not run has no current task");
    drop(entered);
    let handle = runtime.event_loop().create_task(async {
        let first = task::current().unwrap();
        turn().await;
        assert_eq!(task::current().unwrap(), first);
        first
    });
    let task = handle.task();
    assert_eq!(runtime.event_loop().run_until_complete(handle).unwrap().unwrap(), task);
    assert!(task::current().is_none());
}

#[corio::test(virtual_time)]
async fn test_current_task_with_interleaving_tasks() {
    let main = task::current().unwrap();
    let (promise1, eventual1) = eventual::<(), ()>();
    let (promise2, eventual2) = eventual::<(), ()>();
    let first = Builder::new().name("first").spawn_local(async move {
        let task = task::current().unwrap();
        assert_eq!(task.name(), "first");
        eventual1.await.unwrap();
        assert_eq!(task::current().unwrap(), task);
        promise2.set_result(()).unwrap();
        task
    });
    let second = Builder::new().name("second").spawn_local(async move {
        let task = task::current().unwrap();
        assert_eq!(task.name(), "second");
        promise1.set_result(()).unwrap();
        eventual2.await.unwrap();
        assert_eq!(task::current().unwrap(), task);
        task
    });
    let (first_task, second_task) = (first.task(), second.task());
    assert_ne!(first_task, second_task);
    assert_eq!(gather((first, second)).await.unwrap(), (first_task, second_task));
    assert_eq!(task::current().unwrap(), main);
}
