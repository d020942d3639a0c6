//! What stacks and call graphs look like where one task does several things at once.

use std::future::pending;
use std::time::Duration;

use corio::debug::{StackFrame, StackKind, WaitKind};
use corio::task::{Builder as Named, Task};
use corio::{TaskGroup, debug, select, sleep, spawn, spawn_local, try_spawn, yield_now};

use crate::util::{assert_passed, in_child, inside_child};

const HOUR: Duration = Duration::from_secs(3600);

#[corio::coroutine]
async fn fetch() {
    sleep(HOUR).await;
}

#[corio::coroutine]
async fn load() {
    fetch().await;
}

#[corio::coroutine]
async fn gives_way() {
    loop {
        yield_now().await;
    }
}

#[corio::coroutine]
async fn fails() -> Result<(), u8> {
    sleep(HOUR).await;
    Err(7)
}

/// The lines below the first, without their places; numbers of tasks are those that a program with one loop has.
fn lines(printed: &str) -> Vec<String> {
    let place = |line: &str| match line.split_once(" at ") {
        Some((what, _)) => what.trim_end_matches(", spawned").to_owned(),
        None => line.to_owned(),
    };
    printed.lines().skip(1).map(place).collect()
}

/// The task's stack, without the line of the task and that of its own future.
fn below(task: &Task, limit: Option<usize>) -> Vec<String> {
    let mut printed = Vec::new();
    task.print_stack(limit, &mut printed).unwrap();
    let lines = lines(std::str::from_utf8(&printed).unwrap());
    lines.into_iter().skip(usize::from(limit.is_none())).collect()
}

/// The switch is the process's.
fn in_debug(name: &str, test: impl Future<Output = ()>) {
    if !inside_child() {
        return assert_passed(&in_child(&format!("stacks::{name}"), &[]));
    }
    corio::Builder::new().debug(true).run(test);
}

/// Slots are used again in any order, and the clock stands still meanwhile.
#[test]
fn what_began_together_is_in_the_order_of_the_source() {
    const ROUNDS: usize = 20;
    /// In the others the clock by which they begin ticks between them. A `select!` polls them in the order of the
    /// source in a third of all rounds.
    const TOGETHER_MIN: usize = 15;
    in_debug("what_began_together_is_in_the_order_of_the_source", async {
        let mut differ = Vec::new();
        for _ in 0..ROUNDS {
            let joins = spawn(async { corio::join!(fetch(), load(), sleep(HOUR)) });
            let races = spawn(async {
                select! { () = fetch() => {}, () = load() => {}, () = sleep(HOUR) => {} }
            });
            let many = spawn(async {
                let tasks = [spawn(pending::<()>()), spawn(pending())];
                corio::gather(tasks).await.map(drop)
            });
            yield_now().await;
            yield_now().await;
            for (task, name) in [(joins.task(), "join!"), (races.task(), "select!")] {
                let expected = [
                    &format!("    {name}"),
                    "      coroutine 'fetch'",
                    "        waits: sleep",
                    "      coroutine 'load'",
                    "        coroutine 'fetch'",
                    "          waits: sleep",
                    "      waits: sleep",
                ];
                let all = below(&task, None);
                let newest = below(&task, Some(2));
                if all != expected || newest != expected[5..] {
                    differ.push((all, newest));
                }
            }
            let ids: Vec<u64> =
                many.task().stack().iter().filter_map(|frame| frame.owner).collect();
            assert!(ids.len() == 2 && ids.is_sorted(), "{ids:?}");
            for task in [joins.task(), races.task(), many.task()] {
                task.abort();
            }
            yield_now().await;
        }
        assert!(differ.len() <= ROUNDS - TOGETHER_MIN, "{differ:#?}");
    });
}

#[test]
fn scopes_nest_and_hold_what_is_not_ours() {
    in_debug("scopes_nest_and_hold_what_is_not_ours", async {
        let (_never, answer) = futures::channel::oneshot::channel::<()>();
        let task = spawn(debug::scope("request", async {
            let both = async { futures::join!(debug::scope("answer", answer), fetch()) };
            corio::join!(corio::timeout(HOUR, both), corio::shield(spawn(pending::<()>())))
        }));
        yield_now().await;
        yield_now().await;
        let below: Vec<String> = below(&task.task(), None)
            .into_iter()
            // The limit's own wait.
            .filter(|line| line != "          waits: sleep")
            .collect();
        assert_eq!(
            below,
            [
                "    scope 'request'",
                "      join!",
                "        timeout",
                "          scope 'answer'",
                "          coroutine 'fetch'",
                "            waits: sleep",
                "        shield",
                &format!("          waits: join of Task-{}", task.task().id() + 1),
            ]
        );
        task.abort();
    });
}

/// A wait without a record of its own stands where it was left, and is over when its task runs.
#[test]
fn a_turn_given_away_is_below_its_coroutine() {
    in_debug("a_turn_given_away_is_below_its_coroutine", async {
        let task = spawn(async { gives_way().await });
        yield_now().await;
        assert_eq!(below(&task.task(), None), ["    coroutine 'gives_way'", "      waits: yield"]);
        task.abort();
        let me = corio::task::current().unwrap();
        assert!(!format!("{me:?}").contains("wait_for"), "{me:?}");
    });
}

