//! Trees and tables: what they do beyond the drawings of asyncio, which the facade's conformance tests
//! compare.

use corio_inspect::report::{Node, State, TaskReport};
use corio_inspect::{Report, table, tree};

use crate::{report, task};

#[test]
fn a_report_survives_its_json() {
    let mut report = report(vec![task(1, "Task-1", &[(2, &["join src/main.rs:3:5"])])]);
    report.stuck = vec![vec![1, 2, 1]];
    let text = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), report);
}

#[test]
fn what_is_below_a_task_is_drawn_once() {
    let report = report(vec![
        task(1, "one", &[]),
        task(2, "two", &[]),
        task(3, "shared", &[(1, &["join"]), (2, &["join"])]),
        task(4, "below", &[(3, &["join"])]),
    ]);
    let trees = tree::draw(&report, tree::Marks::default()).unwrap();
    let first = ["└── (T) one", "    └──  join", "        └── (T) shared"];
    assert_eq!(trees[0][..3], first);
    assert_eq!(trees[0].len(), 5);
    // Each root is a tree of its own, which shows all of it again.
    assert_eq!(trees[1].len(), 5);
}

#[test]
fn a_task_with_two_ways_to_one_child_cuts_the_second() {
    let report = report(vec![
        task(1, "root", &[]),
        task(2, "left", &[(1, &["join a"])]),
        task(3, "right", &[(1, &["join b"])]),
        task(4, "shared", &[(2, &["join"]), (3, &["join"])]),
        task(5, "below", &[(4, &["join"])]),
    ]);
    let trees = tree::draw(&report, tree::Marks::default()).unwrap();
    let text = trees[0].join("\n");
    assert_eq!(text.matches("below").count(), 1);
    assert!(text.contains("(T) shared (drawn above)"), "{text}");
}

#[test]
fn waits_that_are_no_task_stand_below_it() {
    let wait = |label: &str, children| Node {
        label: label.to_owned(),
        place: "src/main.rs:1:1".to_owned(),
        children,
        ..Node::default()
    };
    let mut one = task(1, "one", &[]);
    one.waits = vec![wait("timeout", vec![wait("readable", vec![]), wait("sleep", vec![])])];
    let report = report(vec![one]);
    let trees = tree::draw(&report, tree::Marks::default()).unwrap();
    assert_eq!(
        trees[0],
        [
            "└── (T) one",
            "    └──  timeout src/main.rs:1:1",
            "        ├──  readable src/main.rs:1:1",
            "        └──  sleep src/main.rs:1:1",
        ]
    );
    assert_eq!(table::rows(&report)[0].stack, "readable -> timeout | sleep -> timeout");
}

#[test]
fn waits_from_before_debug_mode_are_marked() {
    let late = |id, polls, state| TaskReport {
        late: true,
        polls,
        state,
        place: "src/main.rs:3:5".to_owned(),
        ..task(id, "late", &[])
    };
    let tasks = vec![
        late(1, 0, State::Waiting),
        late(2, 3, State::Waiting),
        late(3, 3, State::Running),
        task(4, "ready", &[]),
    ];
    let words = ["waits since before debug mode", "may wait since before debug mode"];
    let report = report(tasks);
    let rows = table::rows(&report);
    let trees = tree::draw(&report, tree::Marks::default()).unwrap();
    for (at, words) in words.into_iter().enumerate() {
        assert_eq!(report.tasks[at].unknown_wait(), Some(words));
        assert_eq!(rows[at].stack, format!("{words}, spawned at src/main.rs:3:5"));
        let line = format!("    └──  {words}, spawned at src/main.rs:3:5");
        assert_eq!(trees[at], ["└── (T) late".to_owned(), line]);
        // The page says the same.
        assert!(include_str!("../../src/page/model.js").contains(&format!("\"{words}\"")));
    }
    for at in [2, 3] {
        assert_eq!(rows[at].stack, "");
        assert_eq!(trees[at].len(), 1);
    }
}

#[test]
fn a_chain_as_long_as_there_are_tasks_is_drawn() {
    let tasks = (1..=2_000u64).map(|id| task(id, "t", &[(id + 1, &["join"])])).collect();
    let trees = tree::draw(&report(tasks), tree::Marks { task: "", frame: "" });
    assert_eq!(trees.unwrap()[0].len(), 4_001);
}

#[test]
fn tables_have_columns_as_wide_as_their_cells() {
    let report = report(vec![task(1, "a,\"b\"", &[])]);
    let rows = table::rows(&report);
    let text = table::text(&rows);
    assert!(text.starts_with("tid  task id  task name  stack"), "{text}");
    assert_eq!(text.lines().count(), 3);
    assert!(table::csv(&rows).contains("\"a,\"\"b\"\"\""));
}
