//! `corio top PID`: the tasks of a program, live, in the terminal.
//!
//! ```text
//!   every second: Asker::ask ─▶ its thread: client::ask ─▶ App::take ─▶ view::draw
//!   every key:    App::key ───────────────────────────────────────────▶ view::draw
//! ```
//!
//! Another thread asks, so that keys are heard while a program does not answer. A program that ends, or is stopped,
//! stays on the screen as it was last, with a line that says so. A signal ends it as a key does.

mod app;

mod asker;

mod end;

mod view;

use std::io::{self, IsTerminal};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use corio_inspect::client;
use ratatui::crossterm::event::{self, Event, KeyEventKind};

use self::app::{After, App};
use self::asker::Asker;
use self::end::End;

/// How often the program is asked: a reader sees no more, and a report of many tasks takes a while.
const PERIOD: Duration = Duration::from_secs(1);
/// How long an answer waits at most until it is shown: less than a reader notices.
const GLANCE: Duration = Duration::from_millis(50);

/// Why it is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The user has seen enough.
    ByKey,
    /// A signal came.
    BySignal(i32),
}

impl Ended {
    /// What the process says of it.
    pub(crate) fn code(self) -> ExitCode {
        match self {
            Ended::ByKey => ExitCode::SUCCESS,
            Ended::BySignal(signal) => ExitCode::from(end::status(signal)),
        }
    }
}

/// Shows process `pid` until the user has seen enough.
pub(crate) fn run(pid: u32) -> io::Result<Ended> {
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        let message = format!("top wants a terminal: without one, use `corio ps {pid}`");
        return Err(io::Error::new(io::ErrorKind::Unsupported, message));
    }
    // Asked before the screen is taken, so that nobody there is an error like any other.
    let mut app = App::new(client::ask(pid)?);
    let asker = Asker::start(pid)?;
    let end = End::listen()?;
    let mut terminal = ratatui::try_init()?;
    let shown = show(&mut terminal, &mut app, &asker, &end);
    let restored = ratatui::try_restore();
    match end.signal() {
        // A terminal that has gone may have failed before the signal was seen.
        Some(signal) => Ok(Ended::BySignal(signal)),
        None => restored.and(shown).map(|()| Ended::ByKey),
    }
}

fn show(
    terminal: &mut ratatui::DefaultTerminal,
    app: &mut App,
    asker: &Asker,
    end: &End,
) -> io::Result<()> {
    let mut due = Instant::now() + PERIOD;
    let (mut is_new, mut last) = (true, Instant::now());
    while end.signal().is_none() {
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
    Ok(())
}