/// As often as this the writer is let run before it has to wait.
const TURNS_MAX: usize = 1000;

/// The other end reads nothing.
#[test]
fn a_wait_for_room_to_write_is_below_its_coroutine() {
    in_debug("a_wait_for_room_to_write_is_below_its_coroutine", async {
        let (one, other) = corio::net::UnixStream::pair().unwrap();
        let task = spawn(async move {
            while one.writable().await.is_ok() {
                while one.try_write(&[7; 4096]).is_ok() {}
            }
        });
        let waits = |frame: &StackFrame| frame.kind == StackKind::Wait(WaitKind::Writable);
        let mut frame = None;
        for _ in 0..TURNS_MAX {
            yield_now().await;
            frame = task.task().stack().into_iter().find(waits);
            if frame.is_some() {
                break;
            }
        }
        let frame = frame.expect("it waits for room");
        assert_eq!((frame.location.file(), frame.owner), (file!(), None));
        assert_eq!(below(&task.task(), None), ["    waits: writable"]);
        drop(other);
        task.abort();
    });
}

/// A job is named by its number, and shown where it was given to the pool.
#[test]
fn a_wait_for_a_job_is_shown_with_the_job() {
    in_debug("a_wait_for_a_job_is_shown_with_the_job", async {
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let line = line!() + 2;
        let task = spawn(async move {
            let job = corio::spawn_blocking(move || ended.recv().is_err());
            assert!(job.await.unwrap(), "nobody says anything");
        });
        yield_now().await;
        yield_now().await;
        let frame = task.task().stack().pop().unwrap();
        assert_eq!(frame.kind, StackKind::Wait(WaitKind::Blocking));
        assert_eq!((frame.location.file(), frame.location.line()), (file!(), line));
        let job = frame.owner.expect("a job has a number");
        assert_eq!(below(&task.task(), None), [format!("    waits: blocking of Task-{job}")]);
        drop(end);
        task.await.unwrap();
    });
}

#[test]
fn names_are_those_of_the_program() {
    in_debug("names_are_those_of_the_program", async {
        let mut tasks = vec![
            corio::task::current().unwrap(),
            spawn(fetch()).task(),
            spawn(fails()).task(),
            try_spawn(fails()).task(),
            spawn(debug::scope("scope", fetch())).task(),
            spawn_local(fetch()).task(),
            Named::new().spawn(fetch()).task(),
        ];
        let mine = tasks.len();
        let group = spawn(async {
            let all = TaskGroup::scope(|group| async move {
                drop((group.spawn(fetch()), group.spawn_local(fetch())));
            });
            all.await.unwrap();
        });
        yield_now().await;
        yield_now().await;
        tasks = corio::task::all();
        assert!(tasks.len() >= mine + 3);
        for task in &tasks {
            let name = task.type_name();
            assert!(!name.contains("corio") && !name.contains('<'), "{name}");
            assert!(task.stack()[0].name == name, "{name}");
        }
        for task in tasks.iter().skip(1) {
            task.abort();
        }
        drop(group.await);
    });
}

/// As asyncio's: the task, where it stands, who waits for it, and so on.
#[test]
fn a_call_graph_goes_up_through_groups_and_handles() {
    in_debug("a_call_graph_goes_up_through_groups_and_handles", async {
        let (give, given) = corio::sync::oneshot::channel();
        let inner = async move {
            let all = TaskGroup::scope(|group| async move {
                give.send(group.spawn(fetch()).task()).unwrap();
            });
            all.await.unwrap();
        };
        let group = Named::new().name("has a group").spawn(inner);
        let waits = Named::new()
            .name("waits")
            .spawn(async move { corio::timeout(HOUR, group).await.map(drop) });
        let child = given.await.unwrap();
        yield_now().await;
        yield_now().await;
        let graph = debug::format_call_graph(&child, None);
        let lines: Vec<String> =
            lines(&graph).into_iter().filter(|line| !line.ends_with("waits: sleep")).collect();
        let id = |line: &String| {
            line.contains("* Task(").then(|| line.split(", id=").next().unwrap().to_owned())
        };
        let tasks: Vec<String> = lines.iter().filter_map(id).collect();
        assert_eq!(tasks, ["    * Task(name='has a group'", "        * Task(name='waits'"]);
        let ends_with = |words: &str| lines.iter().any(|line| line.ends_with(words));
        assert!(ends_with("|       waits: group") || ends_with("  waits: group"), "{graph}");
        assert!(ends_with("timeout"), "{graph}");
        assert_eq!(
            lines.iter().filter(|line| line.ends_with("+ Awaited by:")).count(),
            2,
            "{graph}"
        );
        let short = debug::format_call_graph(&child, Some(1));
        assert!(short.lines().count() < graph.lines().count(), "{short}");
        waits.abort();
    });
}
