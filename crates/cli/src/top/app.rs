//! What `corio top` shows at the moment and what keys do to it.

use std::collections::HashMap;
use std::io;
use std::time::Duration;

use corio_inspect::Report;
use corio_inspect::report::{LoopReport, Node, TaskReport};
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// What the rows are sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Busy,
    Polls,
    Wait,
    Number,
}

impl Order {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Order::Busy => "busiest first",
            Order::Polls => "most polled first",
            Order::Wait => "longest wait first",
            Order::Number => "oldest first",
        }
    }

    fn next(self) -> Order {
        match self {
            Order::Busy => Order::Polls,
            Order::Polls => Order::Wait,
            Order::Wait => Order::Number,
            Order::Number => Order::Busy,
        }
    }
}

/// Whether to go on after a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum After {
    GoOn,
    Quit,
}

/// The state of the screen.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) report: Report,
    pub(crate) order: Order,
    /// What the rows must contain; while it is typed in, keys are letters.
    pub(crate) search: String,
    pub(crate) is_typing: bool,
    /// The chosen task.
    pub(crate) selected: Option<u64>,
    /// Why the last report is not from now.
    pub(crate) trouble: Option<String>,
    frozen: bool,
    /// How busy each loop was between the report before and this one.
    busy: HashMap<u64, f64>,
}

impl App {
    pub(crate) fn new(report: Report) -> App {
        App {
            report,
            order: Order::Busy,
            search: String::new(),
            is_typing: false,
            selected: None,
            trouble: None,
            frozen: false,
            busy: HashMap::new(),
        }
    }

    /// Which part of the time a loop did not wait for events, from one report to the next.
    pub(crate) fn busy(&self, home: u64) -> Option<f64> {
        self.busy.get(&home).copied()
    }

    pub(crate) fn is_frozen(&self) -> bool {
        self.frozen
    }

    /// Takes a new report, which comes so long after the one before, or keeps the old one and says why.
    pub(crate) fn take(&mut self, report: io::Result<Report>, passed: Duration) {
        match report {
            Ok(report) => {
                let passed_us = passed.as_micros().max(1) as f64;
                let before = |id| self.report.loops.iter().find(|home| home.id == id);
                let share = |home: &LoopReport| {
                    let busy_us = home.busy_us.saturating_sub(before(home.id)?.busy_us);
                    Some((home.id, (busy_us as f64 / passed_us).min(1.0)))
                };
                self.busy = report.loops.iter().filter_map(share).collect();
                self.report = report;
                self.trouble = None;
            }
            Err(error) => self.trouble = Some(error.to_string()),
        }
    }

    /// The tasks to show, in order.
    pub(crate) fn rows(&self) -> Vec<&TaskReport> {
        let search = self.search.to_lowercase();
        let mut rows: Vec<&TaskReport> = self
            .report
            .tasks
            .iter()
            .filter(|task| {
                [&task.name, &task.place, &task.type_name, &wait(task)]
                    .iter()
                    .any(|text| text.to_lowercase().contains(&search))
            })
            .collect();
        match self.order {
            Order::Busy => rows.sort_by_key(|task| std::cmp::Reverse(task.busy_us)),
            Order::Polls => rows.sort_by_key(|task| std::cmp::Reverse(task.polls)),
            Order::Wait => rows.sort_by_key(|task| std::cmp::Reverse(waited_us(task))),
            Order::Number => {}
        }
        rows
    }

    /// The chosen task, if it is still there.
    pub(crate) fn chosen(&self) -> Option<&TaskReport> {
        self.report.tasks.iter().find(|task| Some(task.id) == self.selected)
    }

    /// Whether a task can never go on.
    pub(crate) fn is_stuck(&self, task: u64) -> bool {
        self.report.stuck.iter().any(|circle| circle.contains(&task))
    }

    /// A key was pressed.
    pub(crate) fn key(&mut self, key: KeyEvent) -> After {
        if key.modifiers.contains(KeyModifiers::CONTROL) && key.code == KeyCode::Char('c') {
            return After::Quit;
        }
        match key.code {
            KeyCode::Enter | KeyCode::Esc if self.is_typing => self.is_typing = false,
            KeyCode::Backspace if self.is_typing => drop(self.search.pop()),
            KeyCode::Char(letter) if self.is_typing => self.search.push(letter),
            KeyCode::Char('q') => return After::Quit,
            KeyCode::Char('/') => self.is_typing = true,
            KeyCode::Char('s') => self.order = self.order.next(),
            KeyCode::Char('f') => self.frozen = !self.frozen,
            KeyCode::Esc => self.selected = None,
            KeyCode::Down | KeyCode::Char('j') => self.step(1),
            KeyCode::Up | KeyCode::Char('k') => self.step(-1),
            _ => {}
        }
        After::GoOn
    }

    /// Chooses the next row, or the one before.
    fn step(&mut self, by: isize) {
        let rows = self.rows();
        let at = rows.iter().position(|task| Some(task.id) == self.selected);
        let next = match at {
            Some(at) => at.saturating_add_signed(by).min(rows.len().saturating_sub(1)),
            None => 0,
        };
        self.selected = rows.get(next).map(|task| task.id);
    }
}

/// The innermost waits of a task.
fn leaves<'a>(nodes: &'a [Node], found: &mut Vec<&'a Node>) {
    for node in nodes {
        if node.children.is_empty() {
            found.push(node);
        } else {
            leaves(&node.children, found);
        }
    }
}

/// What a task waits for, in a line.
pub(crate) fn wait(task: &TaskReport) -> String {
    let mut found = Vec::new();
    leaves(&task.waits, &mut found);
    match found.split_first() {
        Some((first, [])) => first.line(),
        Some((first, others)) => format!("{} and {} more", first.line(), others.len()),
        None => task.unknown_wait().unwrap_or_default().to_owned(),
    }
}

/// For how long it has waited, in microseconds.
pub(crate) fn waited_us(task: &TaskReport) -> u64 {
    let mut found = Vec::new();
    leaves(&task.waits, &mut found);
    found.iter().map(|node| node.for_us).max().unwrap_or(0)
}
