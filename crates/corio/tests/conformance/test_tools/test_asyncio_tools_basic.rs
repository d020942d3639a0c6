//! Small graphs as trees and tables.

use corio_inspect::table;

use super::{report, row, rows, trees};

#[test]
fn test_empty_input_tree() {
    assert!(trees(&[]).unwrap().is_empty());
}

#[test]
fn test_empty_input_table() {
    assert!(rows(&[]).is_empty());
}

#[test]
fn test_only_independent_tasks_tree() {
    let drawn = trees(&[(1, &[(10, "taskA", &[]), (11, "taskB", &[])])]).unwrap();
    assert_eq!(drawn, [["└── (T) taskA"], ["└── (T) taskB"]]);
}

#[test]
fn test_only_independent_tasks_table() {
    let rows = rows(&[(1, &[(10, "taskA", &[]), (11, "taskB", &[])])]);
    assert_eq!(rows, [row(1, 10, "taskA", "", "", 0), row(1, 11, "taskB", "", "", 0)]);
}

#[test]
fn test_single_task_table() {
    assert_eq!(rows(&[(1, &[(2, "Task-1", &[])])]), [row(1, 2, "Task-1", "", "", 0)]);
}

#[test]
fn test_cycle_detection() {
    let main: &[&str] = &["main"];
    let error = trees(&[(1, &[(2, "Task-1", &[(main, 3)]), (3, "Task-2", &[(main, 2)])])]);
    let error = error.unwrap_err();
    assert_eq!(error.cycles, [[3, 2, 3]]);
    assert!(error.to_string().ends_with("cycle: Task-2 → Task-1 → Task-2"), "{error}");
}

#[test]
fn test_complex_tree() {
    let main: &[&str] = &["main"];
    let drawn = trees(&[(
        1,
        &[(2, "Task-1", &[]), (3, "Task-2", &[(main, 2)]), (4, "Task-3", &[(main, 3)])],
    )]);
    assert_eq!(
        drawn.unwrap(),
        [[
            "└── (T) Task-1",
            "    └──  main",
            "        └── (T) Task-2",
            "            └──  main",
            "                └── (T) Task-3",
        ]]
    );
}

#[test]
fn test_complex_table() {
    let main: &[&str] = &["main"];
    let rows = rows(&[(
        1,
        &[(2, "Task-1", &[]), (3, "Task-2", &[(main, 2)]), (4, "Task-3", &[(main, 3)])],
    )]);
    assert_eq!(
        rows,
        [
            row(1, 2, "Task-1", "", "", 0),
            row(1, 3, "Task-2", "main", "Task-1", 2),
            row(1, 4, "Task-3", "main", "Task-2", 3),
        ]
    );
}

#[test]
fn test_deep_coroutine_chain() {
    let chain: &[&str] = &["c1", "c2", "c3", "c4", "c5"];
    let drawn = trees(&[(1, &[(10, "leaf", &[(chain, 11)]), (11, "root", &[])])]).unwrap();
    assert_eq!(
        drawn,
        [[
            "└── (T) root",
            "    └──  c5",
            "        └──  c4",
            "            └──  c3",
            "                └──  c2",
            "                    └──  c1",
            "                        └── (T) leaf",
        ]]
    );
}

#[test]
fn test_multiple_cycles_same_node() {
    let error = trees(&[(
        1,
        &[
            (1, "Task-A", &[(&["call1"], 2)]),
            (2, "Task-B", &[(&["call2"], 3)]),
            (3, "Task-C", &[(&["call3"], 1), (&["call4"], 2)]),
        ],
    )]);
    let cycles = error.unwrap_err().cycles;
    assert!(cycles.iter().any(|cycle| [1, 2, 3].iter().all(|task| cycle.contains(task))));
}

#[test]
fn test_table_output_format() {
    let report = report(&[(1, &[(1, "Task-A", &[(&["foo"], 2)]), (2, "Task-B", &[])])]);
    let text = table::text(&table::rows(&report));
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[0].split("  ").map(str::trim).filter(|title| !title.is_empty()).collect::<Vec<_>>(),
        ["tid", "task id", "task name", "stack", "awaiter chain", "awaiter name", "awaiter id"]
    );
    assert_eq!(lines.len(), 4);
    assert!(lines[2].contains("Task-A") && lines[2].contains("foo") && lines[2].ends_with('2'));
    assert!(lines[3].contains("Task-B") && lines[3].ends_with('0'));
}
