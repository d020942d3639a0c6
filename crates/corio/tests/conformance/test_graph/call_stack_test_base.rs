//! `CallStackTestBase`: call graphs, taken from within and of others. What CPython finds by its frames is
//! told here by `debug::scope`, the name of a coroutine; waits come as frames of their own.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use corio::debug::{self, Awaited, CallGraph, HasCallGraph, StackKind, scope};
use corio::{TaskGroup, spawn, task, yield_now};

use crate::test_runners::{assert_passed, in_child};

/// A graph without places: a task's name, its frames from the innermost on, and who waits for it.
#[derive(Debug, PartialEq, Eq)]
struct Walked(String, Vec<String>, Vec<Walked>);

fn walk(graph: &CallGraph) -> Walked {
    let name = match &graph.of {
        Awaited::Task(task) if task.name.contains('-') => "T<anon>".to_owned(),
        Awaited::Task(task) => format!("T<{}>", task.name),
        _ => "E".to_owned(),
    };
    let frames = graph.stack.iter().rev().filter_map(|frame| match frame.kind {
        StackKind::Frame(_) => Some(frame.name.to_owned()),
        StackKind::Wait(kind) => Some(format!("waits: {kind}")),
        StackKind::Task => None,
    });
    // `run` waits for Ctrl-C beside its main task's future.
    let frames = frames.filter(|frame| frame != "waits: readable");
    let mut awaited_by: Vec<Walked> = graph.awaited_by.iter().map(walk).collect();
    awaited_by.sort_by(|one, other| one.0.cmp(&other.0));
    Walked(name, frames.collect(), awaited_by)
}

fn walked<const N: usize>(name: &str, frames: [&str; N], awaited_by: Vec<Walked>) -> Walked {
    Walked(name.to_owned(), frames.map(str::to_owned).into(), awaited_by)
}

/// What a test has seen, and its text.
type Captured = Arc<Mutex<Option<(Walked, String)>>>;

fn capture(of: &impl HasCallGraph, to: &Captured) {
    let walked = walk(&debug::call_graph(of));
    *to.lock().unwrap() = Some((walked, debug::format_call_graph(of, None)));
}

fn capture_current(to: &Captured) {
    capture(&task::current().unwrap(), to);
}

/// Runs `test` in debug mode, in a process of its own, and gives what it has captured to `check`.
fn check<F: Future<Output = ()>>(
    name: &str,
    test: impl FnOnce(Captured) -> F,
    check: impl FnOnce(Walked, String),
) {
    let name = format!("test_graph::call_stack_test_base::{name}");
    assert_passed(in_child(&name, Some("1"), || {
        let captured = Captured::default();
        corio::run(test(Arc::clone(&captured)));
        let (walked, text) = captured.lock().unwrap().take().expect("a graph was captured");
        check(walked, text);
    }));
}

/// A task is awaited by one other at a time, so the second one awaits the first.
#[test]
fn test_stack_tgroup() {
    let test = async |captured: Captured| {
        let c4 = async move {
            yield_now().await;
            yield_now().await;
            capture_current(&captured);
        };
        let c2 = scope("c2", scope("c3", scope("c4", c4)));
        let main = async {
            let body = async |group: TaskGroup| {
                let root = group.spawn(c2);
                root.task().set_name("c2_root");
                let first = group.spawn(scope("c1", async { root.await.unwrap() }));
                first.task().set_name("sub_main_1");
                let second = group.spawn(scope("c1", async { first.await.unwrap() }));
                second.task().set_name("sub_main_2");
            };
            TaskGroup::scope(body).await.unwrap();
        };
        scope("test_stack_tgroup", scope("main", main)).await;
    };
    check("test_stack_tgroup", test, |walked_, text| {
        let main = || {
            walked(
                "T<anon>",
                ["waits: group", "TaskGroup::scope", "main", "test_stack_tgroup"],
                vec![],
            )
        };
        let second = walked("T<sub_main_2>", ["waits: join", "c1"], vec![main()]);
        let first = walked("T<sub_main_1>", ["waits: join", "c1"], vec![main(), second]);
        assert_eq!(walked_, walked("T<c2_root>", ["c4", "c3", "c2"], vec![main(), first]));
        assert!(text.starts_with("* Task(name='c2_root', id="), "{text}");
        assert!(text.contains("scope 'test_stack_tgroup' at "), "{text}");
    });
}

