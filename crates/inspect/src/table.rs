//! A report as a table: a row for each task and each task that waits for it.
//!
//! The columns are those of `python -m asyncio ps`; a task that several wait for has several rows.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::report::{Node, Report, TaskReport};
use crate::text::plain;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The thread of the task's loop.
    pub thread: i64,
    /// The task.
    pub task: u64,
    /// Its name.
    pub name: String,
    /// Its own frames and waits, the innermost first.
    pub stack: String,
    /// The frames of the task that waits for it, the innermost first.
    pub awaiter_chain: String,
    /// The name of the task that waits for it; empty if none does.
    pub awaiter_name: String,
    /// The task that waits for it; 0 if none does.
    pub awaiter: u64,
}

/// The rows of `report`, in the order of its tasks.
pub fn rows(report: &Report) -> Vec<Row> {
    let names: HashMap<u64, &str> =
        report.tasks.iter().map(|task| (task.id, task.name.as_str())).collect();
    let mut rows = Vec::new();
    for task in &report.tasks {
        let row = Row {
            thread: task.thread,
            task: task.id,
            name: task.name.clone(),
            stack: own_stack(task),
            awaiter_chain: String::new(),
            awaiter_name: String::new(),
            awaiter: 0,
        };
        if task.awaited_by.is_empty() {
            rows.push(row);
            continue;
        }
        rows.extend(task.awaited_by.iter().map(|awaiter| Row {
            awaiter_chain: chain(awaiter.stack.iter().map(String::as_str)),
            awaiter_name: (*names.get(&awaiter.task).unwrap_or(&"Unknown")).to_owned(),
            awaiter: awaiter.task,
            ..row.clone()
        }));
    }
    rows
}

/// The first words of lines: what, without where.
fn chain<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = lines.map(|line| line.split(' ').next().unwrap_or(line)).collect();
    names.join(" -> ")
}

/// Each branch of a task's tree of waits, the innermost first; in words, where they are older than debug
/// mode.
fn own_stack(task: &TaskReport) -> String {
    if let Some(line) = task.unknown_wait_line() {
        return line;
    }
    let mut stacks = Vec::new();
    let mut open: Vec<Vec<&Node>> = task.waits.iter().rev().map(|node| vec![node]).collect();
    while let Some(path) = open.pop() {
        let Some(last) = path.last() else { continue };
        if last.children.is_empty() {
            stacks.push(chain(path.iter().rev().map(|node| node.label.as_str())));
        }
        for child in last.children.iter().rev() {
            let mut longer = path.clone();
            longer.push(child);
            open.push(longer);
        }
    }
    stacks.join(" | ")
}

const TITLES: [&str; 7] =
    ["tid", "task id", "task name", "stack", "awaiter chain", "awaiter name", "awaiter id"];

/// The widest that a column gets. A cell that is longer is written whole and moves the rest of its own row: one
/// name of a megabyte, or a task that waits for a thousand things, would make every row as long.
const COLUMN_MAX: usize = 120;

/// Writes rows as text, each column as wide as its widest cell, within reason; control characters are written
/// out.
pub fn text(rows: &[Row]) -> String {
    let titles = TITLES.map(Cow::Borrowed);
    let mut widths = [0; 7];
    let mut widen = |cells: &[Cow<'_, str>; 7]| {
        for (width, cell) in widths.iter_mut().zip(cells) {
            *width = (*width).max(wide(cell)).min(COLUMN_MAX);
        }
    };
    widen(&titles);
    // Made twice and kept never: of a hundred thousand rows, keeping is what takes time.
    rows.iter().for_each(|row| widen(&plain_cells(row)));
    let line_bytes: usize = widths.iter().map(|width| width + GAP).sum();
    let mut text = String::with_capacity((rows.len() + 2) * line_bytes);
    // Longer than any gap: a slice of it is faster than so many blanks one by one.
    let blanks = " ".repeat(line_bytes);
    line(&mut text, &titles, &widths, &blanks);
    line(&mut text, &widths.map(|width| Cow::Owned("-".repeat(width))), &widths, &blanks);
    for row in rows {
        line(&mut text, &plain_cells(row), &widths, &blanks);
    }
    text
}

/// Between columns.
const GAP: usize = 2;

/// How many letters wide a cell is.
fn wide(cell: &str) -> usize {
    if cell.is_ascii() { cell.len() } else { cell.chars().count() }
}

