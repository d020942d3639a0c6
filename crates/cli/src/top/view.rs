//! The screen of `corio top`: what the program is, its loops, its tasks, the chosen one.

use corio_inspect::plain;
use corio_inspect::report::{LoopReport, Node, State, TaskReport};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::Line;
use ratatui::widgets::{Block, Paragraph, Row, Table, TableState};

use crate::top::app::{App, wait, waited_us};

/// Lines of the chosen task's part.
const DETAIL_LINES: u16 = 12;
/// Loops that have a line: the tasks need the rest of the screen.
const LOOPS_MAX: usize = 8;
/// Rows that can be scrolled to: the search narrows, and a screen is drawn at every key.
const ROWS_MAX: usize = 1000;

pub(crate) fn draw(frame: &mut Frame<'_>, app: &App) {
    let detail = if app.chosen().is_some() { DETAIL_LINES } else { 0 };
    let head = head(app);
    let [top, middle, bottom, keys] = Layout::vertical([
        Constraint::Length(head.len() as u16),
        Constraint::Min(3),
        Constraint::Length(detail),
        Constraint::Length(1),
    ])
    .areas(frame.area());
    frame.render_widget(Paragraph::new(head), top);
    draw_tasks(frame, app, middle);
    if let Some(task) = app.chosen() {
        let block = Block::bordered().title(plain(&task.name).into_owned());
        frame.render_widget(Paragraph::new(about(task)).block(block), bottom);
    }
    let typing = if app.is_typing { "█" } else { "" };
    let frozen = if app.is_frozen() { "  FROZEN" } else { "" };
    let line = format!(
        "q quit  / search: {}{typing}  s sort: {}  f freeze  ↑↓ choose{frozen}",
        app.search,
        app.order.name()
    );
    frame.render_widget(Paragraph::new(line).style(Modifier::DIM), keys);
}

/// The lines above the table.
fn head(app: &App) -> Vec<Line<'static>> {
    let report = &app.report;
    let count = |state| report.tasks.iter().filter(|task| task.state == state).count();
    let mut lines = vec![Line::from(format!(
        "{} (process {})  {} tasks: {} running, {} ready, {} waiting",
        plain(&report.program),
        report.pid,
        report.tasks.len(),
        count(State::Running),
        count(State::Ready),
        count(State::Waiting),
    ))];
    lines.extend(report.loops.iter().take(LOOPS_MAX).map(|home| loop_line(home, app)));
    if report.loops.len() > LOOPS_MAX {
        lines.push(Line::from(format!("and {} more loops", report.loops.len() - LOOPS_MAX)));
    }
    let bad = Style::new().fg(Color::Red);
    if !report.debug {
        let text = format!("debug mode is off: `corio debug {} on` turns it on", report.pid);
        lines.push(Line::styled(text, bad));
    }
    for circle in &report.stuck {
        let chain: Vec<String> = circle.iter().map(|task| format!("Task-{task}")).collect();
        lines.push(Line::styled(format!("never go on: {}", chain.join(" → ")), bad));
    }
    if let Some(trouble) = &app.trouble {
        lines.push(Line::styled(format!("as it was last; {trouble}"), bad));
    }
    lines
}

/// What a loop does, and how well.
fn loop_line(home: &LoopReport, app: &App) -> Line<'static> {
    let name = home.name.clone().unwrap_or_else(|| format!("thread {}", home.thread));
    let does = match (home.polling, home.away_us) {
        (Some((0, us)), _) => format!("runs a call for {}", duration(us)),
        (Some((task, us)), _) => format!("polls Task-{task} for {}", duration(us)),
        (None, _) if home.is_parked => "waits for events".to_owned(),
        (None, Some(us)) => format!("busy for {}", duration(us)),
        (None, None) => "does not run".to_owned(),
    };
    let busy =
        app.busy(home.id).map_or_else(|| "…".to_owned(), |share| format!("{:.0} %", share * 100.0));
    let text = format!(
        "loop {} on {name}: {does}; busy {busy}, {} ready, {} turns, late {} (at most {}), {} timers",
        home.id,
        home.ready,
        home.turns,
        duration(home.late.last_ns / 1000),
        duration(home.late.max_ns / 1000),
        home.timers,
    );
    let longest = home.polling.map_or(0, |(_, us)| us).max(home.away_us.unwrap_or(0));
    let is_slow = app.report.slow_us > 0 && longest >= app.report.slow_us;
    Line::styled(text, if is_slow { Style::new().fg(Color::Red) } else { Style::new() })
}

