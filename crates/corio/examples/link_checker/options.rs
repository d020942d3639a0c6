//! What the command line says; parsed by `main` before anything else happens.

use std::time::Duration;

use lexopt::prelude::*;

use crate::url::Url;

/// What `--help` prints.
pub const HELP: &str = "\
usage: link_checker [--at-once N] [--time-max SECONDS] [--pages-max N] URL

Reads the page at URL, follows its links to pages of the same host, and theirs, and reports those
that are broken: http only. Links to other hosts are counted and left alone.

  --at-once N         requests at the same time                           (default 16)
  --time-max SECONDS  how long a page may take, all its redirects included (default 10)
  --pages-max N       pages that are looked at                            (default 10000)

Ctrl-C ends it, with a report of what was found by then. The status is 1 if a link is broken.";

/// What was asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    pub at_once: usize,
    pub time_max: Duration,
    pub pages_max: usize,
    pub start: Url,
}

impl Options {
    /// The options, or `None` if help was asked for.
    ///
    /// # Errors
    /// Which argument is wrong, and how.
    pub fn parse(mut args: lexopt::Parser) -> Result<Option<Options>, lexopt::Error> {
        let (mut at_once, mut time_max, mut pages_max, mut start) = (16, 10.0, 10_000, None);
        while let Some(arg) = args.next()? {
            match arg {
                Long("at-once") => at_once = args.value()?.parse()?,
                Long("time-max") => time_max = args.value()?.parse()?,
                Long("pages-max") => pages_max = args.value()?.parse()?,
                Long("help") | Short('h') => return Ok(None),
                Value(value) if start.is_none() => start = Some(value.parse_with(Url::parse)?),
                other => return Err(other.unexpected()),
            }
        }
        let start = start.ok_or("URL is missing: which site shall be checked?")?;
        if at_once == 0 {
            return Err("--at-once 0 would check nothing: 1 is the least".into());
        }
        let time_max = Duration::try_from_secs_f64(time_max)
            .map_err(|error| format!("--time-max {time_max}: {error}"))?;
        Ok(Some(Options { at_once, time_max, pages_max, start }))
    }
}
