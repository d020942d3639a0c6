//! `corio top PID`: the tasks of a program, live, in the terminal.
//!
//! ```text
//!   every second: Asker::ask ─▶ its thread: client::ask ─▶ App::take ─▶ view::draw
//!   every key:    App::key ───────────────────────────────────────────▶ view::draw
//! ```
//!
//! Another thread asks, so that keys are heard while a program does not answer. A program that ends, or is stopped,
//! stays on the screen as it was last, with a line that says so.

mod app;

mod asker;

mod view;

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use corio_inspect::client;
use ratatui::crossterm::event::{self, Event, KeyEventKind};

use self::app::{After, App};
use self::asker::Asker;

/// How often the program is asked: a reader sees no more, and a report of many tasks takes a while.
const PERIOD: Duration = Duration::from_secs(1);
/// How long an answer waits at most until it is shown: less than a reader notices.
const GLANCE: Duration = Duration::from_millis(50);

/// Shows process `pid` until the user has seen enough.
pub(crate) fn run(pid: u32) -> io::Result<()> {
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        let message = format!("top wants a terminal: without one, use `corio ps {pid}`");
        return Err(io::Error::new(io::ErrorKind::Unsupported, message));
    }
    // Asked before the screen is taken, so that nobody there is an error like any other.
    let mut app = App::new(client::ask(pid)?);
    let asker = Asker::start(pid)?;
    let mut terminal = ratatui::try_init()?;
    let shown = show(&mut terminal, &mut app, &asker);
    ratatui::try_restore()?;
    shown
}

fn show(terminal: &mut ratatui::DefaultTerminal, app: &mut App, asker: &Asker) -> io::Result<()> {
    let mut due = Instant::now() + PERIOD;
    let (mut is_new, mut last) = (true, Instant::now());
    loop {
        if std::mem::take(&mut is_new) {
            terminal.draw(|frame| view::draw(frame, app))?;
        }
        if event::poll(GLANCE)? {
            is_new = true;
            if let Event::Key(key) = event::read()?
                && key.kind == KeyEventKind::Press
                && app.key(key) == After::Quit
            {
                return Ok(());
            }
        }
        if let Some(report) = asker.answer() {
            // What was asked for before it was frozen.
            if !app.is_frozen() {
                let now = Instant::now();
                app.take(report, now - std::mem::replace(&mut last, now));
                is_new = true;
            }
        }
        if Instant::now() >= due && !app.is_frozen() {
            asker.ask();
            due = Instant::now() + PERIOD;
        }
    }
}
