//! What the command line says; parsed by `main` before anything else happens.

use std::path::PathBuf;
use std::time::Duration;

use lexopt::prelude::*;

/// What `--help` prints.
pub const HELP: &str = "\
usage: job_runner [--tries N] [--grace SECONDS] FILE

Runs every job of FILE at the same time, prints what they print, and starts those again that fail.
A job is a line of FILE:

  NAME LIMIT COMMAND...

LIMIT is how many seconds a run may take, or - for any time; COMMAND goes to sh. Empty lines and
those that begin with # are left out.

  --tries N         runs that may fail one after the other before the job is given up  (default 5)
  --grace SECONDS   how long a job may take to end when it is asked to (SIGTERM),
                    before it is killed                                                (default 5)

Ctrl-C, or SIGTERM, asks all jobs to end; Ctrl-C again kills those that are left. The status is 1 if
a job was given up.";

/// What was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    pub tries: u32,
    pub grace: Duration,
    pub file: PathBuf,
}

impl Options {
    /// The options, or `None` if help was asked for.
    ///
    /// # Errors
    /// Which argument is wrong, and how.
    pub fn parse(mut args: lexopt::Parser) -> Result<Option<Options>, lexopt::Error> {
        let (mut tries, mut grace, mut file) = (5, 5, None);
        while let Some(arg) = args.next()? {
            match arg {
                Long("tries") => tries = args.value()?.parse()?,
                Long("grace") => grace = args.value()?.parse()?,
                Long("help") | Short('h') => return Ok(None),
                Value(value) if file.is_none() => file = Some(PathBuf::from(value)),
                other => return Err(other.unexpected()),
            }
        }
        let file = file.ok_or("FILE is missing: which jobs shall run?")?;
        Ok(Some(Options { tries, grace: Duration::from_secs(grace), file }))
    }
}
