//! What it costs: nothing while nobody asks, and little with a hundred thousand tasks on a loop that is stuck.

use std::collections::BTreeSet;
use std::fs;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use corio_base::park::ThreadPark;
use corio_executor::Executor;
use corio_inspect::report::{State, TaskReport};
use corio_inspect::{client, serve_with, table, tree};

use crate::folder::Socket;
use crate::serving::{alone, only_socket};

const TASKS: usize = 100_000;

/// How fast the answer comes is measured where programs are built for speed: by `cargo xtask clients`, of the
/// example `inspected`.
#[test]
fn a_hundred_thousand_tasks_of_a_stuck_loop_are_told() {
    let _alone = alone();
    corio_trace::set_enabled(true);
    let (ready, is_ready) = mpsc::channel();
    let (stop, stopped) = mpsc::channel::<()>();
    let thread = thread::spawn(move || {
        let executor = Executor::new(ThreadPark::new());
        let spawn = || executor.spawn_local(std::future::pending::<()>()).task().id();
        let waiting: BTreeSet<u64> = (0..TASKS).map(|_| spawn()).collect();
        executor.spawn_local(async move {
            ready.send(waiting).unwrap();
            let _ = stopped.recv();
        });
        executor.block_on(corio_executor::yield_now());
        executor.block_on(corio_executor::yield_now());
        executor.close();
    });
    let waiting = is_ready.recv().unwrap();
    let socket = Socket::new("many");
    let inspector = serve_with(only_socket(&socket)).unwrap();
    let report = client::ask_at(inspector.socket()).unwrap();
    let is_stuck_yet = !thread.is_finished();
    drop(stop);
    thread.join().unwrap();

    // All this was told while the loop did nothing: its one poll is under way in it, and ended afterwards.
    assert!(is_stuck_yet);
    let ids = |of: &dyn Fn(&TaskReport) -> bool| -> BTreeSet<u64> {
        report.tasks.iter().filter(|task| of(task)).map(|task| task.id).collect()
    };
    let running = ids(&|task| task.state == State::Running);
    let polling = report.loops[0].polling.map(|(task, _)| task);
    assert_eq!((report.loops.len(), report.lost), (1, 0));
    assert!(running.len() == 1 && running.first() == polling.as_ref(), "{polling:?} {running:?}");
    assert!(waiting.is_disjoint(&running));
    let told = ids(&|_| true);
    assert!(waiting.len() == TASKS && waiting.is_subset(&told), "{} are told of", told.len());
    // Whoever asks gets them to see.
    let text = table::text(&table::rows(&report));
    assert!(text.lines().count() > TASKS);
    let trees = tree::draw(&report, tree::Marks::default()).unwrap();
    assert!(trees.len() > TASKS, "{} trees", trees.len());
}

/// How often the thread of this name gave the processor away by itself.
#[cfg(target_os = "linux")]
fn switches(name: &str) -> u64 {
    let tasks = fs::read_dir("/proc/self/task").unwrap().flatten();
    let text = tasks
        .filter_map(|task| fs::read_to_string(task.path().join("status")).ok())
        .find(|status| status.starts_with(&format!("Name:\t{name}\n")))
        .expect("the thread is there");
    let line = text.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"));
    line.unwrap().trim().parse().unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn while_nobody_asks_the_inspector_sleeps() {
    let _alone = alone();
    let socket = Socket::new("idle");
    let inspector = serve_with(only_socket(&socket)).unwrap();
    drop(client::ask_at(&socket).unwrap());
    // Real time: what is tested is that nothing happens in it. What the question began ends first.
    let mut before = switches("corio-inspect");
    loop {
        thread::sleep(Duration::from_millis(50));
        let now = switches("corio-inspect");
        if now == before {
            break;
        }
        before = now;
    }
    thread::sleep(Duration::from_millis(500));
    assert_eq!(switches("corio-inspect"), before);
    drop(inspector);
}
