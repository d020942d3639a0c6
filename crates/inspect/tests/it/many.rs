//! What it costs: nothing while nobody asks, and little with a hundred thousand tasks on a loop that is stuck.

use std::fs;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use corio_base::park::ThreadPark;
use corio_executor::Executor;
use corio_inspect::report::State;
use corio_inspect::{client, serve_with, table, tree};

use crate::serving::{alone, only_socket, socket};

const TASKS: usize = 100_000;
/// Ten times and more what it takes optimised: this may be a debug build on a busy machine.
const TIME_MAX: Duration = Duration::from_secs(30);

#[test]
fn a_hundred_thousand_tasks_of_a_stuck_loop_are_told() {
    let _alone = alone();
    corio_trace::set_enabled(true);
    let (ready, is_ready) = mpsc::channel();
    let (stop, stopped) = mpsc::channel::<()>();
    let thread = thread::spawn(move || {
        let executor = Executor::new(ThreadPark::new());
        for _ in 0..TASKS {
            drop(executor.spawn_local(std::future::pending::<()>()));
        }
        executor.spawn_local(async move {
            ready.send(()).unwrap();
            let _ = stopped.recv();
        });
        executor.block_on(corio_executor::yield_now());
        executor.block_on(corio_executor::yield_now());
        executor.close();
    });
    is_ready.recv().unwrap();
    let socket = socket("many");
    let inspector = serve_with(only_socket(&socket)).unwrap();
    let begun = Instant::now();
    let report = client::ask_at(inspector.socket()).unwrap();
    let text = table::text(&table::rows(&report));
    let took = begun.elapsed();
    drop(stop);
    thread.join().unwrap();
    println!("{} tasks in {took:?}, made in {} µs", report.tasks.len(), report.made_in_us);
    assert!(report.tasks.len() > TASKS && report.lost == 0, "{}", report.tasks.len());
    assert_eq!(report.tasks.iter().filter(|task| task.state == State::Running).count(), 1);
    assert!(text.lines().count() > TASKS && tree::draw(&report, tree::Marks::default()).is_ok());
    assert!(took < TIME_MAX, "{took:?}");
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
    let socket = socket("idle");
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