/// Adds a line, without what would be blank at its end.
fn line(text: &mut String, cells: &[Cow<'_, str>; 7], widths: &[usize; 7], blanks: &str) {
    for (cell, width) in cells.iter().zip(widths) {
        text.push_str(cell);
        text.push_str(&blanks[..width.saturating_sub(wide(cell)) + GAP]);
    }
    text.truncate(text.trim_end_matches(' ').len());
    text.push('\n');
}

/// With these a spreadsheet's formula begins.
const FORMULA_BEGINS: [char; 4] = ['=', '+', '-', '@'];

/// Writes rows as comma-separated values, with the titles, as RFC 4180 has it.
///
/// Control characters are written out, as in [`text`]: what is piped into a file is looked at on a terminal, too.
/// Before a text that a spreadsheet would take for a formula stands `'`, by which it knows a text: a task may be
/// named by who is served, and a formula may send the sheet elsewhere. Numbers are as they are. A program that
/// wants the names themselves reads the [`Report`].
///
/// ```
/// use corio_inspect::report::TaskReport;
/// use corio_inspect::{Report, table};
///
/// let task = TaskReport { name: "=1+2\n".to_owned(), ..TaskReport::default() };
/// let report = Report { tasks: vec![task], ..Report::default() };
/// let csv = table::csv(&table::rows(&report));
/// assert_eq!(csv.lines().nth(1), Some("0,0,'=1+2\\n,,,,0"));
/// ```
pub fn csv(rows: &[Row]) -> String {
    let mut text = TITLES.join(",") + "\r\n";
    for row in rows {
        for (at, cell) in cells(row).into_iter().enumerate() {
            text.push_str(if at == 0 { "" } else { "," });
            match cell {
                Cow::Borrowed(cell) => text.push_str(&quoted(&plain(cell))),
                Cow::Owned(number) => text.push_str(&number),
            }
        }
        text.push_str("\r\n");
    }
    text
}

/// A text as a cell between commas.
fn quoted(cell: &str) -> Cow<'_, str> {
    // Some spreadsheets pass over blanks before a formula.
    let mark = if cell.trim_start().starts_with(FORMULA_BEGINS) { "'" } else { "" };
    if cell.contains([',', '"']) {
        Cow::Owned(format!("\"{mark}{}\"", cell.replace('"', "\"\"")))
    } else if mark.is_empty() {
        Cow::Borrowed(cell)
    } else {
        Cow::Owned(format!("{mark}{cell}"))
    }
}

/// The texts of a row are borrowed, its numbers are not.
fn cells(row: &Row) -> [Cow<'_, str>; 7] {
    [
        Cow::Owned(row.thread.to_string()),
        Cow::Owned(row.task.to_string()),
        Cow::Borrowed(&row.name),
        Cow::Borrowed(&row.stack),
        Cow::Borrowed(&row.awaiter_chain),
        Cow::Borrowed(&row.awaiter_name),
        Cow::Owned(row.awaiter.to_string()),
    ]
}

/// As [`cells`], as they may stand in a terminal.
fn plain_cells(row: &Row) -> [Cow<'_, str>; 7] {
    cells(row).map(|cell| match cell {
        Cow::Borrowed(text) => plain(text),
        number @ Cow::Owned(_) => number,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_what_is_shown() {
        let row = |task, name: &str, awaiter: &str| Row {
            thread: 7,
            task,
            name: name.to_owned(),
            stack: "sleep".to_owned(),
            awaiter_chain: String::new(),
            awaiter_name: awaiter.to_owned(),
            awaiter: 0,
        };
        let shown = text(&[row(1, "häuser → der Straße", ""), row(20, "a\nb", "c\u{1b}")]);
        let expected = "\
tid  task id  task name            stack  awaiter chain  awaiter name  awaiter id
---  -------  -------------------  -----  -------------  ------------  ----------
7    1        häuser → der Straße  sleep                               0
7    20       a\\nb                 sleep                 c\\u{1b}       0
";
        assert_eq!(shown, expected);
        assert_eq!(text(&[]).lines().count(), 2);
    }

    #[test]
    fn a_spreadsheet_finds_neither_formulas_nor_what_a_terminal_obeys() {
        for (name, cell) in [
            ("häuser → 1", "häuser → 1"),
            ("a,b", "\"a,b\""),
            ("a \"b\"", "\"a \"\"b\"\"\""),
            // What would end a row, or begin a formula further in where its writer thinks of it.
            ("a\r\n=1", "a\\r\\n=1"),
            ("\u{1b}[2J", "\\u{1b}[2J"),
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("  =1", "'  =1"),
            ("=a,\"b\"", "\"'=a,\"\"b\"\"\""),
            ("a=1-2", "a=1-2"),
            ("", ""),
        ] {
            let row = Row {
                thread: -1,
                task: 7,
                name: name.to_owned(),
                stack: name.to_owned(),
                awaiter_chain: String::new(),
                awaiter_name: name.to_owned(),
                awaiter: 0,
            };
            let expected = format!("-1,7,{cell},{cell},,{cell},0\r\n");
            assert_eq!(csv(&[row]).split_once("\r\n").unwrap().1, expected, "{name:?}");
        }
    }

    #[test]
    fn one_long_name_does_not_widen_all_rows() {
        let row = |task, name: String| Row {
            thread: 7,
            task,
            name,
            stack: "sleep".to_owned(),
            awaiter_chain: String::new(),
            awaiter_name: String::new(),
            awaiter: 0,
        };
        let long = "x".repeat(1 << 20);
        let names = [long.clone()].into_iter().chain((1..100).map(|at| at.to_string()));
        let rows: Vec<Row> = names.zip(1..).map(|(name, task)| row(task, name)).collect();
        let shown = text(&rows);
        let lines: Vec<&str> = shown.lines().collect();
        assert!(lines[2].starts_with(&format!("7    1        {long}  sleep ")), "it is whole");
        let widest = lines.iter().map(|line| line.len()).filter(|bytes| *bytes < 1 << 20).max();
        assert!(widest < Some(2 * COLUMN_MAX), "{widest:?}");
        assert_eq!(lines.len(), 102);
    }
}
