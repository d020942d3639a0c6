//! A report as a table: a row for each task and each task that waits for it.
//!
//! The columns are those of `python -m asyncio ps`; a task that several wait for has several rows.

use std::collections::HashMap;
use std::fmt::Write;

use crate::report::{Node, Report, TaskReport};
use crate::text::into_plain;

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

/// Each branch of a task's tree of waits, the innermost first.
fn own_stack(task: &TaskReport) -> String {
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

/// Writes rows as text, each column as wide as its widest cell; control characters are written out.
pub fn text(rows: &[Row]) -> String {
    let cells: Vec<[String; 7]> = rows.iter().map(|row| cells(row).map(into_plain)).collect();
    let mut widths = TITLES.map(|title| title.chars().count());
    for row in &cells {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    let mut line = |cells: &[String; 7]| {
        for (cell, width) in cells.iter().zip(widths) {
            // Writing into a String does not fail.
            let _ = write!(text, "{cell:<width$}  ");
        }
        text.truncate(text.trim_end_matches(' ').len());
        text.push('\n');
    };
    line(&TITLES.map(str::to_owned));
    line(&widths.map(|width| "-".repeat(width)));
    cells.iter().for_each(line);
    text
}

/// Writes rows as comma-separated values, with the titles, as RFC 4180 has it.
pub fn csv(rows: &[Row]) -> String {
    let quoted = |cell: &String| {
        if cell.contains([',', '"', '\n', '\r']) {
            format!("\"{}\"", cell.replace('"', "\"\""))
        } else {
            cell.clone()
        }
    };
    let mut text = TITLES.join(",") + "\r\n";
    for row in rows {
        text.push_str(&cells(row).each_ref().map(quoted).join(","));
        text.push_str("\r\n");
    }
    text
}

fn cells(row: &Row) -> [String; 7] {
    [
        row.thread.to_string(),
        row.task.to_string(),
        row.name.clone(),
        row.stack.clone(),
        row.awaiter_chain.clone(),
        row.awaiter_name.clone(),
        row.awaiter.to_string(),
    ]
}