fn draw_tasks(frame: &mut Frame<'_>, app: &App, area: Rect) {
    let mut rows = app.rows();
    rows.truncate(ROWS_MAX);
    let chosen = rows.iter().position(|task| Some(task.id) == app.selected);
    let table = Table::new(
        rows.iter().map(|task| row(app, task)),
        [
            Constraint::Length(20),
            Constraint::Length(8),
            Constraint::Length(10),
            Constraint::Length(12),
            Constraint::Length(10),
            Constraint::Fill(1),
        ],
    )
    .header(
        Row::new(["task", "state", "polls", "busy", "since", "waits for"]).style(Modifier::BOLD),
    )
    .row_highlight_style(Modifier::REVERSED);
    let mut state = TableState::new().with_selected(chosen);
    frame.render_stateful_widget(table, area, &mut state);
}

fn row(app: &App, task: &TaskReport) -> Row<'static> {
    let (state, colour) = match task.state {
        _ if app.is_stuck(task.id) => ("stuck", Color::Red),
        State::Running => ("running", Color::Green),
        State::Ready => ("ready", Color::Yellow),
        State::Waiting => ("waiting", Color::Reset),
    };
    let since = if task.waits.is_empty() { String::new() } else { duration(waited_us(task)) };
    Row::new([
        plain(&task.name).into_owned(),
        state.to_owned(),
        task.polls.to_string(),
        duration(task.busy_us),
        since,
        wait(task),
    ])
    .style(Style::new().fg(colour))
}

/// The lines about the chosen task.
fn about(task: &TaskReport) -> Vec<Line<'static>> {
    let mut lines = vec![Line::from(format!("{} spawned at {}", task.type_name, task.place))];
    let mut open: Vec<(&Node, usize)> = task.waits.iter().rev().map(|node| (node, 0)).collect();
    while let Some((node, depth)) = open.pop() {
        let indent = "  ".repeat(depth);
        lines.push(Line::from(format!("{indent}{} for {}", node.line(), duration(node.for_us))));
        open.extend(node.children.iter().rev().map(|child| (child, depth + 1)));
    }
    for hold in &task.holds {
        let text =
            format!("holds {} for {}, taken at {}", hold.kind, duration(hold.for_us), hold.place);
        lines.push(Line::from(text));
    }
    for awaiter in &task.awaited_by {
        let text = format!("awaited by Task-{}: {}", awaiter.task, awaiter.stack.join(" ← "));
        lines.push(Line::from(text));
    }
    lines
}

