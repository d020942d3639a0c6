//! `corio top PID`: the tasks of a program, live, in the terminal.
//!
//! ```text
//!   every second: client::ask ─▶ App::take ─▶ view::draw
//!   every key:    App::key ─────────────────▶ view::draw
//! ```
//!
//! A program that ends, or is stopped, stays on the screen as it was last, with a line that says so.

mod app;

mod view;

use std::io;
use std::time::{Duration, Instant};

use corio_inspect::client;
use ratatui::crossterm::event::{self, Event, KeyEventKind};

use self::app::{After, App};

/// How often the program is asked: a reader sees no more, and a report of many tasks takes a while.
const PERIOD: Duration = Duration::from_secs(1);

/// Shows process `pid` until the user has seen enough.
pub(crate) fn run(pid: u32) -> io::Result<()> {
    // Asked before the screen is taken, so that nobody there is an error like any other.
    let mut app = App::new(client::ask(pid)?);
    let mut terminal = ratatui::try_init()?;
    let shown = show(&mut terminal, &mut app, pid);
    ratatui::try_restore()?;
    shown
}

fn show(terminal: &mut ratatui::DefaultTerminal, app: &mut App, pid: u32) -> io::Result<()> {
    let mut due = Instant::now() + PERIOD;
    loop {
        terminal.draw(|frame| view::draw(frame, app))?;
        if event::poll(due.saturating_duration_since(Instant::now()))?
            && let Event::Key(key) = event::read()?
            && key.kind == KeyEventKind::Press
            && app.key(key) == After::Quit
        {
            return Ok(());
        }
        if Instant::now() >= due {
            if !app.is_frozen() {
                app.take(client::ask(pid));
            }
            due = Instant::now() + PERIOD;
        }
    }
}