/// A stream's item is awaited like any other future.
#[test]
fn test_stack_async_gen() {
    let test = async |captured: Captured| {
        let items = async |number: u32| {
            if number == 1 {
                scope("gen_nested_call", async { capture_current(&captured) }).await;
            }
        };
        let main = async {
            for number in 0..2 {
                scope("gen", items(number)).await;
            }
        };
        scope("test_stack_async_gen", scope("main", main)).await;
    };
    check("test_stack_async_gen", test, |seen, text| {
        let frames = ["gen_nested_call", "gen", "main", "test_stack_async_gen"];
        assert_eq!(seen, walked("T<anon>", frames, vec![]));
        assert!(text.contains("scope 'gen' at "), "{text}");
    });
}

#[test]
fn test_stack_gather() {
    let test = async |captured: Captured| {
        let deep = async move {
            yield_now().await;
            capture_current(&captured);
        };
        let c1 = scope("c1", async {
            yield_now().await;
            scope("deep", deep).await;
        });
        let c2 = async {
            for _ in 0..3 {
                yield_now().await;
            }
        };
        let main =
            async { assert_eq!(corio::gather((spawn(c1), spawn(c2))).await.unwrap(), ((), ())) };
        scope("test_stack_gather", scope("main", main)).await;
    };
    check("test_stack_gather", test, |seen, _| {
        let frames = ["waits: join", "waits: join", "gather", "main", "test_stack_gather"];
        let main = walked("T<anon>", frames, vec![]);
        assert_eq!(seen, walked("T<anon>", ["deep", "c1"], vec![main]));
    });
}

#[test]
fn test_stack_timeout() {
    let test = async |captured: Captured| {
        let inner = async move {
            yield_now().await;
            capture_current(&captured);
        };
        let limited = async {
            yield_now().await;
            scope("inner", inner).await;
        };
        let c1 = async { corio::timeout(Duration::from_secs(3600), limited).await.unwrap() };
        let main = async { corio::shield(spawn(scope("c1", c1))).await.unwrap() };
        scope("test_stack_timeout", scope("main", main)).await;
    };
    check("test_stack_timeout", test, |seen, _| {
        let Walked(name, mut frames, awaited_by) = seen;
        // The limit itself is a wait beside the body.
        frames.retain(|frame| frame != "waits: sleep");
        let main =
            walked("T<anon>", ["waits: join", "shield", "main", "test_stack_timeout"], vec![]);
        assert_eq!(
            Walked(name, frames, awaited_by),
            walked("T<anon>", ["inner", "timeout", "c1"], vec![main])
        );
    });
}

#[test]
fn test_stack_task() {
    let test = async |captured: Captured| {
        let inner = async move {
            yield_now().await;
            capture_current(&captured);
        };
        let c2 = async {
            let task = spawn(scope("c1", scope("inner", inner)));
            task.task().set_name("there there");
            task.await.unwrap();
        };
        scope("test_stack_task", scope("main", scope("c2", c2))).await;
    };
    check("test_stack_task", test, |seen, _| {
        let main = walked("T<anon>", ["waits: join", "c2", "main", "test_stack_task"], vec![]);
        assert_eq!(seen, walked("T<there there>", ["inner", "c1"], vec![main]));
    });
}

#[test]
fn test_stack_future() {
    let test = async |captured: Captured| {
        let body = async |group: TaskGroup| {
            let (promise, eventual) = corio::eventual::<(), ()>();
            let (a, b) = (eventual.clone(), eventual.clone());
            let a = group.spawn(scope("a1", scope("a2", async { a.await.unwrap() })));
            a.task().set_name("task A");
            let b = group.spawn(scope("b1", async { b.await.unwrap() }));
            b.task().set_name("task B");
            for _ in 0..5 {
                yield_now().await;
            }
            // So that the group is waited for, and not only run.
            group.spawn(async move {
                yield_now().await;
                capture(&eventual, &captured);
                promise.set_result(()).unwrap();
            });
        };
        scope("test_stack_future", async { TaskGroup::scope(body).await.unwrap() }).await;
    };
    check("test_stack_future", test, |seen, text| {
        let main =
            || walked("T<anon>", ["waits: group", "TaskGroup::scope", "test_stack_future"], vec![]);
        let Walked(name, frames, awaited_by) = seen;
        assert_eq!((name.as_str(), frames.len()), ("E", 0));
        let a = walked("T<task A>", ["waits: event", "a2", "a1"], vec![main()]);
        let b = walked("T<task B>", ["waits: event", "b1"], vec![main()]);
        assert_eq!(awaited_by.len(), 2);
        for (seen, expected) in awaited_by.into_iter().zip([a, b]) {
            assert_eq!(sorted(seen), sorted(expected));
        }
        assert!(text.starts_with("* Eventual(id=0x"), "{text}");
    });
}

/// With the frames in no order: a wait that has no place of its own is shown beside them.
fn sorted(walked: Walked) -> Walked {
    let Walked(name, mut frames, awaited_by) = walked;
    frames.sort();
    Walked(name, frames, awaited_by)
}
