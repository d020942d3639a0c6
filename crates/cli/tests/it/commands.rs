//! What the commands print, and how they end.

use std::process::{Command, Stdio};

use crate::target::Target;

/// What the command prints to either side, and its status.
fn run(command: &mut Command) -> (String, String, Option<i32>) {
    let said = command.stdin(Stdio::null()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&said.stdout), text(&said.stderr), said.status.code())
}

#[test]
fn tables_and_trees_of_a_process() {
    let target = Target::start("tables");
    let pid = target.pid().to_string();
    let (table, _, status) = run(target.corio().args(["ps", &pid]));
    assert_eq!(status, Some(0));
    assert!(table.starts_with("tid "), "{table}");
    let row = table.lines().find(|row| row.contains("  child ")).unwrap();
    assert!(row.contains("join") && row.contains("parent"), "{row}");
    assert!(table.contains("red \\u{1b}[31m") && !table.contains('\u{1b}'), "{table}");

    let (csv, _, _) = run(target.corio().args(["ps", &pid, "--csv"]));
    assert!(csv.starts_with("tid,task id,task name,"), "{csv}");
    assert!(csv.contains(",'=red \\u{1b}[31m,") && !csv.contains('\u{1b}'), "{csv}");
    let (tree, _, _) = run(target.corio().args(["pstree", &pid]));
    let place = |text: &str| tree.find(text).unwrap_or_else(|| panic!("{text}: {tree}"));
    assert!(place("(T) parent") < place("(T) child"), "{tree}");
}

#[test]
fn processes_are_listed_also_one_that_is_stopped() {
    let target = Target::start("list");
    let (list, _, _) = run(target.corio().arg("ps"));
    assert!(list.starts_with(&format!("{}\t1 loops, 3 tasks\t", target.pid())), "{list}");
    target.signal(rustix::process::Signal::STOP);
    let (list, _, status) = run(target.corio().arg("ps"));
    target.signal(rustix::process::Signal::CONT);
    assert!(list.contains("no answer") && status == Some(0), "{list}");
}

#[test]
fn a_process_that_has_ended_is_neither_listed_nor_found() {
    let mut target = Target::start("ended");
    let pid = target.pid().to_string();
    target.kill();
    let (_, error, status) = run(target.corio().args(["ps", &pid]));
    assert!(error.contains("has ended") && status == Some(1), "{error}");
    let (list, hint, status) = run(target.corio().arg("ps"));
    assert!(list.is_empty() && hint.contains("CORIO_INSPECT=1") && status == Some(0), "{list}");
    // The list has cleared it away.
    let (_, error, _) = run(target.corio().args(["pstree", &pid]));
    assert!(error.contains(&format!("there is no process {pid}")), "{error}");
}

#[test]
fn debug_mode_is_turned() {
    let target = Target::start("debug");
    let pid = target.pid().to_string();
    assert_eq!(run(target.corio().args(["debug", &pid, "off"])).2, Some(0));
    let (table, _, _) = run(target.corio().args(["ps", &pid]));
    assert!(table.starts_with("Debug mode is off"), "{table}");
    assert_eq!(run(target.corio().args(["debug", &pid, "on"])).2, Some(0));
    let (table, _, _) = run(target.corio().args(["ps", &pid]));
    assert!(table.starts_with("tid "), "{table}");
}

#[test]
fn the_environment_opens_a_program() {
    let mut target = Target::of_the_environment("environment");
    let pid = target.pid().to_string();
    let (table, _, status) = run(target.corio().args(["ps", &pid]));
    for (one, other) in [("left", "right"), ("right", "left")] {
        let row = table.lines().find(|row| row.contains(&format!("  {one}  "))).unwrap();
        assert!(row.contains("lock") && row.contains(&format!("  {other}  ")), "{row}");
    }
    assert_eq!(status, Some(0));

    let (tree, error, status) = run(target.corio().args(["pstree", &pid]));
    let circle = error.lines().find_map(|line| line.strip_prefix("cycle: "));
    let circles = ["left → right → left", "right → left → right"];
    assert!(circle.is_some_and(|circle| circles.contains(&circle)), "{error}");
    assert!(tree.is_empty() && status == Some(1), "{tree}");

    // The switch is the runtime's own: what is asked for from outside is what its loop does.
    for (turn, begins) in [("off", "Debug mode is off"), ("on", "tid ")] {
        assert_eq!(run(target.corio().args(["debug", &pid, turn])).2, Some(0));
        let (table, _, _) = run(target.corio().args(["ps", &pid]));
        assert!(table.starts_with(begins), "{turn}: {table}");
    }
    target.end();
}

#[test]
fn who_cannot_be_asked_is_told_so() {
    let target = Target::start("none");
    let own = std::process::id().to_string();
    let (_, error, status) = run(target.corio().args(["ps", &own]));
    assert!(error.contains("CORIO_INSPECT=1") && status == Some(1), "{error}");
    let (_, error, status) = run(target.corio().args(["top", &target.pid().to_string()]));
    assert!(error.contains("wants a terminal") && status == Some(1), "{error}");
    let (_, error, status) = run(target.corio().args(["tops"]));
    assert!(error.contains("no command") && status == Some(2), "{error}");
}

#[test]
fn a_job_stands_at_the_thread_that_runs_it() {
    let target = Target::of_the_environment("job");
    let pid = target.pid().to_string();
    let mut rows = 0;
    let of = |table: &str, name: &str| {
        let row = table.lines().find(|row| row.contains(name)).map(str::to_owned);
        let tid = row.as_deref().and_then(|row| row.split(',').next());
        tid.and_then(|tid| tid.parse::<u32>().ok())
    };
    // The job is begun soon, by another thread than the one that says it is there.
    let (loops, jobs) = loop {
        let (csv, _, _) = run(target.corio().args(["ps", &pid, "--csv"]));
        match (of(&csv, ",left,"), of(&csv, ",input,")) {
            (Some(loops), Some(jobs @ 1..)) => break (loops, jobs),
            _ => rows += 1,
        }
        assert!(rows < 200, "{csv}");
        std::thread::sleep(std::time::Duration::from_millis(50));
    };
    assert_ne!(loops, jobs);
    let name = std::fs::read_to_string(format!("/proc/{pid}/task/{jobs}/comm")).unwrap();
    assert!(name.starts_with("corio-pool"), "{name}");
}