fn duration(us: u64) -> String {
    match us {
        0..1_000 => format!("{us} µs"),
        1_000..1_000_000 => format!("{:.1} ms", us as f64 / 1e3),
        1_000_000..60_000_000 => format!("{:.1} s", us as f64 / 1e6),
        60_000_000..3_600_000_000 => format!("{} min", us / 60_000_000),
        _ => format!("{} h", us / 3_600_000_000),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use corio_inspect::Report;
    use corio_inspect::report::{Hold, Spread};
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;
    use ratatui::crossterm::event::{KeyCode, KeyEvent};

    use super::*;

    fn report() -> Report {
        let task = |id: u64, busy_us: u64, label: &str| TaskReport {
            id,
            name: format!("Task-{id}"),
            state: State::Waiting,
            busy_us,
            waits: vec![Node {
                label: label.to_owned(),
                place: "src/main.rs:7:5".to_owned(),
                is_wait: true,
                for_us: 2_500_000,
                ..Node::default()
            }],
            ..TaskReport::default()
        };
        let mut first = task(1, 10, "lock");
        first.holds.push(Hold {
            kind: "lock".to_owned(),
            place: "src/main.rs:6:5".to_owned(),
            for_us: 3_000_000,
        });
        Report {
            pid: 7,
            program: "demo".to_owned(),
            debug: true,
            loops: vec![LoopReport {
                id: 1,
                polling: Some((2, 1_500)),
                turns: 12,
                late: Spread { last_ns: 70_000, max_ns: 5_200_000, ..Spread::default() },
                ..LoopReport::default()
            }],
            tasks: vec![first, task(2, 5_000, "sleep")],
            stuck: vec![vec![1, 1]],
            ..Report::default()
        }
    }

    fn screen(app: &App) -> String {
        let mut terminal = Terminal::new(TestBackend::new(90, 24)).unwrap();
        terminal.draw(|frame| draw(frame, app)).unwrap();
        terminal.backend().to_string()
    }

    #[test]
    fn the_screen_shows_program_loops_and_tasks() {
        let screen = screen(&App::new(report()));
        for text in [
            "demo (process 7)  2 tasks: 0 running, 0 ready, 2 waiting",
            "loop 1 on thread 0: polls Task-2 for 1.5 ms; busy …, 0 ready, 12 turns, late 70 µs",
            "never go on: Task-1 → Task-1",
            "sleep src/main.rs:7:5",
            "busiest first",
        ] {
            assert!(screen.contains(text), "{text}:\n{screen}");
        }
        let place = |text: &str| screen.find(text).unwrap();
        assert!(place("sleep src") < place("lock src"), "the busiest comes first:\n{screen}");
    }

    #[test]
    fn a_wait_from_before_debug_mode_is_marked() {
        let mut report = report();
        report.tasks[0] = TaskReport { late: true, waits: Vec::new(), ..report.tasks[0].clone() };
        // The screen cuts it where its column ends.
        assert_eq!(wait(&report.tasks[0]), "waits since before debug mode");
        let screen = screen(&App::new(report));
        assert!(screen.contains("waits since"), "{screen}");
    }

    #[test]
    fn names_that_a_terminal_would_obey_are_written_out() {
        let mut report = report();
        report.tasks[0].name = "\u{202e}gnp\u{1b}[2J".to_owned();
        report.program = "a\nb".to_owned();
        let mut app = App::new(report);
        app.selected = Some(1);
        let screen = screen(&app);
        assert!(screen.contains("a\\nb (process 7)"), "{screen}");
        let title = "\\u{202e}gnp\\u{1b}[2J";
        assert!(screen.contains(title) && !screen.contains('\u{202e}'), "{screen}");
    }

    #[test]
    fn keys_search_choose_and_quit() {
        let mut app = App::new(report());
        let press = |app: &mut App, code| app.key(KeyEvent::from(code));
        press(&mut app, KeyCode::Char('/'));
        for letter in "LOCK".chars() {
            press(&mut app, KeyCode::Char(letter));
        }
        press(&mut app, KeyCode::Enter);
        assert_eq!(app.rows().len(), 1);
        press(&mut app, KeyCode::Down);
        assert_eq!(app.selected, Some(1));
        let text = screen(&app);
        assert!(text.contains("holds lock for 3.0 s, taken at src/main.rs:6:5"), "{text}");
        assert!(text.contains("lock src/main.rs:7:5 for 2.5 s"), "{text}");
        press(&mut app, KeyCode::Char('f'));
        assert!(app.is_frozen() && screen(&app).contains("FROZEN"));
        app.take(Err(std::io::Error::other("it has ended")), Duration::from_secs(1));
        assert!(screen(&app).contains("as it was last; it has ended"));
        assert_eq!(press(&mut app, KeyCode::Char('q')), crate::top::app::After::Quit);
    }
}
