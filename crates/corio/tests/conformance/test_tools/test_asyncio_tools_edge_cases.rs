//! Graphs that are not as one expects.

use super::{rows, trees};

#[test]
fn test_task_awaits_self() {
    let error = trees(&[(1, &[(1, "Self-Awaiter", &[(&["loopback"], 1)])])]).unwrap_err();
    assert!(error.cycles.contains(&vec![1, 1]));
}

#[test]
fn test_task_with_missing_awaiter_id() {
    let rows = rows(&[(1, &[(1, "Task-A", &[(&["coro"], 999)])])]);
    assert_eq!((rows.len(), rows[0].4.as_str()), (1, "Unknown"));
}

#[test]
fn test_task_with_no_name() {
    // The one that waits is not in the report, so its name is not known.
    let drawn = trees(&[(1, &[(1, "root", &[(&["f1"], 2)])])]).unwrap();
    assert_eq!(drawn[0][0], "└── (T) Task-2");
}
