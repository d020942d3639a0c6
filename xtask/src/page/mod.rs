//! `cargo xtask page`: the inspector's page in a real browser, against a program with planted troubles.
//!
//! ```text
//!   program (examples/inspected.rs) ──▶ its page's address ──▶ Chromium, without a window
//!                                                               ▲ questions and clicks, over a pipe
//!                                          checks ──────────────┘ ◀─ answers, requests, complaints
//! ```
//!
//! Nothing is compared with a stored picture: what is looked at is what a reader sees (texts, states, colours
//! that can be told apart), so a browser of another version finds the same. The pictures it takes are left in
//! the target folder, for people.

mod browser;
mod checks;
mod colours;
mod picture;
mod program;

use std::path::PathBuf;
use std::time::Instant;

use crate::Fail;
use crate::programs::Program::Example;
use crate::programs::{self, Build};
use crate::repo::Metadata;
use crate::shell;
use crate::steps::{Outcome, in_words};
use browser::Browser;
use program::Program;

/// What the browser is called, in the order in which it is looked for.
const BROWSERS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// Runs the checks.
///
/// # Errors
/// The page does not show what it should, asks somebody else for something, or complains.
pub(crate) fn run() -> Result<Outcome, Fail> {
    let Some(chromium) = BROWSERS.iter().find_map(|name| shell::find(name)) else {
        return Ok(Outcome::Skipped(
            "chromium is not installed: apt-get install chromium".to_owned(),
        ));
    };
    let target = Metadata::ask()?.target;
    let [program] = programs::build(Build::Debugged, [Example("inspected")])?;
    let pictures = target.join("page");
    std::fs::create_dir_all(&pictures)?;
    let begun = Instant::now();
    let mut program = Program::start(&program)?;
    let folder = Profile::new()?;
    let mut browser = Browser::start(&chromium, &folder.0)?;
    checks::run(&mut browser, &mut program, &pictures)?;
    browser.close();
    eprintln!("the page: all is well, after {}", in_words(begun.elapsed()));
    eprintln!("its pictures are in {}", pictures.display());
    Ok(Outcome::Passed)
}

/// A folder of the browser's own, which goes with this.
struct Profile(PathBuf);

impl Profile {
    fn new() -> Result<Profile, Fail> {
        let folder = std::env::temp_dir().join(format!("corio-page-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        Ok(Profile(folder))
    }
}

impl Drop for Profile {
    fn drop(&mut self) {
        // The browser may be writing its last: what is left is the system's to clear.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
