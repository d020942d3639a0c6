//! Larger graphs as trees.

use super::trees;

const EXIT: &[&str] = &["_aexit", "__aexit__", "main"];
const BLOCK: &[&str] = &["_aexit", "__aexit__", "blocho_caller", "bloch"];
const A: &[&str] = &[
    "awaiter3 /path/to/app.py:130",
    "awaiter2 /path/to/app.py:120",
    "awaiter /path/to/app.py:110",
];
const B: &[&str] = &[
    "awaiterB3 /path/to/app.py:190",
    "awaiterB2 /path/to/app.py:180",
    "awaiterB /path/to/app.py:170",
];

/// What stands below one of the two groups: two children, each of which awaits the timer.
fn group(prefix: &str, children: [&str; 2]) -> Vec<String> {
    let mut lines = Vec::new();
    for (depth, frame) in ["bloch", "blocho_caller", "__aexit__", "_aexit"].iter().enumerate() {
        lines.push(format!("{prefix}{}└──  {frame}", "    ".repeat(depth)));
    }
    let prefix = format!("{prefix}{}", "    ".repeat(4));
    for (child, frames, fork, line) in
        [(children[0], A, "├── ", "│   "), (children[1], B, "└── ", "    ")]
    {
        lines.push(format!("{prefix}{fork}(T) {child}"));
        for (depth, frame) in frames.iter().rev().enumerate() {
            lines.push(format!("{prefix}{line}{}└──  {frame}", "    ".repeat(depth)));
        }
        lines.push(format!("{prefix}{line}{}└── (T) timer", "    ".repeat(3)));
    }
    lines
}

#[test]
fn test_asyncio_utils() {
    // A timer that four tasks await, in two groups.
    let drawn = trees(&[(
        1,
        &[
            (2, "Task-1", &[]),
            (3, "timer", &[(A, 4), (B, 5), (B, 6), (A, 7)]),
            (8, "root1", &[(EXIT, 2)]),
            (9, "root2", &[(EXIT, 2)]),
            (4, "child1_1", &[(BLOCK, 8)]),
            (6, "child2_1", &[(BLOCK, 8)]),
            (7, "child1_2", &[(BLOCK, 9)]),
            (5, "child2_2", &[(BLOCK, 9)]),
        ],
    )]);
    let mut expected: Vec<String> =
        ["└── (T) Task-1", "    └──  main", "        └──  __aexit__", "            └──  _aexit"]
            .map(str::to_owned)
            .to_vec();
    expected.push("                ├── (T) root1".to_owned());
    expected.extend(group("                │   ", ["child1_1", "child2_1"]));
    expected.push("                └── (T) root2".to_owned());
    expected.extend(group("                    ", ["child1_2", "child2_2"]));
    assert_eq!(drawn.unwrap(), [expected]);
    two_roots();
}

/// Two roots on two threads, with children each; then one of them without.
fn two_roots() {
    let children = |root: &str, frame: &str, names: [&str; 3]| {
        vec![
            format!("└── (T) {root}"),
            format!("    └──  {frame}"),
            format!("        ├── (T) {}", names[0]),
            format!("        ├── (T) {}", names[1]),
            format!("        └── (T) {}", names[2]),
        ]
    };
    let main: &[&str] = &["main"];
    let main2: &[&str] = &["main2"];
    let drawn = trees(&[
        (
            9,
            &[
                (5, "Task-5", &[]),
                (6, "Task-6", &[(main2, 5)]),
                (7, "Task-7", &[(main2, 5)]),
                (8, "Task-8", &[(main2, 5)]),
            ],
        ),
        (
            10,
            &[
                (1, "Task-1", &[]),
                (2, "Task-2", &[(main, 1)]),
                (3, "Task-3", &[(main, 1)]),
                (4, "Task-4", &[(main, 1)]),
            ],
        ),
    ]);
    let first = children("Task-5", "main2", ["Task-6", "Task-7", "Task-8"]);
    let second = children("Task-1", "main", ["Task-2", "Task-3", "Task-4"]);
    assert_eq!(drawn.unwrap(), [first, second.clone()]);
    let drawn = trees(&[
        (1, &[(2, "Task-5", &[])]),
        (
            3,
            &[
                (4, "Task-1", &[]),
                (5, "Task-2", &[(main, 4)]),
                (6, "Task-3", &[(main, 4)]),
                (7, "Task-4", &[(main, 4)]),
            ],
        ),
    ]);
    assert_eq!(drawn.unwrap(), [vec!["└── (T) Task-5".to_owned()], second]);
}

#[test]
fn test_asyncio_utils_cycles() {
    let error = trees(&[(
        1,
        &[
            (2, "Task-1", &[]),
            (3, "a", &[(&["awaiter2"], 4), (&["main"], 2)]),
            (4, "b", &[(&["awaiter"], 3)]),
        ],
    )]);
    assert_eq!(error.unwrap_err().cycles, [[4, 3, 4]]);

    let task_b: &[&str] = &["nested", "nested", "task_b"];
    let error = trees(&[(
        1,
        &[
            (2, "Task-1", &[]),
            (3, "A", &[(task_b, 4)]),
            (4, "B", &[(&["nested", "nested", "task_c"], 5), (&["nested", "nested", "task_a"], 3)]),
            (5, "C", &[(&["nested", "nested"], 6)]),
            (6, "Task-2", &[(task_b, 4)]),
        ],
    )]);
    assert_eq!(error.unwrap_err().cycles, [vec![4, 3, 4], vec![4, 6, 5, 4]]);
}
